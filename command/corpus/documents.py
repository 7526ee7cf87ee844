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
    """What the newest corpus holds: each document's id, passages, size, source, and since when."""
    if context.invoked_subcommand is not None:
        return
    from reread.artefacts.documents import documents_of
    from reread.artefacts.passages import newest_corpus, open_corpus

    place = home_of(settings_from(home=home))
    store = open_corpus(place)
    columns = ("id", "passages", "characters", "ingested", "source")
    table = Table(*columns, box=None, pad_edge=False)
    count = 0
    for entry in documents_of(store):
        count += 1
        if count <= limit:
            rows = [row for id in entry.passages if (row := store.row_of(id)) is not None]
            size = sum(len(store[row].text) for row in rows)
            when = moment(store.ingested_s(rows[0]) if rows else None)
            cells = (entry.id, f"{len(entry.passages):,}", f"{size:,}", when, entry.source)
            table.add_row(*map(escape, cells))
    console = make_console()
    console.print(table)
    number = newest_corpus(place)
    console.print(f"Corpus {number}: {count:,} documents, {len(store):,} passages.")
    if count > limit:
        console.print(f"The first {limit:,} are shown; --limit {count} shows all.")


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
    from reread.artefacts.documents import documents_of
    from reread.artefacts.passages import open_corpus

    store = open_corpus(home_of(settings_from(home=home)))
    entry = next((one for one in documents_of(store) if one.id == id), None)
    if entry is None:
        raise NotFound(f"No document has the id {id!r}: `reread documents` lists them")
    console = make_console()
    console.print(escape(f"{entry.title} ({entry.source})"), style="bold")
    for passage_id in entry.passages:
        row = store.row_of(passage_id)
        if row is not None:
            passage = store[row]
            console.print(f"\n{escape(passage.id)}: {escape(passage.title)}", style="dim")
            console.print(escape(passage.text))
