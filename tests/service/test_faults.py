"""Load, swaps and failures: what one request suffers no other one does."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from reread.errors import CorruptArtefact, StorageFailed
from reread.reading import Reading, ReadRequest
from reread.records import AnswerRecord
from tests.worlds.fakes import EchoReader, Shelf, WordGeneration
from tests.worlds.serving import Running, assert_problem, running, until


def shelf_with(*numbers: int) -> Shelf:
    shelf = Shelf()
    for number in numbers:
        shelf.publish(number, WordGeneration(number))
    return shelf


def test_every_answer_is_of_one_generation_while_they_swap_under_load(tmp_path: Path) -> None:
    with running(tmp_path, shelf_with(1), EchoReader(delay_s=0.002)) as service:
        stop, seen = threading.Event(), set[int]()

        def ask() -> list[httpx2.Response]:
            kept = []
            with httpx2.Client(base_url=service.url, timeout=60) as client:
                while not stop.is_set():
                    kept.append(client.post("/answer", json={"question": "wells", "top_k": 3}))
                    seen.add(kept[-1].json().get("generation", 0))
            return kept

        with ThreadPoolExecutor(6) as pool:
            clients = [pool.submit(ask) for _ in range(6)]
            for number in range(2, 22):
                service.shelf.publish(number, WordGeneration(number))
                until(lambda n=number: n in seen or any(one.done() for one in clients))
            stop.set()
            responses = [response for client in clients for response in client.result()]
        assert {response.status_code for response in responses} == {200}
        for body in (response.json() for response in responses):
            edition = f" of edition {body['generation']} "
            assert all(edition in one["text"] for one in body["passages"])
            assert edition in body["answer"] + " "
        assert set(range(2, 22)) <= seen
        generations = service.shelf.generations
        until(lambda: all(generations[n].closed for n in range(1, 21)))  # type: ignore[union-attr]


def test_a_slow_request_finishes_on_its_generation_after_a_swap(tmp_path: Path) -> None:
    reader = EchoReader(gate=threading.Event())
    with running(tmp_path, shelf_with(1), reader) as service, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(service.ask)
        until(lambda: len(reader.batches) == 1)
        service.shelf.publish(2, WordGeneration(2))
        until(lambda: service.parts.pipeline.live.number == 2)
        reader.gate.set()  # type: ignore[union-attr]
        body = slow.result(10).json()
        assert body["generation"] == 1
        assert body["passages"][0]["text"] == "Town 3 of edition 1 has 3 wells."
        assert service.ask().json()["generation"] == 2


def test_a_damaged_generation_is_reported_while_the_old_one_serves(tmp_path: Path) -> None:
    with running(tmp_path, shelf_with(1)) as service:
        service.shelf.publish(2, CorruptArtefact("index.faiss has sha256 a where b was expected"))
        until(lambda: bool(service.parts.pipeline.live.warnings))
        ready = service.client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json() == {
            "ready": True,
            "generation": 1,
            "missing": [],
            "warnings": ["Generation 2 was refused: index.faiss has sha256 a where b was expected"],
        }
        assert service.ask().json()["generation"] == 1
        assert "reread_refused_generations_total 1.0" in service.client.get("/metrics").text
        service.shelf.publish(3, WordGeneration(3))
        until(lambda: service.client.get("/readyz").json()["generation"] == 3)
        assert service.client.get("/readyz").json()["warnings"] == []


def test_a_full_queue_is_a_429_at_once_and_the_rest_is_answered(tmp_path: Path) -> None:
    reader = EchoReader(gate=threading.Event())
    with running(tmp_path, shelf_with(1), reader, max_queue=2) as service:
        with ThreadPoolExecutor(8) as pool:
            first = pool.submit(service.ask)
            until(lambda: len(reader.batches) == 1)
            waiting = [pool.submit(service.ask) for _ in range(2)]
            until(lambda: service.parts.pipeline.readings.depth == 2)
            refused = service.ask(stream=True)  # at once: those before it wait for the gate
            assert_problem(refused, 429, "at most 2 may")
            assert int(refused.headers["retry-after"]) >= 1
            reader.gate.set()  # type: ignore[union-attr]
            assert [one.result(10).status_code for one in (first, *waiting)] == [200] * 3
        assert service.ask().status_code == 200
        assert "reread_overloads_total 1.0" in service.client.get("/metrics").text


def test_a_request_the_reader_chokes_on_fails_alone(tmp_path: Path) -> None:
    def fail(request: ReadRequest) -> None:
        if "poison" in request.question:
            raise RuntimeError("secret detail of the model")

    reader = EchoReader(gate=threading.Event(), fail=fail)
    with running(tmp_path, shelf_with(1), reader) as service, ThreadPoolExecutor(8) as pool:
        first = pool.submit(service.ask)
        until(lambda: len(reader.batches) == 1)
        asked = [
            pool.submit(service.ask, question=q) for q in ("town 5", "poison town 6", "town 7")
        ]
        until(lambda: service.parts.pipeline.readings.depth == 3)
        reader.gate.set()  # type: ignore[union-attr]
        good, bad, fine = (one.result(10) for one in asked)
        assert first.result(10).status_code == 200
        assert good.json()["answer"] == "Town 5 of edition 1"
        assert fine.json()["answer"] == "Town 7 of edition 1"
        body = assert_problem(bad, 500, "request id")
        assert "secret" not in json.dumps(body)
        assert {len(batch) for batch in reader.batches} == {1, 3}
        stream = service.ask(question="poison town 6", stream=True)
        assert stream.status_code == 200
        assert "event: error" in stream.text and "event: done" not in stream.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_reader_turns_readiness_red_and_nobody_hangs(tmp_path: Path) -> None:
    def die(request: ReadRequest) -> None:
        raise SystemExit("killed")

    with running(tmp_path, shelf_with(1), EchoReader(fail=die)) as service:
        with ThreadPoolExecutor(4) as pool:
            for response in pool.map(lambda _: service.ask(), range(4)):
                assert_problem(response, 503, "reader no longer works", "restart the service")
        ready = service.client.get("/readyz")
        assert ready.status_code == 503 and ready.json()["ready"] is False
        assert ready.json()["missing"] == ["The reader's thread has died; restart the service."]
        assert service.client.get("/healthz").status_code == 200
        assert service.client.get("/search?q=wells").status_code == 200


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_scores_that_are_no_numbers_never_reach_a_client(tmp_path: Path, bad: float | None) -> None:
    class Sick(EchoReader):
        def reading(self, request: ReadRequest, tokens: bool) -> Reading:
            scores = [1.0] * len(request.passages)
            return Reading("x", 0.5, tuple([bad, *scores[1:]] if bad is not None else scores[1:]))

    with running(tmp_path, shelf_with(1), Sick()) as service:
        assert_problem(service.ask(), 500, "another model")
        assert service.parts.history._log.last_sequence() == 0


class RefusingLog:
    """A log on a full disk."""

    alive = True

    def __init__(self, error: Exception) -> None:
        self.error = error

    def append(self, records: list[AnswerRecord]) -> None:
        raise self.error


@pytest.mark.parametrize("error", [StorageFailed("attention.db could not be written: disk full")])
def test_an_answer_that_cannot_be_logged_is_withheld(tmp_path: Path, error: Exception) -> None:
    with running(tmp_path, shelf_with(1)) as service:
        committer = service.parts.writer
        sound = committer._log  # type: ignore[attr-defined]
        committer._log = RefusingLog(error)  # type: ignore[attr-defined]
        body = assert_problem(service.ask(), 507, "disk full")
        assert "answer" not in body
        stream = service.ask(stream=True)
        assert "event: error" in stream.text and "event: done" not in stream.text
        assert service.client.get("/search?q=wells").status_code == 200
        committer._log = sound  # type: ignore[attr-defined]
        answered = service.ask().json()
        assert service.client.get(f"/relevance/{answered['id']}").status_code == 200
        assert sound.last_sequence() == 1
        assert "reread_log_failures_total 2.0" in service.client.get("/metrics").text


def test_an_acknowledged_answer_is_in_the_log(tmp_path: Path) -> None:
    with running(tmp_path, shelf_with(1)) as service:
        with ThreadPoolExecutor(8) as pool:
            ids = {one.json()["id"] for one in pool.map(lambda _: service.ask(), range(40))}
        logged = service.parts.history._log.read_since(0, 100)
        assert {one.id for one in logged} == ids and len(ids) == 40
        assert (logged[0].generation, logged[0].corpus, logged[0].reader) == (1, 1, "echo")
        assert [one.row for one in logged[0].passages][:3] == [3, 0, 1]
        assert logged[0].passages[0].text is None


def test_a_client_that_leaves_is_not_answered(tmp_path: Path) -> None:
    reader = EchoReader(gate=threading.Event())
    with running(tmp_path, shelf_with(1), reader) as service, ThreadPoolExecutor(2) as pool:
        first = pool.submit(service.ask)
        until(lambda: len(reader.batches) == 1)
        leave_after_sending(service, {"question": "gone town"})
        leave_after_sending(service, {"question": "gone town stream", "stream": True})
        until(lambda: service.parts.presence.in_flight == 1)
        reader.gate.set()  # type: ignore[union-attr]
        assert first.result(10).status_code == 200
        assert service.ask(question="town here").status_code == 200
        assert [q for batch in reader.batches for q in batch] == ["wells of town 3", "town here"]


def test_a_stream_left_in_the_middle_stops_the_reader(tmp_path: Path) -> None:
    class Slow(EchoReader):
        def reading(self, request: ReadRequest, tokens: bool) -> Reading:
            return Reading(" ".join(["word"] * 500), 0.5, (0.0,) * len(request.passages))

    reader = Slow(delay_s=0.01)
    with running(tmp_path, shelf_with(1), reader) as service:
        with service.client.stream(
            "POST", "/answer", json={"question": "wells", "stream": True}
        ) as response:
            lines = response.iter_lines()
            while "token" not in next(lines):
                pass
        until(lambda: service.parts.presence.in_flight == 0)
        sent = reader.pieces_sent
        time.sleep(0.1)
        assert reader.pieces_sent <= sent + 1 < 500
        assert service.parts.history._log.last_sequence() == 0


def leave_after_sending(service: Running, body: dict[str, object]) -> None:
    """Send a whole request, see it taken up, and close the connection without reading."""
    until(lambda: service.parts.presence.in_flight == 1)
    host, port = service.url.removeprefix("http://").split(":")
    content = json.dumps(body).encode()
    head = (
        "POST /answer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as line:
        line.sendall(head.encode() + content)
        until(lambda: service.parts.presence.in_flight == 2)
        until(lambda: service.parts.pipeline.readings.depth >= 1)
