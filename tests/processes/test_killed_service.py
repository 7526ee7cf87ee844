"""The service and a second writer of its home killed again and again under load, while it swaps.

    python -m tests.processes.test_killed_service --rounds 100 --seed 0

Clients ask, generations 1 and 2 are published in turns, and another process takes and ends jobs and
reads the log as a trainer does; both are killed at a moment of their own, also in the middle of a
swap. What was acknowledged must be in the log once, and every answer of one generation alone.
"""

import argparse
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw
import httpx2
import pytest

from index_builder.build.generation import Plan, build_generation
from reread.artefacts.passages import PassageStore
from reread.artefacts.publication import activate
from reread.commit import committed_dir
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.log.jobs import JobBoard
from reread.records import Passage
from tests.worlds.redis_server import free_port

ROOT = Path(__file__).parents[2]
BACK_S = 240.0  # a start is imports; on a busy machine they take their time
CLIENTS, TOWNS = 3, 6
SERVICE = """
import sys
from pathlib import Path
from index_builder.ingest.documents import split_document
from index_builder.ingest.uploads import read_upload
from reread.home import Home
from service.answering.reading import Readers
from service.server import run
from service.settings import ServiceSettings
from tests.worlds.fakes import EchoReader

settings = ServiceSettings(port=int(sys.argv[2]), admin_key="killed-admin", poll_s=0.02)
sys.exit(run(settings, Home(Path(sys.argv[1])), lambda: Readers(EchoReader()),
             check_retrain=lambda params: None,
             split=split_document, read_file=read_upload))
"""
WRITER = """
import sys, time
from pathlib import Path
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.log.jobs import JobBoard

home, cursor = Home(Path(sys.argv[1])), 0
board, log = JobBoard(home.jobs_file), SqliteAttentionLog(home.log_file)
while True:
    board.request({}, time.time())
    claimed = board.claim("writer", time.time(), 0.2)
    for record in log.read_since(cursor, 100):
        cursor = record.sequence
    if claimed is None:
        continue
    job, fence = claimed
    board.update(job.id, fence, stage="training", progress=0.5, now=time.time())
    board.finish(job.id, fence, "rejected", error="only tested", now=time.time())
"""


@dataclass
class Outcome:
    rounds: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)  # id -> generation
    mixed: list[dict[str, Any]] = field(default_factory=list)  # answers of two generations
    lost: int = 0
    doubled: int = 0
    damaged: list[str] = field(default_factory=list)  # databases that fail their own check
    unfinished: int = 0  # jobs that nobody holds and nobody can take
    slowest_start_s: float = 0.0


def run(folder: Path, rounds: int, seed: int = 0) -> Outcome:
    home, outcome, chance = two_editions(folder), Outcome(), random.Random(seed)
    for _ in range(rounds):
        play(home, outcome, chance)
        outcome.rounds += 1
    judge(home, outcome)
    return outcome


def play(home: Home, outcome: Outcome, chance: random.Random) -> None:
    """Start both, ask and swap for a moment, and kill both."""
    port, stop = free_port(), threading.Event()
    began_s = time.monotonic()
    service, writer = start(SERVICE, home, port), start(WRITER, home, port)
    url = f"http://127.0.0.1:{port}"
    works: list[Callable[[], None]] = [lambda: ask(url, stop, outcome)] * CLIENTS
    threads = [threading.Thread(target=one) for one in (*works, lambda: swap(home, stop))]
    try:
        until(lambda: is_ready(url), service)
        outcome.slowest_start_s = max(outcome.slowest_start_s, time.monotonic() - began_s)
        for one in threads:
            one.start()
        time.sleep(chance.uniform(0.3, 1.5))
        for child in chance.sample([service, writer], 2):
            child.send_signal(signal.SIGKILL)
    finally:
        stop.set()
        for child in (service, writer):
            child.kill()
            child.wait()
        for one in threads:
            if one.ident is not None:
                one.join(60)


def start(program: str, home: Home, port: int) -> "subprocess.Popen[bytes]":
    with (home.root.parent / "output.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-c", program, str(home.root), str(port)],
            cwd=ROOT, stdout=output, stderr=output,
        )  # fmt: skip


def ask(url: str, stop: threading.Event, outcome: Outcome) -> None:
    with httpx2.Client(base_url=url, timeout=30) as client:
        while not stop.is_set():
            try:
                response = client.post("/answer", json={"question": "wells in town", "top_k": 3})
            except httpx2.HTTPError:
                continue
            if response.status_code == 200:
                body = response.json()
                outcome.acknowledged[body["id"]] = body["generation"]
                edition = f"Edition{body['generation']} "
                if not all(one["text"].startswith(edition) for one in body["passages"]):
                    outcome.mixed.append(body)


def swap(home: Home, stop: threading.Event) -> None:
    turn = 0
    while not stop.is_set():
        activate(home, 1 + turn % 2)
        turn += 1
        time.sleep(0.05)


def judge(home: Home, outcome: Outcome) -> None:
    for file in (home.log_file, home.jobs_file, home.changes_file):
        connection = apsw.Connection(str(file))
        if next(iter(connection.execute("PRAGMA integrity_check"))) != ("ok",):
            outcome.damaged.append(file.name)
        connection.close()
    log = SqliteAttentionLog(home.log_file)
    logged = log.read_since(0, 1_000_000)
    log.close()
    ids = Counter(one.id for one in logged)
    generations = {one.id: one.generation for one in logged}
    outcome.lost = sum(generations.get(id) != number for id, number in outcome.acknowledged.items())
    outcome.doubled = sum(count - 1 for count in ids.values())
    outcome.unfinished = leftovers(home)


def leftovers(home: Home) -> int:
    """Jobs at work that a new trainer cannot take up."""
    board = JobBoard(home.jobs_file)
    later = time.time() + 3600
    board.claim("the next trainer", later, 60.0)
    running = [one for one in board.list() if one.state == "running"]
    board.close()
    return max(0, len(running) - 1)  # the one that was just taken up


def two_editions(folder: Path) -> Home:
    home = Home(folder / "home").create()
    for edition in (1, 2):
        with committed_dir(home.passages_dir / str(edition)) as scratch:
            texts = [f"Edition{edition} counts {i} wells in town {i}." for i in range(TOWNS)]
            PassageStore.create(scratch, [Passage(f"t{i}", "", t) for i, t in enumerate(texts)])
        build_generation(home, Plan("bm25", verify=lambda *_: {}))
    return home


def is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=5).json()["ready"] is True
    except (httpx2.HTTPError, ValueError):
        return False


def until(condition: Callable[[], bool], child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + BACK_S
    while not condition():
        assert child.poll() is None, "the service ended by itself"
        assert time.monotonic() < deadline, "the service did not come back in time"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_was_acknowledged_survives_kills_under_load_and_swaps(tmp_path: Path) -> None:
    outcome = run(tmp_path, rounds=3)
    assert (outcome.lost, outcome.doubled, outcome.mixed) == (0, 0, []), outcome
    assert (outcome.damaged, outcome.unfinished) == ([], 0), outcome
    assert len(outcome.acknowledged) > 10
    assert set(outcome.acknowledged.values()) == {1, 2}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.processes.test_killed_service")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        outcome = run(Path(folder), given.rounds, given.seed)
    sys.stdout.write(
        f"{outcome.rounds} rounds, {len(outcome.acknowledged)} acknowledged, {outcome.lost} lost, "
        f"{outcome.doubled} doubled, {len(outcome.mixed)} mixed, damaged {outcome.damaged}, "
        f"{outcome.unfinished} jobs stuck, slowest start {outcome.slowest_start_s:.1f} s\n"
    )
    sound = not (outcome.lost or outcome.doubled or outcome.mixed or outcome.damaged)
    return 0 if sound and not outcome.unfinished else 1


if __name__ == "__main__":
    sys.exit(main())
