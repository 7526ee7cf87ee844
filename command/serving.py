"""`reread serve` and `reread trainer`: the two long-running processes and who watches whom."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from command.models import reader_loader, set_threads
from command.options import HomeOption, ReaderOption, home_of, settings_from
from command.settings import Settings
from command.terminal.console import make_console
from reread.home import Home
from reread.processes import watch_parent

logger = logging.getLogger(__name__)
RESTART_S = 2.0  # pause before a dead trainer is started again
TERMINATE_S = 10.0
TRAINER_NICENESS = 5  # answering comes first; 10 let a saturated service starve training
# glibc gives large blocks back to the system after each use; keeping them saves page faults
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "17179869184"}


def add_commands(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(trainer)


def serve(
    home: HomeOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 lets the system choose.")] = None,
    reader: ReaderOption = None,
    top_k: Annotated[int | None, typer.Option(help="Passages read per question.")] = None,
    allow_anonymous: Annotated[
        bool | None, typer.Option("--allow-anonymous", help="No query keys beyond this machine.")
    ] = None,
) -> int:
    """Answer questions over HTTP, with a trainer process beside it."""
    settings = settings_from(
        home=home, host=host, port=port, reader=reader, top_k=top_k, allow_anonymous=allow_anonymous
    )
    return run_service(settings)


def run_service(settings: Settings) -> int:
    """Serve until told to stop; the trainer lives and ends with the service."""
    from service.server import run
    from trainer.settings import TrainerSettings

    set_up_logging()
    set_threads(settings)
    place = home_of(settings)
    trainer_settings = trainer_settings_of(settings)
    watcher = TrainerWatch(trainer_command(settings), os.environ | KEEP_MEMORY)

    def check_retrain(values: Mapping[str, Any]) -> object:
        wanted = {k: v for k, v in values.items() if k != "force"}
        checked: TrainerSettings = trainer_settings.updated(wanted)
        return checked

    try:
        return run(
            service_settings_of(settings), place, reader_loader(settings),
            check_retrain=check_retrain, trainer_pid=lambda: watcher.pid,
            tell=make_console().print, on_ready=lambda url: watcher.start(),
        )  # fmt: skip
    finally:
        watcher.stop()


def trainer(
    home: HomeOption = None,
    parent_pid: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Work on retraining jobs until stopped (serve starts one by itself)."""
    if parent_pid is not None:
        watch_parent(parent_pid)  # first: what is loaded below can take longer than a parent lives
    settings = settings_from(home=home)
    set_up_logging()
    os.nice(TRAINER_NICENESS)
    set_threads(settings)
    run_trainer(settings, home_of(settings))


def run_trainer(settings: Settings, home: Home) -> None:
    """The trainer's composition root."""
    from reread.commit import crash_at
    from reread.log.attention_log import SqliteAttentionLog
    from trainer.loop.parts import RoundParts
    from trainer.loop.process import run

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pid_file = home.log_dir / "trainer.pid"
    pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    parts = RoundParts(
        home=home,
        settings=trainer_settings_of(settings),
        build_command=build_command(settings),
        open_log=lambda: SqliteAttentionLog(home.log_file, settings.log_sync),
        load_reader=reader_loader(settings),
        reach=crash_at(os.environ),
    )
    try:
        run(parts, stop=stop)
    finally:
        if pid_file.exists() and pid_file.read_text(encoding="ascii").strip() == str(os.getpid()):
            pid_file.unlink()


def build_command(settings: Settings) -> list[str]:
    """The index builder as the trainer starts it, up to the options a round adds."""
    command = [sys.executable, "-m", "index_builder", "build", "--home", str(settings.home)]
    return [*command, "--index", settings.index]


def trainer_command(settings: Settings) -> list[str]:
    """This program again, as the trainer, tied to this process."""
    return [
        sys.executable, "-m", "command", "trainer",
        "--home", str(settings.home), "--parent-pid", str(os.getpid()),
    ]  # fmt: skip


def service_settings_of(settings: Settings) -> Any:
    """The service's own settings, cut from the flat list."""
    from service.settings import ServiceSettings

    names = (
        "host", "port", "admin_key", "query_keys", "allow_anonymous", "top_k", "max_queue",
        "log_sync", "drain_s",
    )  # fmt: skip
    return ServiceSettings(**{name: getattr(settings, name) for name in names})


def trainer_settings_of(settings: Settings) -> Any:
    """The trainer's own settings, cut from the flat list; None leaves a default alone."""
    from trainer.settings import TrainerSettings

    names = (
        "objective", "aggregation", "epochs", "learning_rate", "min_questions", "auto_questions",
        "interaction", "reread_top_k", "labelled_questions", "seed", "device",
    )  # fmt: skip
    values = {name: getattr(settings, name) for name in names}
    return TrainerSettings.from_mapping(values | {"start_encoder": settings.retriever})


def set_up_logging() -> None:
    """Structured lines on standard error, one per event."""
    import structlog

    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "logger", "event"]
            ),
        ],
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso"),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("httpx", "httpx2", "urllib3", "bm25s"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class TrainerWatch:
    """Keeps one trainer process running beside the service."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = dict(environment)
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(
            target=self._keep_running, daemon=True, name="trainer-watch"
        )

    @property
    def pid(self) -> int | None:
        """The living trainer's process id."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

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
            try:
                self._child = subprocess.Popen(self._command, env=self._environment)
                code = self._child.wait()
                if not self._stop.is_set():
                    logger.warning("trainer ended with %d; starting it again", code)
            except Exception:
                logger.exception("the trainer could not be started; trying again")
            self._stop.wait(RESTART_S)
