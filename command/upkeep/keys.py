"""`reread keys`: named keys of a home, added and removed while its services run."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from command.options import HomeOption, home_of, settings_from
from command.terminal.console import make_console
from reread.audit import note
from service.http.key_file import KeyFile

NameArgument = Annotated[str, typer.Argument(help="Whose key it is; it stands in the audit log.")]

LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", help="May see documents with this access label; may be repeated."),
]


def add_commands(app: typer.Typer) -> None:
    keys = typer.Typer(
        help="Named keys of the service; a running one follows at once.", no_args_is_help=True
    )
    keys.command("list")(show)
    keys.command()(add)
    keys.command()(remove)
    keys.command()(relabel)
    app.add_typer(keys, name="keys")


def show(home: HomeOption = None) -> None:
    """The names, rights and ages of the keys; the keys themselves are kept nowhere."""
    console = make_console()
    file = KeyFile(home_of(settings_from(home=home)).keys_file)
    for one in file.present():
        made = time.strftime("%Y-%m-%d", time.gmtime(one.created_s))
        sees = f"  may see {', '.join(one.labels)}" if one.labels else ""
        console.print(f"{one.name:<32} {one.right:<6} since {made}{sees}")
    if file.trouble is not None:
        console.print(file.trouble)


def add(
    name: NameArgument,
    home: HomeOption = None,
    admin: Annotated[
        bool, typer.Option("--admin", help="May change things, too, and see every document.")
    ] = False,
    label: LabelOption = None,
) -> None:
    """Make a key and show it, this once."""
    place = home_of(settings_from(home=home))
    right = "admin" if admin else "query"
    key = KeyFile(place.keys_file).add(name, right, time.time(), label or ())
    note(place, "key added", key=name, right=right, labels=label or [])
    typer.echo(key)


def relabel(name: NameArgument, home: HomeOption = None, label: LabelOption = None) -> None:
    """Say anew which guarded documents a key may see; without --label: none."""
    place = home_of(settings_from(home=home))
    KeyFile(place.keys_file).relabel(name, label or ())
    note(place, "key relabelled", key=name, labels=label or [])
    make_console().print(f"The key {name} may see {', '.join(label or ()) or 'what is open'}.")


def remove(name: NameArgument, home: HomeOption = None) -> None:
    """Refuse a key from now on."""
    place = home_of(settings_from(home=home))
    KeyFile(place.keys_file).remove(name)
    note(place, "key removed", key=name)
    make_console().print(f"The key {name} is refused from now on.")
