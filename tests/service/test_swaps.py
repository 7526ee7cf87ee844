"""A service that swaps its generation again and again while questions come at their own pace.

    python -m tests.service.test_swaps [--swaps 50] [--blocks 5] [--pause 2] [--rate 0]

Questions arrive at random moments, whether the earlier ones are answered or not, and wait from the
moment they were due. Quiet spells and spells with swaps take turns, so that a busy machine spoils
both alike. Prints one JSON object: failures, p99 of both, and the service's resident memory; ends
with 1 where a request failed. The models are tiny and random, all else is real.
"""

import argparse
import json
import os
import random
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import numpy as np
import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir
from reread.home import Home
from reread.records import Passage
from tests.worlds.redis_server import free_port
from tests.worlds.replicas import ROOT, START_S, Process, until
from tests.worlds.tiny import make_encoder, make_reader

ADMIN = {"Authorization": "Bearer swaps-admin"}
PASSAGES = 4000
SENDERS = 64  # more than ever wait at once, so that nobody waits for a sender
SHARE = 0.3  # of what one client after the other gets: the rate of arrivals


@dataclass
class Outcome:
    swaps: int = 0
    asked: int = 0
    failed: int = 0
    first_failure: str | None = None
    rate: float = 0.0  # questions a second
    quiet_ms: list[float] = field(default_factory=list)  # median, p99
    swapping_ms: list[float] = field(default_factory=list)
    p99_ratio: float = 0.0
    swap_s: float = 0.0  # median
    memory_mb: list[float] = field(default_factory=list)  # resident, after each block


class Service:
    """One of ours over a home with two generations, in a process of its own."""

    def __init__(self, folder: Path, closing: ExitStack) -> None:
        encoder = make_encoder(folder / "encoder")
        home = two_generations(folder, encoder)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith("REREAD_")}
        environment = clean | {
            "HOME": str(folder), "PYTHONPATH": str(ROOT), "REREAD_HOME": str(home.root),
            "REREAD_READER": str(make_reader(folder / "reader")), "OMP_NUM_THREADS": "1",
            "REREAD_ADMIN_KEY": "swaps-admin", "REREAD_MAX_ANSWER_TOKENS": "4",
            "REREAD_THREADS": "1", "REREAD_MAX_QUEUE": "1000",
        }  # fmt: skip
        command = ["serve", "--no-trainer", "--port", str(port)]
        self._process = Process(command, environment, folder / "service.log")
        closing.callback(self._process.kill)
        self.client = closing.enter_context(
            httpx2.Client(base_url=self.url, timeout=60, limits=httpx2.Limits(max_connections=200))
        )
        until(self.is_ready, START_S)

    def is_ready(self) -> bool:
        try:
            return bool(self.client.get("/readyz").json()["ready"])
        except (httpx2.HTTPError, ValueError, KeyError):
            return False

    def ask(self, number: int) -> str | None:
        """Why it was not answered."""
        question = f"which town has {number % PASSAGES} wells"
        try:
            response = self.client.post("/answer", json={"question": question, "top_k": 5})
        except httpx2.HTTPError as error:
            return type(error).__name__
        return None if response.status_code == 200 else response.text[:200]

    def activate(self, number: int) -> float:
        """Seconds until the service answers from it."""
        began_s = time.monotonic()
        path = f"/admin/generations/{number}/activate"
        told = self.client.post(path, headers=ADMIN).raise_for_status().json()
        assert told["serving"] == number, told
        return time.monotonic() - began_s

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self._process.child.pid}/status").read_text()
        [line] = [one for one in status.splitlines() if one.startswith("VmRSS:")]
        return round(int(line.split()[1]) / 1024, 1)


def run(
    folder: Path, swaps: int, blocks: int, pause_s: float, rate: float = 0.0, seed: int = 0
) -> Outcome:
    """`rate` 0: SHARE of what the service answers one after the other."""
    outcome, chance = Outcome(), random.Random(seed)
    quiet: list[float] = []
    swapping: list[float] = []
    spent: list[float] = []
    with ExitStack() as closing:
        service = Service(folder, closing)
        outcome.rate = round(rate or SHARE * pace(service), 2)
        for number in (1, 2):  # both were open once: what comes now is what swaps leave
            service.activate(number)
        for _ in range(blocks):
            began_s, stop = time.monotonic(), threading.Event()
            with ThreadPoolExecutor(1) as beside:
                asked = beside.submit(arrive, service, outcome, chance, stop)
                for _ in range(swaps // blocks):
                    spent.append(service.activate(1 + outcome.swaps % 2))
                    outcome.swaps += 1
                    time.sleep(pause_s)
                stop.set()
                swapping += asked.result()
            took_s, stop = time.monotonic() - began_s, threading.Event()
            threading.Timer(took_s, stop.set).start()
            quiet += arrive(service, outcome, chance, stop)
            outcome.memory_mb.append(service.memory_mb())
    outcome.quiet_ms, outcome.swapping_ms = figures(quiet), figures(swapping)
    outcome.p99_ratio = round(outcome.swapping_ms[1] / outcome.quiet_ms[1], 2)
    outcome.swap_s = round(float(np.median(spent)), 2)
    return outcome


def pace(service: Service, count: int = 60) -> float:
    """Questions a second, one after the other."""
    for number in range(10):
        assert service.ask(number) is None
    began_s = time.monotonic()
    for number in range(count):
        assert service.ask(number) is None
    return count / (time.monotonic() - began_s)


def arrive(
    service: Service, outcome: Outcome, chance: random.Random, stop: threading.Event
) -> list[float]:
    """Questions at random moments until told to stop; seconds from when each was due."""
    seconds: list[float] = []

    def ask(number: int, due_s: float) -> None:
        failure = service.ask(number)
        seconds.append(time.monotonic() - due_s)
        if failure is not None:
            outcome.failed += 1
            outcome.first_failure = outcome.first_failure or failure

    due_s = time.monotonic()
    with ThreadPoolExecutor(SENDERS) as senders:
        while not stop.is_set():
            due_s += chance.expovariate(outcome.rate)
            if stop.wait(max(0.0, due_s - time.monotonic())):
                break
            outcome.asked += 1
            senders.submit(ask, outcome.asked, due_s)
    return seconds


def figures(seconds: Sequence[float]) -> list[float]:
    return [round(1000 * float(np.quantile(seconds, share)), 1) for share in (0.5, 0.99)]


def two_generations(folder: Path, encoder: Path) -> Home:
    """The same corpus twice, by vectors."""
    home = Home(folder / "home").create()
    with committed_dir(home.passages_dir / "1") as scratch:
        towns = [Passage(f"p{i}", f"Town {i}", f"Town {i} has {i} wells.") for i in range(PASSAGES)]
        PassageStore.create(scratch, towns)
    for _ in (1, 2):
        build_generation(home, Plan("dense", model=str(encoder), verify=lambda *_: {}))
    return home


@pytest.mark.slow
def test_no_question_fails_by_a_swap_and_memory_stays(tmp_path: Path) -> None:
    outcome = run(tmp_path, swaps=8, blocks=2, pause_s=0.2, rate=8.0)
    assert (outcome.swaps, outcome.failed) == (8, 0), outcome
    assert outcome.asked >= 8
    assert outcome.memory_mb[1] < outcome.memory_mb[0] * 1.05


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.service.test_swaps")
    parser.add_argument("--swaps", type=int, default=50)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two swaps")
    parser.add_argument("--rate", type=float, default=0.0, help="questions a second; 0: chosen")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        outcome = run(Path(folder), given.swaps, given.blocks, given.pause, given.rate, given.seed)
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
