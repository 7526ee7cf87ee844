"""`reread status` and `reread rollback`: what a home holds, and going back a generation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.markup import escape

from command.asking import ServiceSaid, call
from command.models import sight_of_settings
from command.options import HomeOption, JsonOption, home_of, settings_from, stores_of
from command.settings import Settings
from command.terminal.console import make_console
from reread.errors import NotFound, StorageFailed
from reread.home import numbers
from reread.log.stores import Stores


def add_commands(app: typer.Typer) -> None:
    app.command()(status)
    app.command()(rollback)


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """What this home holds and whether its service is ready."""
    settings = settings_from(home=home)
    found = survey(stores_of(settings))
    try:
        found["service"] = call(settings, None, "GET", "/info")
    except ServiceSaid as silence:
        found["service"] = None
        found["service_says"] = str(silence)
    found["unfit"] = unfit_of(settings, found["service"])
    if as_json:
        typer.echo(json.dumps(found, indent=1, default=str))
        return
    console = make_console()
    for name in ("home", "corpora", "generations", "current", "checkpoints", "answers", "job"):
        console.print(f"{name:<12} {found[name]}")
    if found["unfit"]:
        console.print(f"{'passages':<12} {escape(found['unfit'])}")
    if found["log_says"] is not None:
        console.print(f"{'log':<12} {escape(found['log_says'])}")
    running = found["service"]
    console.print(f"{'service':<12} {'answering' if running else found['service_says']}")


def unfit_of(settings: Settings, running: Mapping[str, Any] | None) -> str | None:
    """That passages are too long for the reader: as the service says, which has counted them."""
    from reread.live.fit import REMEDY, unfit_in

    if running is not None:
        return next((one for one in running.get("warnings", ()) if REMEDY in one), None)
    unfit = unfit_in(home_of(settings), sight_of_settings(settings))
    return None if unfit is None else unfit.sentence


def survey(stores: Stores) -> dict[str, Any]:
    """Numbers of everything in the home, without opening models."""
    from reread.artefacts.publication import current

    home = stores.home
    published = current(home)
    return {
        "home": str(home.root),
        "corpora": numbers(home.passages_dir),
        "generations": numbers(home.generations_dir),
        "current": published.number if published else None,
        "checkpoints": numbers(home.checkpoints_dir),
        **_logged(stores),
    }


def _logged(stores: Stores) -> dict[str, Any]:
    """What the log and the board say; of a full or read-only disk the rest is still told."""
    try:
        with closing(stores.open_board()) as board, closing(stores.open_log()) as log:
            newest = max(board.list(), key=lambda job: job.created_s, default=None)
            job = f"{newest.id} {newest.state}" if newest else None
            return {"answers": log.last_sequence(), "job": job, "log_says": None}
    except StorageFailed as error:
        return {"answers": None, "job": None, "log_says": str(error)}


def rollback(
    number: Annotated[
        int | None, typer.Argument(help="Generation; default the one before.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Make an older generation the published one; a running service swaps to it."""
    from reread.artefacts.publication import activate, current

    place = home_of(settings_from(home=home))
    published = current(place)
    known = numbers(place.generations_dir)
    if number is None:
        older = [n for n in known if published and n < published.number]
        if not older:
            raise NotFound(
                f"There is no generation before {published.number if published else 'the first'}; "
                f"this home has {known or 'none'}."
            )
        number = older[-1]
    elif number not in known:
        raise NotFound(f"There is no generation {number}; this home has {known or 'none'}.")
    activate(place, number)
    make_console().print(f"Generation {number} is published; a running service swaps to it.")
