"""Everything a client can get wrong is a problem with a sentence, never a 5xx."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.fakes import Shelf
from tests.worlds.serving import ADMIN, Running, assert_problem, running

Q: dict[str, Any] = {"question": "wells"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "question is missing"),
        ({"question": None}, "question: Input should be a valid string"),
        ({"question": 5}, "question"),
        ({"question": ""}, "1 to 2000 characters after trimming, this one has 0"),
        ({"question": " \n\t "}, "this one has 0"),
        ({"question": "x" * 2001}, "this one has 2001"),
        ({**Q, "top_k": 0}, "top_k is 1 to 100, not 0"),
        ({**Q, "top_k": -3}, "top_k is 1 to 100, not -3"),
        ({**Q, "top_k": 101}, "top_k is 1 to 100, not 101"),
        ({**Q, "top_k": 10**40}, "top_k is 1 to 100"),
        ({**Q, "top_k": "5"}, "top_k"),
        ({**Q, "top_k": 2.5}, "top_k"),
        ({**Q, "top_k": True}, "top_k"),
        ({**Q, "topk": 5}, "'topk' is not a known name"),
        ({**Q, "stream": "yes"}, "stream"),
        ({**Q, "passages": []}, "give 1 to 100 passages, not 0"),
        ({**Q, "passages": [{"text": "a"}] * 101}, "not 101"),
        ({**Q, "passages": [{"title": "t"}]}, "passages.0.text is missing"),
        ({**Q, "passages": [{"text": "a"}, {"text": " "}]}, "passages.1.text: a passage needs"),
        ({**Q, "passages": [{"text": "a", "id": "x"}]}, "'passages.0.id' is not a known name"),
        ({**Q, "passages": ["a"]}, "passages.0"),
        ({**Q, "passages": "a"}, "passages"),
        ({**Q, "history": [{"question": "a", "answer": "b"}] * 11}, "at most 10 turns"),
        ({**Q, "history": [{"question": " ", "answer": "b"}]}, "history.0.question: a question"),
        ({**Q, "history": [{"question": "a"}]}, "history.0.answer is missing"),
        ({**Q, "history": [{"question": "a", "answer": "x" * 10_001}]}, "history.0.answer"),
        ({**Q, "history": None}, "history"),
        ([Q], "valid dictionary"),
        ("wells", "valid dictionary"),
        (None, "valid dictionary"),
    ],
)
def test_a_body_that_does_not_fit_is_a_422(service: Running, body: object, part: str) -> None:
    response = service.client.post("/answer", content=json.dumps(body), headers=JSON)
    assert_problem(response, 422, part)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "the body is missing"),
        (b"{", "the body is not JSON"),
        (b'{"question": "a"', "the body is not JSON"),
        (b'{"question": "\xff"}', "could not be read as JSON"),
        (b'{"question": "\\ud800"}', "half a character"),
        (b'{"question": "a", "top_k": NaN}', "top_k"),
        (b'{"question": "a", "top_k": 1e999}', "top_k"),
        (b'{"question": "a", "\\ud800": 1}', "valid string"),
        (b"[" * 200_000, "could not be read as JSON"),
    ],
)
def test_bytes_that_are_no_question(service: Running, content: bytes, part: str) -> None:
    response = service.client.post("/answer", content=content, headers=JSON)
    assert_problem(response, 422, part)


def test_odd_characters_are_fine(service: Running) -> None:
    for question in ("\x00", "\u202e\ufffd", "\U0001f600" * 2000, "'; DROP TABLE answers; --"):
        response = service.ask(question=question, top_k=1)
        assert response.status_code == 200, response.text
        kept = service.client.get(f"/relevance/{response.json()['id']}").json()
        assert kept["question"] == question


def test_a_body_that_is_not_called_json(service: Running) -> None:
    for headers in ({}, {"Content-Type": "text/plain"}):
        response = service.client.post("/answer", content=json.dumps(Q), headers=headers)
        assert_problem(response, 415, "Content-Type: application/json")


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("", "q is missing"),
        ("q=", "1 to 2000 characters"),
        ("q=a&top_k=0", "top_k is 1 to 100, not 0"),
        ("q=a&top_k=x", "top_k"),
        ("q=a&k=1", "'k' is not a known name"),
    ],
)
def test_a_search_that_does_not_fit(service: Running, query: str, part: str) -> None:
    assert_problem(service.client.get(f"/search?{query}"), 422, part)


@pytest.mark.parametrize(
    ("path", "body", "part"),
    [
        ("/answer/batch", {"questions": []}, "questions"),
        ("/answer/batch", {"questions": ["a"] * 101}, "questions"),
        ("/answer/batch", {"questions": "a"}, "questions"),
        ("/answer/batch", {"questions": ["a"], "n": 1}, "'n' is not a known name"),
        ("/relevance", {**Q, "aggregation": "median"}, "choose one of mean, max_tokens"),
        ("/relevance", {**Q, "aggregation": None}, "aggregation"),
        ("/relevance", {**Q, "tokens": 1}, "tokens"),
        ("/relevance", {**Q, "stream": True}, "'stream' is not a known name"),
        ("/feedback", {"answer_id": "x", "verdict": "right"}, "verdict"),
    ],
)
def test_other_bodies_that_do_not_fit(service: Running, path: str, body: Any, part: str) -> None:
    assert_problem(service.client.post(path, json=body), 422, part)


def test_unknown_paths_and_methods(service: Running) -> None:
    assert_problem(service.client.get("/nothing"), 404, "There is no /nothing")
    response = service.client.get("/answer")
    assert_problem(response, 405, "/answer does not take GET")
    assert response.headers["allow"] == "POST"
    for path, allowed in (("/documents", "GET, POST"), ("/documents/p3", "DELETE, GET, PUT")):
        response = service.client.patch(path)  # defect: the first route's method alone was named
        assert_problem(response, 405, "does not take PATCH")
        assert response.headers["allow"] == allowed
    assert_problem(service.client.delete("/healthz"), 405, "does not take DELETE")


def test_large_bodies_are_refused_with_and_without_a_length(tmp_path: Path) -> None:
    with running(tmp_path, Shelf(), max_body_bytes=2_000) as service:
        large = json.dumps({"question": "x" * 3_000}).encode()
        assert_problem(service.client.post("/answer", content=large, headers=JSON), 413, "larger")
        chunks = iter([large[:1500], large[1500:]])
        assert_problem(service.client.post("/answer", content=chunks, headers=JSON), 413, "larger")


def test_garbage_on_the_wire_is_a_400_and_the_service_goes_on(service: Running) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(b"HELLO?\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 400")
    assert service.ask().status_code == 200


def test_without_a_generation_the_sentence_says_what_to_run(tmp_path: Path) -> None:
    with running(tmp_path, Shelf()) as service:
        service.parts.pipeline.live.refresh()
        for response in (
            service.ask(),
            service.ask(stream=True),
            service.client.get("/search?q=a"),
            service.client.post("/relevance", json=Q),
            service.client.post("/answer/batch", json={"questions": ["a"]}),
        ):
            assert_problem(response, 503, "reread ingest PATH", "reread build")
            assert response.headers["retry-after"] == "2"
        ready = service.client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["ready"] is False and ready.json()["generation"] is None
        assert "reread build" in ready.json()["missing"][0]
        own = service.ask(passages=[{"text": "Rome has wells"}])
        assert own.status_code == 200 and own.json()["generation"] is None


def test_keys_are_asked_for_and_compared(tmp_path: Path) -> None:
    with running(tmp_path, Shelf(), query_keys=("alpha", "beta")) as service:
        own = {**Q, "passages": [{"text": "wells"}]}
        for headers in ({}, {"Authorization": "Bearer gamma"}, {"Authorization": "Basic alpha"}):
            response = service.client.post("/answer", json=own, headers=headers)
            assert_problem(response, 401, "REREAD_QUERY_KEYS")
            assert response.headers["www-authenticate"] == "Bearer"
        for key in ("alpha", "beta", "admin-secret"):
            headers = {"Authorization": f"Bearer {key}"}
            assert service.client.post("/answer", json=own, headers=headers).status_code == 200
        query_key = {"Authorization": "Bearer beta"}
        assert_problem(service.client.get("/admin/jobs", headers=query_key), 403, "admin key")
        assert_problem(service.client.get("/admin/jobs"), 401, "admin.key")
        assert_problem(service.client.get("/info"), 401, "needs a key")
        assert service.client.get("/admin/jobs", headers=ADMIN).status_code == 200
        assert service.client.get("/healthz").json() == {"status": "alive"}
        assert "alpha" not in repr(service.parts) and "admin-secret" not in repr(service.parts)


@pytest.mark.parametrize("kind", ["passages", "names"])
def test_a_body_of_very_many_things_is_refused_before_they_are_looked_at(
    service: Running, kind: str
) -> None:
    """Defect: two million integers as passages held the event loop, and /healthz, for a minute."""
    many = {"passages": list(range(400_000))} if kind == "passages" else {
        f"n{number}": 0 for number in range(200_000)
    }  # fmt: skip
    started_s = time.monotonic()
    response = service.client.post("/answer", json={"question": "wells of town 3", **many})
    assert time.monotonic() - started_s < 10
    said = "give 1 to 100 passages, not 400000" if kind == "passages" else "at most 64 names"
    assert_problem(response, 422, said)


def test_a_whole_number_may_be_written_with_a_point(service: Running) -> None:
    """As JSON's schemas say; schemathesis found it refused."""
    response = service.ask(top_k=3.0)
    assert response.status_code == 200 and len(response.json()["passages"]) == 3
