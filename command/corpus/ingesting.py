"""`reread ingest` and `reread build`: documents to passages, passages to a generation."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer
from rich.markup import escape

from command.models import retriever_of, set_threads, sight_of_settings
from command.options import (
    HomeOption,
    RetrieverModelOption,
    home_of,
    settings_from,
    stores_of,
)
from command.terminal.console import make_console, progress_bar
from reread import audit
from reread.artefacts.publication import current
from reread.errors import BadRequest
from reread.home import Home
from reread.live.forgetting import forget_in
from reread.log.stores import Stores
from reread.rights import wanted_labels
from reread.service_address import running_service

if TYPE_CHECKING:
    from command.settings import Settings
    from index_builder.build.plan import Plan
    from index_builder.ingest.recognising import Recogniser
    from index_builder.ingest.run import IngestReport, Progress
    from reread.live.fit import Sees

SKIPPED_SHOWN = 20
WATCH_DEBOUNCE_MS = 500


def add_commands(app: typer.Typer) -> None:
    app.command()(ingest)
    app.command()(remove)
    app.command()(build)


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files, folders, JSONL or TSV.")
    ] = None,
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
    again: Annotated[
        bool,
        typer.Option("--refit", help="Instead of reading: cut again what the reader cannot see."),
    ] = False,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="Access label: only keys that hold it see these documents."),
    ] = None,
    no_label: Annotated[
        bool, typer.Option("--no-label", help="Take access labels off; else documents keep them.")
    ] = False,
) -> None:
    """Turn documents into passages; a running service of this home finds them at once."""
    from index_builder.ingest.recognising import recogniser_of

    labels = labels_from(label, no_label)
    given = check_paths(paths, again=again, others=sync or watch or labels is not None)
    settings = settings_from(home=home)
    place, sight = home_of(settings), sight_of_settings(settings)
    recogniser = recogniser_of(settings.machine.ocr)
    console = make_console()
    with progress_bar(console, "Reading documents") as report:
        outcome = take_in(
            place, given, sight, recogniser, report, sync=sync or watch, again=again, labels=labels
        )
    forget_in(stores_of(settings))
    if report_file is not None:
        write_report(report_file, outcome)
    show_report(outcome)
    console.print(next_step(outcome))
    if watch:
        console.print("Watching for changes; Ctrl-C ends it.")
        watch_paths(
            stores_of(settings), given, sight, recogniser,
            lambda done: console.print(one_line(done)), labels,
        )  # fmt: skip


def check_paths(paths: list[Path] | None, *, again: bool, others: bool) -> list[Path]:
    """What is to be read; nothing with --refit, which works on the corpus itself."""
    if again and (paths or others):
        raise BadRequest(
            "--refit cuts the corpus again; leave out paths, --sync, --watch and labels."
        )
    if not (paths or again):
        raise BadRequest("Name the files or folders to read: `reread ingest PATH`.")
    return paths or []


def take_in(
    home: Home,
    paths: list[Path],
    sight: Sees,
    recogniser: Recogniser | None,
    report: Progress,
    *,
    sync: bool,
    again: bool,
    labels: tuple[str, ...] | None,
) -> IngestReport:
    """One run of either kind."""
    from index_builder.ingest.run import ingest as run
    from index_builder.ingest.run import refit

    live = is_served(home)
    if again:
        return refit(home, sight, progress=report, live=live)
    return run(
        home, paths, progress=report, sync=sync, live=live, sight=sight, recogniser=recogniser,
        labels=labels,
    )  # fmt: skip


def labels_from(label: Sequence[str] | None, none: bool) -> tuple[str, ...] | None:
    """What an ingest says of labels; None: nothing."""
    if label and none:
        raise BadRequest("--label puts labels on and --no-label takes them off: give one of them.")
    return () if none else wanted_labels(label) if label else None


def remove(
    ids: Annotated[list[str], typer.Argument(help="Ids of documents.")],
    home: HomeOption = None,
) -> None:
    """Take documents out of the corpus, of every answer from now on, and of the log."""
    from index_builder.ingest.run import remove_documents

    settings = settings_from(home=home)
    place = home_of(settings)
    outcome = remove_documents(place, ids, live=is_served(place))
    audit.note(place, "documents removed", ids=ids)
    forget_in(stores_of(settings))
    console = make_console()
    console.print(one_line(outcome))
    console.print(next_step(outcome))


def is_served(home: Home) -> bool:
    """Whether a running service reads this home's change list."""
    return running_service(home) is not None and current(home) is not None


def watch_paths(
    stores: Stores,
    paths: Sequence[Path],
    sight: Sees,
    recogniser: Recogniser | None,
    tell: Callable[[IngestReport], None],
    labels: tuple[str, ...] | None = None,
) -> None:
    """Take in what changes under these paths until interrupted; only what changed is read."""
    import watchfiles

    from index_builder.ingest.folders import Watched
    from index_builder.ingest.run import ingest as run

    home = stores.home
    given = tuple(Path(os.path.realpath(one)) for one in paths)  # now: they may become links
    for changes in watchfiles.watch(*paths, debounce=WATCH_DEBOUNCE_MS):
        touched = [
            one for one in sorted({Path(path) for _, path in changes}) if is_shown(one, paths)
        ]
        new = {Path(path) for change, path in changes if change == watchfiles.Change.added}
        there = [file for one in touched for file in files_of(one, one in new, paths)]
        gone = tuple(one for one in touched if not one.exists())
        with suppress(BadRequest):  # nothing in it can be read: an editor's scratch file, say
            done = run(
                home, there, watched=Watched(gone, given), live=current(home) is not None,
                sight=sight, recogniser=recogniser, labels=labels,
            )  # fmt: skip
            forget_in(stores)
            tell(done)


def files_of(path: Path, new: bool, given: Sequence[Path]) -> list[Path]:
    """A file that changed, or every file of a folder that came whole: of those no word is said."""
    if path.is_dir() and new:
        return sorted(one for one in path.rglob("*") if one.is_file() and is_shown(one, given))
    return [path] if path.is_file() else []


def is_shown(path: Path, given: Sequence[Path]) -> bool:
    """Whether a look through the folders given would take it: nothing in them begins with a dot."""
    for folder in map(Path, map(os.path.abspath, given)):
        if path.is_relative_to(folder):
            return not any(part.startswith(".") for part in path.relative_to(folder).parts)
    return True


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
    retriever: Annotated[
        str | None,
        typer.Option(help="bm25 (no model), dense or late; as what serves, at first bm25."),
    ] = None,
    index: Annotated[str | None, typer.Option(help="auto, Flat or any FAISS factory.")] = None,
    model: RetrieverModelOption = None,
    if_changed: Annotated[
        bool, typer.Option("--if-changed", help="Only if what serves lacks something of it.")
    ] = False,
) -> None:
    """Build, verify and publish a generation over the newest passages."""
    from index_builder.build.again import is_complete
    from index_builder.build.generation import build_generation

    settings = settings_from(home=home, index=index, retriever=model)
    plan = plan_of(settings, retriever)
    place, console = home_of(settings), make_console()
    if if_changed and is_complete(place):
        console.print("What is published holds all documents; nothing was built.")
        return
    if plan.retriever != "bm25":  # words need no torch
        set_threads(settings)
    with progress_bar(console, "Building") as report:
        number = build_generation(place, plan, progress=report, stores=stores_of(settings))
    console.print(f"Generation {number} is published.")


def plan_of(settings: Settings, retriever: str | None) -> Plan:
    """A build's plan: the search that was asked for, or again what serves."""
    from index_builder.build.again import plan_again
    from index_builder.build.plan import Plan, RetrieverKind

    index, device = settings.machine.index, settings.device
    if retriever is None:
        return plan_again(home_of(settings), index=index, device=device)
    known = get_args(RetrieverKind)
    if retriever not in known:
        raise BadRequest(f"Retriever {retriever!r} is not known; choose {', '.join(known)}.")
    model = None if retriever == "bm25" else retriever_of(settings)
    return Plan(cast(RetrieverKind, retriever), model=model, index=index, device=device)


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
