"""Homes to train in, and trainers to run: in a thread, or as a process that can be killed.

`python -m tests.worlds.training HOME ENCODER BUILDER_OPTIONS...` is that process.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir, crash_at
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.log.jobs import JobBoard
from reread.records import Job
from tests.worlds.tiny import make_passages, make_records
from trainer.loop.parts import RoundParts
from trainer.loop.process import Timing, run
from trainer.settings import TrainerSettings

ROOT = Path(__file__).parents[2]
TIMING = Timing(lease_s=2.0, look_s=0.05)
ENDED = ("done", "rejected", "failed", "cancelled")
FAST: dict[str, Any] = {
    "epochs": 4,
    "learning_rate": 3e-3,
    "batch_questions": 16,
    "passages_per_question": 0,
    "freeze_word_embeddings": False,
    "min_questions": 20,
    "device": "cpu",
}


def make_home(folder: Path, *, records: int) -> Home:
    home = Home(folder).create()
    with committed_dir(home.passages_dir / "1") as scratch:
        PassageStore.create(scratch, make_passages())
    log = SqliteAttentionLog(home.log_file)
    log.append(make_records(records))
    log.close()
    JobBoard(home.jobs_file).close()
    return home


def make_parts(
    home: Home, encoder: Path, builder: Sequence[str] = (), **settings: Any
) -> RoundParts:
    command = [sys.executable, "-m", "tests.worlds.small_builder", "--home", str(home.root)]
    return RoundParts(
        home=home,
        settings=TrainerSettings.from_mapping({**FAST, "start_encoder": str(encoder), **settings}),
        build_command=[*command, *builder],
        open_log=lambda: SqliteAttentionLog(home.log_file),
        open_board=lambda: JobBoard(home.jobs_file),
        reach=crash_at(os.environ),
    )


def request(home: Home, **params: Any) -> str:
    board = JobBoard(home.jobs_file)
    job = board.request(params, time.time())
    board.close()
    return job.id


def job_of(home: Home, job_id: str) -> Job:
    board = JobBoard(home.jobs_file)
    job = board.get(job_id)
    board.close()
    return job


@contextmanager
def trainer_thread(parts: RoundParts) -> Iterator[threading.Thread]:
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(parts,), kwargs={"stop": stop, "timing": TIMING})
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive(), "the trainer did not stop"


@contextmanager
def trainer_process(
    home: Home, encoder: Path, builder: Sequence[str] = (), **environment: str
) -> Iterator["subprocess.Popen[bytes]"]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.worlds.training", str(home.root), str(encoder), *builder],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def wait_for(condition: Callable[[], object], *, timeout_s: float = 240.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def wait_for_end(home: Home, job_id: str, *, timeout_s: float = 240.0) -> Job:
    wait_for(lambda: job_of(home, job_id).state in ENDED, timeout_s=timeout_s)
    return job_of(home, job_id)


if __name__ == "__main__":
    home_folder, encoder_folder, *builder_options = sys.argv[1:]
    run(
        make_parts(Home(Path(home_folder)), Path(encoder_folder), builder_options),
        timing=TIMING,
    )
