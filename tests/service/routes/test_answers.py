"""POST /answer, /answer/batch, GET /search, feedback, /relevance: what a good question gets."""

import json
import math
import re

import pytest

from reread.reading import AGGREGATIONS
from tests.worlds.serving import ADMIN, Running, assert_problem

OWN = [{"title": "Rome", "text": "Rome has seven hills."}, {"text": "Oslo has a fjord and wells."}]


def softmax(scores: list[float]) -> list[float]:
    powers = [math.exp(score) for score in scores]
    return [power / sum(powers) for power in powers]


def test_an_answer_has_every_field_in_retrieval_order(service: Running) -> None:
    body = service.ask(top_k=3).json()
    assert sorted(body) == [
        "answer", "confidence", "found", "generation", "id", "passages", "question", "reader",
        "reader_generation", "spans", "timings_ms", "warnings",
    ]  # fmt: skip
    assert (body["found"], body["warnings"]) == (True, [])
    assert body["spans"] == [{"passage": "p3", "start": 0, "end": 19}]
    assert body["question"] == "wells of town 3"
    assert body["answer"] == "Town 3 of edition 1"
    assert body["confidence"] == 0.25
    assert (body["generation"], body["reader"]) == (1, "echo")
    assert [one["id"] for one in body["passages"]] == ["p3", "p0", "p1"]
    assert body["passages"][0] == {
        "id": "p3",
        "title": "Town 3",
        "text": "Town 3 of edition 1 has 3 wells.",
        "source": "atlas",
        "retrieval_score": 4.0,
        "copies": 0,
        "attention": 4.0,
        "relevance": pytest.approx(softmax([4.0, 3.0, 3.0])[0]),
    }
    assert list(body["timings_ms"]) == ["embed", "search", "read", "total"]
    parts = sum(body["timings_ms"][stage] for stage in ("embed", "search", "read"))
    assert 0 < parts <= body["timings_ms"]["total"] + 0.01


def test_the_question_is_trimmed_and_top_k_is_the_setting_where_none_is_given(
    service: Running,
) -> None:
    body = service.ask(question="  wells \n", top_k=None).json()
    assert body["question"] == "wells"
    assert len(body["passages"]) == service.parts.settings.top_k
    assert len(service.ask(question="x" * 2000).json()["passages"]) == 10


def test_top_k_above_the_corpus_gives_what_there_is(service: Running) -> None:
    assert len(service.ask(top_k=100).json()["passages"]) == 12


def test_own_passages_are_read_as_they_come(service: Running) -> None:
    body = service.ask(question="wells in Oslo", passages=OWN).json()
    assert [one["id"] for one in body["passages"]] == ["own.0", "own.1"]
    assert [one["title"] for one in body["passages"]] == ["Rome", ""]
    assert [one["retrieval_score"] for one in body["passages"]] == [None, None]
    assert [one["attention"] for one in body["passages"]] == [0.0, 2.0]
    assert body["answer"] == "Oslo has a fjord and"
    assert body["timings_ms"]["search"] == 0
    again = service.client.get(f"/relevance/{body['id']}").json()
    assert [one["text"] for one in again["passages"]] == [one["text"] for one in OWN]


def test_nothing_found_is_said_and_not_answered(service: Running) -> None:
    body = service.ask(question="nothing stands here", passages=OWN).json()
    assert (body["found"], body["answer"], body["spans"]) == (False, "", [])
    assert body["warnings"] == ["Nothing fits the question."]
    assert body["confidence"] == 0.01
    kept = service.client.get(f"/relevance/{body['id']}").json()
    assert (kept["found"], kept["answer"]) == (False, "")


def test_what_shares_nothing_with_any_passage_is_refused_without_reading(
    service: Running,
) -> None:
    read = len(service.parts.pipeline.readings.reader.batches)  # type: ignore[attr-defined]
    body = service.ask(question="nothing stands here", top_k=2).json()
    assert (body["found"], body["answer"], body["confidence"]) == (False, "", 0.0)
    assert body["warnings"] == ["No passage shares anything with the question, so none was read."]
    assert len(body["passages"]) == 2  # the nearest ones, for whoever wants to look
    assert [one["relevance"] for one in body["passages"]] == [0.0, 0.0]
    kept = service.client.get(f"/relevance/{body['id']}").json()
    assert (kept["found"], [one["relevance"] for one in kept["passages"]]) == (False, [0.0, 0.0])
    stream = service.ask(question="nothing stands here", stream=True).text
    assert "event: done" in stream and '"found": false' in stream
    weighed = service.client.post("/relevance", json={"question": "nothing stands here"}).json()
    assert weighed["found"] is False
    assert len(service.parts.pipeline.readings.reader.batches) == read  # type: ignore[attr-defined]


def test_earlier_turns_reach_the_reader(service: Running) -> None:
    """The echo reader counts the words of earlier questions too."""
    own = [{"text": "Rome has hills."}, {"text": "Oslo has wells."}]
    history = [{"question": "Oslo", "answer": "a town"}]
    alone = service.ask(question="hills or wells", passages=own).json()
    assert [one["attention"] for one in alone["passages"]] == [1.0, 1.0]
    with_history = service.ask(question="hills or wells", passages=own, history=history).json()
    assert [one["attention"] for one in with_history["passages"]] == [1.0, 2.0]


def test_streaming_sends_passages_then_tokens_then_the_whole(service: Running) -> None:
    with service.client.stream(
        "POST", "/answer", json={"question": "wells of town 3", "top_k": 2, "stream": True}
    ) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        events = parse_events("".join(response.iter_text()))
    names = [name for name, _ in events]
    assert names == ["passages", *["token"] * 5, "done"]
    done = events[-1][1]
    assert "".join(data["text"] for name, data in events if name == "token") == done["answer"]
    assert [one["id"] for one in events[0][1]["passages"]] == ["p3", "p0"]
    assert events[0][1]["generation"] == 1 and events[0][1]["reader"] == "echo"
    plain = service.ask(top_k=2).json()
    assert done["passages"] == plain["passages"] and sorted(done) == sorted(plain)
    assert service.client.get(f"/relevance/{done['id']}").json()["answer"] == done["answer"]


def test_a_stream_that_cannot_begin_is_a_problem(service: Running) -> None:
    assert_problem(service.ask(stream=True, passages=[]), 422, "1 to 100 passages")


def test_a_batch_answers_in_order_with_problems_in_their_places(service: Running) -> None:
    questions = [
        "wells of town 5",
        "  ",
        {"question": "town 7", "top_k": 1},
        5,
        {"question": "x", "k": 1},
        {"question": "Oslo fjord", "passages": OWN},
    ]
    response = service.client.post("/answer/batch", json={"questions": questions, "top_k": 2})
    assert response.status_code == 200
    answers = response.json()["answers"]
    assert [one.get("status", 200) for one in answers] == [200, 422, 200, 422, 422, 200]
    assert [one["id"] for one in answers[0]["passages"]] == ["p5", "p0"]
    assert "1 to 2000 characters" in answers[1]["detail"]
    assert [one["id"] for one in answers[2]["passages"]] == ["p7"]
    assert "'k' is not a known name" in answers[4]["detail"]
    assert answers[5]["answer"] == "Oslo has a fjord and"


def test_a_long_batch_of_one_client_is_answered_whole(service: Running) -> None:
    questions = [f"wells of town {i % 10 + 2}" for i in range(100)]
    answers = service.client.post("/answer/batch", json={"questions": questions}).json()["answers"]
    assert [one["answer"] for one in answers] == [
        f"Town {i % 10 + 2} of edition 1" for i in range(100)
    ]


def test_search_gives_passages_without_reading(service: Running) -> None:
    body = service.client.get("/search", params={"q": " town 7 ", "top_k": 2}).json()
    assert (body["question"], body["generation"]) == ("town 7", 1)
    assert [one["id"] for one in body["passages"]] == ["p7", "p0"]
    assert sorted(body["passages"][0]) == [
        "copies", "id", "retrieval_score", "source", "text", "title",
    ]  # fmt: skip
    assert [one["retrieval_score"] for one in body["passages"]] == [2.0, 1.0]


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_relevance_takes_every_aggregation(service: Running, aggregation: str) -> None:
    asked = {"question": "wells in Oslo", "passages": OWN, "aggregation": aggregation}
    body = service.client.post("/relevance", json=asked).json()
    assert body["aggregation"] == aggregation
    assert [one["attention"] for one in body["passages"]] == [0.0, 2.0]
    assert [one["relevance"] for one in body["passages"]] == pytest.approx(softmax([0.0, 2.0]))
    assert sum(one["relevance"] for one in body["passages"]) == pytest.approx(1.0)
    assert "tokens" not in body["passages"][0]


def test_relevance_of_retrieved_passages_with_tokens(service: Running) -> None:
    asked = {"question": "wells of town 3", "top_k": 1, "tokens": True}
    body = service.client.post("/relevance", json=asked).json()
    assert sorted(body) == [
        "aggregation", "answer", "found", "generation", "passages", "question", "reader",
        "reader_generation", "spans", "warnings",
    ]  # fmt: skip
    assert (body["found"], body["spans"][0]["passage"]) == (True, "p3")
    assert body["passages"][0]["tokens"][:3] == [["Town", 1.0], ["3", 1.0], ["of", 1.0]]


def test_an_earlier_answer_keeps_its_scores(service: Running) -> None:
    answered = service.ask(top_k=3).json()
    kept = service.client.get(f"/relevance/{answered['id']}").json()
    for name in ("id", "question", "answer", "confidence", "generation", "reader"):
        assert kept[name] == answered[name]
    for name in ("id", "retrieval_score", "attention", "relevance"):
        assert [p[name] for p in kept["passages"]] == [p[name] for p in answered["passages"]]


def test_an_unknown_answer_is_a_404(service: Running) -> None:
    assert_problem(service.client.get("/relevance/nope"), 404, "no answer 'nope'")


def test_feedback_is_kept(service: Running) -> None:
    answered = service.ask(top_k=2).json()
    said = {
        "answer_id": answered["id"],
        "verdict": "wrong",
        "answer": "Four",
        "passage_ids": ["p3"],
    }
    assert service.client.post("/feedback", json=said).json() == said
    [kept] = service.parts.history._log.feedback(answered["id"])
    assert (kept.verdict, kept.answer, kept.passage_ids) == ("wrong", "Four", ("p3",))
    for change, part in (
        ({"answer_id": "nope"}, "no answer 'nope'"),
        ({"verdict": "meh"}, "verdict"),
        ({"passage_ids": ["p9"]}, "'p9', which the answer did not read"),
    ):
        response = service.client.post("/feedback", json={**said, **change})
        assert_problem(response, 422 if "verdict" in change else 404, part)


def test_a_request_id_is_echoed_or_made(service: Running) -> None:
    def sent(value: bytes) -> str:
        headers = [(b"X-Request-ID", value)]
        return service.client.get("/healthz", headers=headers).headers["x-request-id"]

    assert sent(b"abc 123!") == "abc 123!"
    for bad in (b"x" * 129, b"tab\there", b"\xe9t\xe9", b""):
        made = sent(bad)
        assert made != bad.decode("latin-1") and len(made) == 32
    assert service.ask().headers["x-request-id"] != service.ask().headers["x-request-id"]


def test_the_page_needs_nothing_from_elsewhere(service: Running) -> None:
    page = service.client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    parts = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert {"page/page.css", "page/page.js"} <= set(parts)
    for part in parts:
        found = service.client.get(f"/{part}")
        assert found.status_code == 200 and "http" not in found.text.replace(
            "http://www.w3.org", ""
        )
        assert found.headers["content-security-policy"] == policy
    assert_problem(service.client.get("/page/index.html"), 404, "no part 'index.html'")
    assert_problem(service.client.get("/page/..%2Fapp.py"), 404)


def test_metrics_count_requests_by_route(service: Running) -> None:
    service.ask()
    text = service.client.get("/metrics").text
    assert 'reread_requests_total{method="POST",route="/answer",status="200"}' in text
    assert "reread_generation 1.0" in text
    assert 'reread_queue_depth{queue="reader"} 0.0' in text
    service.client.get("/no/such/thing")
    assert 'route="unmatched"' in service.client.get("/metrics").text


def test_the_openapi_document_names_every_route(service: Running) -> None:
    paths = service.client.get("/openapi.json").json()["paths"]
    assert {"/answer", "/answer/batch", "/relevance", "/relevance/{answer_id}", "/search"} < set(
        paths
    )


def test_admin_may_query(service: Running) -> None:
    assert service.client.get("/search?q=wells", headers=ADMIN).status_code == 200


def parse_events(text: str) -> list[tuple[str, dict[str, object]]]:
    events = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        events.append((fields["event"], json.loads(fields["data"])))
    return events


def test_an_answer_logged_without_an_aggregation_says_where_to_get_it(service: Running) -> None:
    """The echo reader, like records of earlier versions, gives the mean alone."""
    answer_id = service.ask(top_k=2).json()["id"]
    found = service.client.get(f"/relevance/{answer_id}", params={"aggregation": "max_heads"})
    assert_problem(found, 404, "logged without max_heads scores")


def test_a_follow_up_is_searched_read_and_logged_with_the_names_it_leans_on(service):
    history = [{"question": "Where is Oslo?", "answer": "by the sea"}]
    body = service.ask(question="what is it?", history=history).json()
    assert body["question"] == "what is it?"
    logged, _ = service.parts.history.get(body["id"])
    assert logged.question == "what is it? (Oslo)"
