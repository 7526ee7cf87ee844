"""`reread build`: passages to a generation that is verified and published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from command.models import retriever_of, set_threads
from command.options import HomeOption, RetrieverModelOption, home_of, settings_from, stores_of
from command.terminal.console import make_console, progress_bar
from reread.errors import BadRequest

if TYPE_CHECKING:
    from command.settings import Settings
    from index_builder.build.plan import Plan


def add_commands(app: typer.Typer) -> None:
    app.command()(build)


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
