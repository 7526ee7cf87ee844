"""`reread ingest` and `reread build`: documents to passages, passages to a generation."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer
from rich.markup import escape

from command.models import retriever_of, set_threads
from command.options import HomeOption, RetrieverModelOption, home_of, settings_from
from command.terminal.console import make_console, progress_bar
from reread.errors import BadRequest

if TYPE_CHECKING:
    from index_builder.ingest.run import IngestReport

SKIPPED_SHOWN = 20


def add_commands(app: typer.Typer) -> None:
    app.command()(ingest)
    app.command()(build)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, JSONL or TSV.")],
    home: HomeOption = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write what became of every file, as JSON.")
    ] = None,
) -> None:
    """Turn documents into passages."""
    from index_builder.ingest.run import ingest as run

    place = home_of(settings_from(home=home))
    console = make_console()
    with progress_bar(console, "Reading documents") as report:
        outcome = run(place, paths, progress=report)
    if report_file is not None:
        write_report(report_file, outcome)
    show_report(outcome)
    if outcome.changed:
        console.print("Next: `reread build`, then `reread serve`.")
    else:
        console.print("Nothing has changed since the last ingest.")


def build(
    home: HomeOption = None,
    retriever: Annotated[str, typer.Option(help="bm25 (no model), dense or late.")] = "bm25",
    index: Annotated[str | None, typer.Option(help="auto, Flat or any FAISS factory.")] = None,
    model: RetrieverModelOption = None,
) -> None:
    """Build, verify and publish a generation over the newest passages."""
    from index_builder.build.generation import Plan, RetrieverKind, build_generation

    known = get_args(RetrieverKind)
    if retriever not in known:
        raise BadRequest(f"Retriever {retriever!r} is not known; choose {', '.join(known)}.")
    settings = settings_from(home=home, index=index, retriever=model)
    set_threads(settings)
    console = make_console()
    with progress_bar(console, "Building") as report:
        plan = Plan(
            retriever=cast(RetrieverKind, retriever),
            model=None if retriever == "bm25" else retriever_of(settings),
            index=settings.machine.index,
            device=settings.device,
        )
        number = build_generation(home_of(settings), plan, progress=report)
    console.print(f"Generation {number} is published.")


def show_report(report: IngestReport) -> None:
    """What came in, and every kind of thing that did not, with its reason."""
    console = make_console()
    console.print(
        f"Corpus {report.corpus} holds {report.corpus_passages:,} passages. This run: "
        f"{report.passages:,} passages of {report.documents:,} documents, {report.added:,} added, "
        f"{report.replaced:,} replaced, {report.kept:,} unchanged, {report.removed:,} removed "
        f"({report.seconds:.1f} s)"
    )
    reasons = Counter(reason for _, reason in report.skipped)
    for path, reason in report.skipped[:SKIPPED_SHOWN]:
        console.print(f"  skipped {escape(str(path))}: {escape(reason)}", style="yellow")
    for path, note in report.notes[:SKIPPED_SHOWN]:
        console.print(f"  read in part {escape(path)}: {escape(note)}", style="yellow")
    if len(report.notes) > SKIPPED_SHOWN:
        console.print(
            f"  and {len(report.notes) - SKIPPED_SHOWN} more read in part", style="yellow"
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
