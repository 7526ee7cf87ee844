"""`reread ingest` and `reread build`: documents to passages, passages to a generation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer
from rich.markup import escape

from command.models import fits_of, retriever_of, set_threads
from command.options import HomeOption, RetrieverModelOption, home_of, settings_from
from command.terminal.console import make_console, progress_bar
from reread import audit
from reread.artefacts.publication import current
from reread.errors import BadRequest
from reread.home import Home
from reread.live.forgetting import forget_in
from reread.service_address import running_service

if TYPE_CHECKING:
    from index_builder.ingest.run import IngestReport

SKIPPED_SHOWN = 20
WATCH_DEBOUNCE_MS = 500


def add_commands(app: typer.Typer) -> None:
    app.command()(ingest)
    app.command()(remove)
    app.command()(build)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, JSONL or TSV.")],
    home: HomeOption = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write what became of every file, as JSON.")
    ] = None,
    sync: Annotated[
        bool, typer.Option("--sync", help="What is gone from the folders leaves the corpus.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and take in what changes (implies --sync).")
    ] = False,
) -> None:
    """Turn documents into passages; a running service of this home finds them at once."""
    from index_builder.ingest.run import ingest as run

    settings = settings_from(home=home)
    place, fits = home_of(settings), fits_of(settings)
    console = make_console()
    with progress_bar(console, "Reading documents") as report:
        outcome = run(
            place, paths, progress=report, sync=sync or watch, live=is_served(place), fits=fits
        )
    forget_in(place)
    if report_file is not None:
        write_report(report_file, outcome)
    show_report(outcome)
    console.print(next_step(outcome))
    if watch:
        console.print("Watching for changes; Ctrl-C ends it.")
        watch_paths(place, paths, fits, lambda done: console.print(one_line(done)))


def remove(
    ids: Annotated[list[str], typer.Argument(help="Ids of documents.")],
    home: HomeOption = None,
) -> None:
    """Take documents out of the corpus, of every answer from now on, and of the log."""
    from index_builder.ingest.run import remove_documents

    place = home_of(settings_from(home=home))
    outcome = remove_documents(place, ids, live=is_served(place))
    audit.note(place, "documents removed", ids=ids)
    forget_in(place)
    console = make_console()
    console.print(one_line(outcome))
    console.print(next_step(outcome))


def is_served(home: Home) -> bool:
    """Whether a running service reads this home's change list."""
    return running_service(home) is not None and current(home) is not None


def watch_paths(
    home: Home,
    paths: Sequence[Path],
    fits: Callable[[str, str], bool],
    tell: Callable[[IngestReport], None],
) -> None:
    """Take in what changes under these paths until interrupted; only what changed is read."""
    import watchfiles

    from index_builder.ingest.run import ingest as run

    for changes in watchfiles.watch(*paths, debounce=WATCH_DEBOUNCE_MS):
        touched = sorted({Path(path) for _, path in changes})
        there = [one for one in touched if one.is_file()]
        gone = [one for one in touched if not one.exists()]
        with suppress(BadRequest):  # nothing in it can be read: an editor's scratch file, say
            done = run(home, there, gone=gone, live=current(home) is not None, fits=fits)
            forget_in(home)
            tell(done)


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
