"""`reread check`: everything that is wrong with the settings, before anything is started.

`reread serve` stops at the first mistake; this goes on. Loads no model.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import typer

from command.options import HomeOption
from command.settings import PREFIX, Settings, load_settings
from command.terminal.console import make_console
from reread.errors import RereadError
from reread.home import Home
from reread.log.stores import Stores
from reread.service_address import running_service
from service.http.key_file import KeyFile
from service.listening import listen


def add_commands(app: typer.Typer) -> None:
    app.command()(check)


def check(home: HomeOption = None) -> None:
    """Check settings, keys, address, home and Redis; prints every problem, exit code 1 if any."""
    problems = list(problems_of(home, os.environ))
    console = make_console()
    for one in problems:
        console.print(one, markup=False)
    if problems:
        raise typer.Exit(1)
    console.print("The settings are sound.")


def problems_of(home: Path | None, environment: Mapping[str, str]) -> Iterator[str]:
    """One sentence each: first of single settings, then of all together, then of the machine."""
    seen: set[str] = set()
    for sentence in (*_of_variables(environment), *_of_file(home, environment)):
        seen.add(sentence)
        yield sentence
    try:
        settings = load_settings({"home": home}, environment)
    except RereadError as error:
        if str(error) not in seen:
            yield str(error)
        return
    yield from _of_machine(settings)


def _of_variables(environment: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(one for one in environment if one.startswith(PREFIX)):
        yield from _sentence({"home": "/nonexistent"}, {name: environment[name]})


def _of_file(home: Path | None, environment: Mapping[str, str]) -> Iterator[str]:
    root = home or Path(environment.get(f"{PREFIX}HOME") or "~/.reread")
    path = Home(root.expanduser().absolute()).settings_file
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        yield f"{path} cannot be read as TOML ({error}); correct or remove it."
        return
    for name, value in values.items():
        for sentence in _sentence({"home": "/nonexistent"}, {}, {name: value}):
            yield f"{path}: {sentence}"


def _sentence(
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    file: Mapping[str, object] | None = None,
) -> Iterator[str]:
    """What is wrong with one setting alone, everything else as it is by default."""
    try:
        load_settings(flags, environment, file)
    except RereadError as error:
        yield str(error)


def _of_machine(settings: Settings) -> Iterator[str]:
    from service.http.security import Keys

    home, service = Home(settings.home), settings.service
    keys = Keys(None, service.query_keys, KeyFile(home.keys_file))
    try:
        service.require_keys_beyond_loopback(keys_stored=keys.has_stored("query"))
    except RereadError as error:
        yield str(error)
    if keys.trouble is not None:
        yield keys.trouble
    nearest = next(one for one in (home.root, *home.root.parents) if one.exists())
    if not os.access(nearest, os.W_OK):
        yield f"{home.root} cannot be written by this user; name another home with --home."
    if running_service(home) is None:
        yield from _of_address(settings)
    if settings.machine.redis_url is not None:
        yield from _of_redis(settings)


def _of_address(settings: Settings) -> Iterator[str]:
    try:
        listen(settings.service.host, settings.service.port).close()
    except RereadError as error:
        yield str(error)


def _of_redis(settings: Settings) -> Iterator[str]:
    machine = settings.machine
    stores = Stores(
        Home(settings.home), settings.service.log_sync, machine.redis_url, machine.redis_namespace
    )
    try:
        stores.open_board().close()
        log = stores.open_log()
        try:
            log.last_sequence()
        finally:
            log.close()
    except RereadError as error:
        yield f"Redis: {error}"
