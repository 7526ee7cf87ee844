"""The flags that several subcommands share, and the step from flags to settings and a home."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from command.settings import MachineSettings, Settings, load_settings
from command.terminal.flags import Flags
from reread.home import Home
from reread.log.stores import Stores

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="State directory; REREAD_HOME, else ~/.reread.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
ReaderOption = Annotated[
    str | None, typer.Option("--reader", help="Name or folder of a T5 or BART reader.")
]
RetrieverModelOption = Annotated[
    str | None, typer.Option("--model", help="Name or folder of the encoder to start from.")
]
UrlOption = Annotated[
    str | None, typer.Option("--url", help="The service; default is this home's address.")
]


def machine_flags(*names: str) -> Flags[MachineSettings]:
    """Flags of what the environment or a home's file may have decided already."""
    return Flags(MachineSettings, only=names, optional=True)


def settings_from(**flags: object) -> Settings:
    """Flags over the environment over `reread.toml` over the defaults."""
    return load_settings(flags, os.environ)


def stores_of(settings: Settings) -> Stores:
    """Where the log and the jobs of this home are kept."""
    machine = settings.machine
    sync = settings.service.log_sync
    return Stores(home_of(settings), sync, machine.redis_url, machine.redis_namespace)


def home_of(settings: Settings) -> Home:
    """The home, its folders made."""
    home = Home(settings.home)
    home.create()
    return home
