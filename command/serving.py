"""`reread serve` and `reread trainer`: the two long-running processes and who watches whom."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from command.models import (
    reader_loader,
    readers_of,
    set_threads,
    sight_of_settings,
    tuned_loader,
)
from command.options import HomeOption, home_of, machine_flags, settings_from, stores_of
from command.settings import MachineSettings, Settings, environment_of
from command.terminal.console import make_console
from command.terminal.flags import Flags, Given, add_command
from command.terminal.logs import set_up_logging
from reread.artefacts.publication import current
from reread.home import Home
from reread.processes import watch_parent
from service.settings import ServiceSettings

if TYPE_CHECKING:
    from trainer.loop.parts import RoundParts

logger = logging.getLogger(__name__)
RESTART_S = 2.0  # pause before a dead trainer is started again
LONGEST_RESTART_S = 60.0  # where it dies again and again
QUICK_RESTARTS = 3  # a trainer may be killed; only then it is taken for one that always dies
LIVED_S = 120.0  # a trainer that lived so long is no such one
TERMINATE_S = 10.0
TRAINER_NICENESS = 5  # answering comes first; 10 let a saturated service starve training
# glibc gives large blocks back to the system after each use; keeping them saves page faults
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "17179869184"}


MACHINE = machine_flags("home", "reader", "device", "reader_dtype", "threads")
SERVICE = Flags(  # keys are not flags: every process of a machine sees them
    ServiceSettings, without=("admin_key", "query_keys", "device"), optional=True
)


def add_commands(app: typer.Typer) -> None:
    add_command(app, "serve", serve, (MACHINE, SERVICE))
    app.command()(trainer)


def serve(given: Given) -> int:
    """Answer questions over HTTP, with a trainer process beside it."""
    return run_service(settings_from(**given.named(MACHINE), **given.named(SERVICE)))


def run_service(settings: Settings) -> int:
    """Serve until told to stop; the trainer lives and ends with the service."""
    from index_builder.ingest.documents import split_document
    from index_builder.ingest.recognising import recogniser_of
    from index_builder.ingest.uploads import read_upload
    from service.server import run

    place, sight = home_of(settings), sight_of_settings(settings)
    recogniser = recogniser_of(settings.machine.ocr)
    set_up_logging(place.log_dir / "service.log")
    set_threads(settings)
    watcher = TrainerWatch(trainer_command(settings), trainer_environment(settings, os.environ))

    alone, tell = settings.service.no_trainer, make_console().print
    is_watched = sys.stderr.isatty() and sys.stdout.isatty()
    if is_watched:
        tell(f"Reread {place.root}: loading the reader …")

    def check_retrain(values: Mapping[str, Any]) -> object:
        wanted = {k: v for k, v in values.items() if k != "force"}
        return settings.trainer.updated(wanted)

    def ready(url: str) -> None:
        for line in guidance(place, alone=alone) if is_watched else ():
            tell(line)
        if not alone:
            watcher.start()

    try:
        return run(
            settings.service, place, partial(readers_of, settings), stores=stores_of(settings),
            check_retrain=check_retrain, split=partial(split_document, fits=sight.fits),
            read_file=partial(read_upload, fits=sight.fits, recogniser=recogniser),
            sight=sight, tell=tell,
            trainer_pid=None if alone else lambda: watcher.pid,
            trainer_trouble=lambda: watcher.trouble,
            on_ready=ready,
        )  # fmt: skip
    finally:
        watcher.stop()


def guidance(home: Home, *, alone: bool = False) -> list[str]:
    """What a person in front of a terminal does next."""
    serving = current(home)
    # a trainer makes the first generation of documents that came over the page
    drop = "" if alone else "drop documents on the page, or "
    state = f"Nothing is published yet: {drop}`reread ingest PATH` and `reread build`, "
    state += "in another terminal."
    if serving is not None:
        state = f"Generation {serving.number} serves. The page asks, improves and takes documents; "
        state += "`reread ask` asks from another terminal."
    return [
        state,
        f"Improve and Documents want the admin key: REREAD_ADMIN_KEY, or {home.admin_key_file}.",
        f"What happens is written to {home.log_dir / 'service.log'}. Ctrl-C ends it.",
    ]


def trainer(
    home: HomeOption = None,
    parent_pid: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Work on retraining jobs until stopped (serve starts one by itself)."""
    if parent_pid is not None:
        watch_parent(parent_pid)  # first: what is loaded below can take longer than a parent lives
    settings = settings_from(home=home)
    set_up_logging(home_of(settings).log_dir / "trainer.log")
    tell_builder(settings.machine)
    os.nice(TRAINER_NICENESS)
    run_trainer(settings, home_of(settings))


def tell_builder(machine: MachineSettings) -> None:
    """Where the log is, for the index builder that goes through it; an argument is no secret."""
    if machine.redis_url is not None:
        os.environ["REREAD_REDIS_URL"] = machine.redis_url
        os.environ["REREAD_REDIS_NAMESPACE"] = machine.redis_namespace


def run_trainer(settings: Settings, home: Home) -> None:
    """The trainer's composition root."""
    from trainer.loop.process import run

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pid_file = home.trainer_pid_file
    pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    try:
        run(round_parts(settings, home), stop=stop)
    finally:
        if pid_file.exists() and pid_file.read_text(encoding="ascii").strip() == str(os.getpid()):
            pid_file.unlink()


def round_parts(settings: Settings, home: Home) -> RoundParts:
    """What the trainer's rounds work with; nothing of it is loaded yet."""
    from reread.commit import crash_at
    from trainer.loop.parts import RoundParts

    stores = stores_of(settings)
    return RoundParts(
        home=home,
        settings=settings.trainer,
        build_command=build_command(settings),
        open_log=stores.open_log,
        open_board=stores.open_board,
        load_reader=reader_loader(settings),
        load_tuned=tuned_loader(settings),
        index=settings.machine.index,
        reach=crash_at(os.environ),
        prepare=partial(set_threads, settings),
    )


def build_command(settings: Settings) -> list[str]:
    """The index builder as the trainer starts it, up to the options a round adds."""
    command = [sys.executable, "-m", "index_builder", "build", "--home", str(settings.home)]
    return [*command, "--index", settings.machine.index, "--device", settings.device]


def trainer_command(settings: Settings) -> list[str]:
    """This program again, as the trainer, tied to this process."""
    return [
        sys.executable, "-m", "command", "trainer",
        "--home", str(settings.home), "--parent-pid", str(os.getpid()),
    ]  # fmt: skip


def trainer_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """What the trainer is started with; it sees no flag of `serve`, so all settings go this way."""
    return {**environment, **KEEP_MEMORY, **environment_of(settings)}


class TrainerWatch:
    """Keeps one trainer process running beside the service."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = dict(environment)
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._deaths, self._last_code = 0, 0
        self._thread = threading.Thread(
            target=self._keep_running, daemon=True, name="trainer-watch"
        )

    @property
    def pid(self) -> int | None:
        """The living trainer's process id."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    @property
    def trouble(self) -> str | None:
        """What readiness says of a trainer that does not stay alive."""
        if self._deaths < QUICK_RESTARTS:
            return None
        return (
            f"The trainer ended {self._deaths} times in a row, last with status "
            f"{self._last_code}; its log says why. Answers go on, retraining does not."
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the trainer: politely first; its job is taken up by the next one."""
        self._stop.set()
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(TERMINATE_S)
        except subprocess.TimeoutExpired:
            child.kill()

    def _keep_running(self) -> None:
        while not self._stop.is_set():
            started_s = time.monotonic()
            try:
                self._child = subprocess.Popen(self._command, env=self._environment)
                self._last_code = self._child.wait()
                if not self._stop.is_set():
                    logger.warning("trainer ended with %d; starting it again", self._last_code)
            except Exception:
                logger.exception("the trainer could not be started; trying again")
            lived = time.monotonic() - started_s >= LIVED_S
            self._deaths = 1 if lived else self._deaths + 1
            self._stop.wait(restart_pause_s(self._deaths))


def restart_pause_s(deaths: int) -> float:
    """Quick at first, for a kill; then longer each time.

    >>> [restart_pause_s(deaths) for deaths in (1, 3, 4, 5, 20)]
    [2.0, 2.0, 4.0, 8.0, 60.0]
    """
    return min(RESTART_S * 2.0 ** max(0, deaths - QUICK_RESTARTS), LONGEST_RESTART_S)
