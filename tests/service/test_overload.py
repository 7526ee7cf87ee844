"""Ten times more questions than can be answered: as many are answered as ever, others told at once.

The reader sleeps, so that what is measured is the queue and not the machine; calm and overloaded
spells take turns.
"""

import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import httpx2
import numpy as np
import pytest

from tests.worlds.fakes import EchoReader, Shelf, WordGeneration
from tests.worlds.serving import running

READ_S, TOGETHER = 0.2, 2  # a batch takes so long, and holds so many questions: ten a second
SPELL_S = 3.0
CALM, MANY = 4, 40  # clients; those refused come again after PAUSE_S
PAUSE_S = 0.5  # enough to let go of the processor, which clients and service share here


def spell(url: str, clients: int) -> tuple[Counter[int], list[float], set[str]]:
    """Responses by status, seconds until a refusal, and what refusals say of coming again."""
    statuses, waits, told = Counter[int](), list[float](), set[str]()

    def ask(client: httpx2.Client, end_s: float) -> None:
        while (sent_s := time.monotonic()) < end_s:
            response = client.post("/answer", json={"question": "wells of town 3", "top_k": 5})
            statuses[response.status_code] += 1
            if response.status_code != 200:
                waits.append(time.monotonic() - sent_s)
                told.add(response.headers["retry-after"])
                time.sleep(PAUSE_S)

    # One client with a connection for each: to make forty takes a slow machine most of the spell.
    limits = httpx2.Limits(max_connections=clients)
    with (
        httpx2.Client(base_url=url, timeout=30, limits=limits) as client,
        ThreadPoolExecutor(clients) as pool,
    ):
        end_s = time.monotonic() + SPELL_S
        for one in [pool.submit(ask, client, end_s) for _ in range(clients)]:
            one.result()
    return statuses, waits, told


def resident_mb() -> float:
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in one]
    return int(line.split()[1]) / 1024


@pytest.mark.slow
def test_under_ten_times_the_load_as_much_is_answered_and_memory_stays(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    reader = EchoReader(delay_s=READ_S)
    options = {"max_queue": CALM, "batch_passages": 5 * TOGETHER}
    # Clients of a process of their own, which gives way: a slow machine's forty took the processor
    # and the interpreter from the service that they measure.
    crowd_of = ProcessPoolExecutor(1, get_context("spawn"), os.nice, (3,))
    with crowd_of, running(tmp_path, shelf, reader, **options) as service:

        def ask(clients: int) -> tuple[Counter[int], list[float], set[str]]:
            return crowd_of.submit(spell, service.url, clients).result()

        ask(MANY)  # whatever is made once
        peak = over = 0
        statuses, waits, told = Counter[int](), list[float](), set[str]()
        before_mb = resident_mb()
        for _ in range(2):
            peak += ask(CALM)[0][200]
            crowd = ask(MANY)
            over += crowd[0][200]
            statuses, waits, told = statuses + crowd[0], waits + crowd[1], told | crowd[2]
        assert set(statuses) == {200, 429} and statuses.total() > 5 * peak
        assert over >= 0.8 * peak
        assert float(np.median(waits)) < READ_S * CALM and all(int(one) >= 1 for one in told)
        assert resident_mb() < before_mb + 20
