"""`reread ingest` and `reread remove`: documents to passages, and out of the corpus again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from command.corpus.ingest_report import next_step, one_line, show_report, write_report
from command.corpus.watching import watch_paths
from command.models import sight_of_settings
from command.options import (
    HomeOption,
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
from reread.rights import wanted_labels
from reread.service_address import running_service

if TYPE_CHECKING:
    from index_builder.ingest.recognising import Recogniser
    from index_builder.ingest.run import IngestReport, Progress
    from reread.live.fit import Sees


def add_commands(app: typer.Typer) -> None:
    app.command()(ingest)
    app.command()(remove)


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
