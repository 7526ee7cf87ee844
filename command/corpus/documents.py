"""`reread documents`: what the corpus holds, and one document's passages as search sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from command.options import HomeOption, home_of, settings_from
from command.terminal.console import make_console
from reread.errors import NotFound

SHOWN = 100  # documents listed unless more are asked for


def add_commands(app: typer.Typer) -> None:
    documents = typer.Typer(no_args_is_help=False, add_completion=False)
    documents.callback(invoke_without_command=True)(list_documents)
    documents.command("show")(show_document)
    app.add_typer(documents, name="documents")


def list_documents(
    context: typer.Context,
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, help="The first documents shown.")] = SHOWN,
) -> None:
    """What the corpus holds now: each document's id, passages, size, source, and since when."""
    if context.invoked_subcommand is not None:
        return
    from reread.artefacts.documents import entry_of, grouped
    from reread.artefacts.passages import newest_corpus
    from reread.artefacts.sources import known_roots, shown_source
    from reread.live.held import held_in

    place = home_of(settings_from(home=home))
    now, roots = held_in(place), known_roots(place)
    columns = ("id", "passages", "characters", "ingested", "source")
    table = Table(*columns, box=None, pad_edge=False)
    documents = passages = 0
    for held in grouped(now.passages()):
        documents, passages = documents + 1, passages + len(held)
        if documents <= limit:
            entry, size = entry_of(held), sum(len(one.text) for one in held)
            when = moment(now.ingested_s(entry.id))
            source = shown_source(entry.source, roots)
            cells = (entry.id, f"{len(held):,}", f"{size:,}", when, source)
            table.add_row(*map(escape, cells))
    console = make_console()
    console.print(table)
    number = newest_corpus(place)
    console.print(f"Corpus {number}: {documents:,} documents, {passages:,} passages.")
    if now.changes:
        console.print(f"Changes that the next build takes in: {len(now.changes):,}.")
    if documents > limit:
        console.print(f"The first {limit:,} are shown; --limit {documents} shows all.")


def moment(seconds: float | None) -> str:
    """In this machine's time, to the minute."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def show_document(
    id: Annotated[str, typer.Argument(help="A document's id, as `reread documents` lists it.")],
    home: HomeOption = None,
) -> None:
    """The passages of one document, with their titles, as search and reader see them."""
    from reread.artefacts.documents import entry_of, grouped
    from reread.artefacts.sources import known_roots, shown_source
    from reread.live.held import held_in

    place = home_of(settings_from(home=home))
    now = held_in(place)
    held = next((one for one in grouped(now.passages()) if one[0].id == id), None)
    if held is None:
        raise NotFound(f"No document has the id {id!r}: `reread documents` lists them")
    entry, console = entry_of(held), make_console()
    source = shown_source(entry.source, known_roots(place))
    console.print(escape(f"{entry.title} ({source})"), style="bold")
    for passage in held:
        console.print(f"\n{escape(passage.id)}: {escape(passage.title)}", style="dim")
        console.print(escape(passage.text))
