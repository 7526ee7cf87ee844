"""What an ingest did, on a terminal and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from command.terminal.console import make_console
from reread.errors import BadRequest

if TYPE_CHECKING:
    from index_builder.ingest.run import IngestReport

SKIPPED_SHOWN = 20


def next_step(report: IngestReport) -> str:
    """What to do now."""
    if not report.changed:
        return "Nothing has changed since the last ingest."
    if report.live:
        return "The running service answers from it within seconds; the next build takes it in."
    return "Next: `reread build`, then `reread serve`."


def one_line(report: IngestReport) -> str:
    """What one small run did."""
    counts = {
        "added": report.added, "replaced": report.replaced, "removed": report.removed,
        "skipped": len(report.skipped),
    }  # fmt: skip
    return ", ".join(f"{number} {what}" for what, number in counts.items() if number) or "no change"


def show_report(report: IngestReport) -> None:
    """What came in, and every kind of thing that did not, with its reason."""
    console = make_console()
    console.print(
        f"Corpus {report.corpus} holds {report.corpus_passages:,} passages. This run: "
        f"{report.passages:,} passages of {report.documents:,} documents, {report.added:,} added, "
        f"{report.replaced:,} replaced, {report.kept:,} unchanged, {report.removed:,} removed "
        f"({report.seconds:.1f} s)"
    )
    if report.unfit is not None:
        console.print(f"  {escape(report.unfit.sentence)}", style="yellow")
    reasons = Counter(reason for _, reason in report.skipped)
    for path, reason in report.skipped[:SKIPPED_SHOWN]:
        console.print(f"  skipped {escape(str(path))}: {escape(reason)}", style="yellow")
    for path, note in report.notes[:SKIPPED_SHOWN]:
        console.print(f"  read in part {escape(path)}: {escape(note)}", style="yellow")
    if len(report.notes) > SKIPPED_SHOWN:
        console.print(
            f"  and {len(report.notes) - SKIPPED_SHOWN} more read in part", style="yellow"
        )
    for source in report.missing[:SKIPPED_SHOWN]:
        console.print(
            f"  gone from its folder, still in the corpus: {escape(source)} (--sync takes it out)",
            style="yellow",
        )
    if len(report.missing) > SKIPPED_SHOWN:
        console.print(
            f"  and {len(report.missing) - SKIPPED_SHOWN} more that are gone", style="yellow"
        )
    if len(report.skipped) > SKIPPED_SHOWN:
        rest = len(report.skipped) - SKIPPED_SHOWN
        console.print(f"  and {rest} more; {len(reasons)} different reasons", style="yellow")


def write_report(path: Path, report: IngestReport) -> None:
    """Every file the run met, with its outcome, what was wrong and what to do about it."""
    body = asdict(report)
    body["skipped"], body["notes"] = len(report.skipped), len(report.notes)
    try:
        path.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadRequest(
            f"The report cannot be written to {path} ({error.strerror}): name a file that can be; "
            f"the documents are in corpus {report.corpus}"
        ) from error
