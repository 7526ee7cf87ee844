"""Defect: with a hung reader 65 requests waited for 75 s and longer, and readiness stayed green."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.worlds.fakes import EchoReader, Shelf, WordGeneration
from tests.worlds.serving import Running, assert_problem, running, until


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[Running]:
    """Its reader stays inside its first batch until its gate is opened."""
    reader = EchoReader(gate=threading.Event())
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf, reader, wait_s=0.5) as service:
        yield service
        reader.gate.set()  # type: ignore[union-attr]


def gate_of(service: Running) -> threading.Event:
    return service.parts.pipeline.readings.reader.gate  # type: ignore[attr-defined,no-any-return]


def test_whoever_waits_for_a_hung_reader_is_told_and_readiness_is_red(hung: Running) -> None:
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(hung.ask)
        until(lambda: hung.parts.pipeline.readings.busy_s > 0)
        started_s = time.monotonic()
        waiting = [pool.submit(hung.ask) for _ in range(5)]
        for one in (first, *waiting):
            problem = assert_problem(one.result(10), 503, "0.5 s allowed for the reader", "/readyz")
            assert problem["type"] == "urn:reread:problem:waited-too-long"
            assert int(one.result().headers["retry-after"]) >= 1
        assert time.monotonic() - started_s < 5
    until(lambda: hung.client.get("/readyz").status_code == 503)
    assert "The reader has been at one batch for" in hung.client.get("/readyz").json()["missing"][0]
    assert hung.client.get("/healthz").status_code == 200
    gate_of(hung).set()
    until(lambda: hung.client.get("/readyz").status_code == 200)
    assert hung.ask().status_code == 200
    reader = hung.parts.pipeline.readings.reader
    assert len(reader.batches) == 2  # type: ignore[attr-defined] # the given up were not read


def test_a_stream_from_a_hung_reader_ends_with_a_problem(hung: Running) -> None:
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(hung.ask)
        until(lambda: hung.parts.pipeline.readings.busy_s > 0)
        stream = hung.ask(stream=True)
        assert stream.status_code == 200
        assert "event: error" in stream.text and "waited-too-long" in stream.text
        assert "event: done" not in stream.text
        assert first.result(10).status_code == 503


def test_work_that_takes_its_time_is_waited_for(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf, EchoReader(delay_s=0.7), wait_s=0.5) as service:
        assert service.ask().status_code == 200


def test_a_test_that_fails_ends_its_service(tmp_path: Path) -> None:
    """Defect: its thread went on, and the process of the failed test never ended."""
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), running(tmp_path, Shelf()) as service:
        own = set(threading.enumerate()) - before
        1 / 0  # noqa: B018
    assert own
    until(lambda: not any(one.is_alive() for one in own))
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"{service.url}/healthz")
