"""What the page is told beside answers: examples, the log in figures, a job's events, and
answers from a generation that does not serve."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worlds.browsing import PlayedTrainer, town_service
from tests.worlds.fakes import Shelf, WordGeneration
from tests.worlds.serving import ADMIN, Running, assert_problem, running, until


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with town_service(tmp_path_factory.mktemp("towns")) as service:
        yield service


def test_examples_are_made_from_titles_far_apart(towns: Running) -> None:
    assert towns.client.get("/examples").json() == {
        "examples": ["What is Oslo?", "What is Turku?", "What is Tartu?", "What is Gdansk?"]
    }


def test_another_generation_answers_on_request(tmp_path: Path) -> None:
    shelf = Shelf()
    for number in (1, 2, 3):
        shelf.publish(number, WordGeneration(number))
    with running(tmp_path, shelf) as service:
        for number in (1, 3, 2, 2):
            body = service.ask(generation=number).json()
            assert body["generation"] == number
            assert body["answer"].endswith(f"of edition {number}")
        assert service.ask().json()["generation"] == 3
        assert shelf.opened.count(2) == 1  # it is kept open
        until(lambda: shelf.generations[1].closed)  # type: ignore[union-attr]
        shelf.generations[1] = WordGeneration(1)
        assert service.ask(generation=1).json()["generation"] == 1
        until(lambda: shelf.generations[2].closed)  # type: ignore[union-attr]
        del shelf.generations[2]
        assert_problem(service.ask(generation=2), 404, "Generation 2 is not kept; those kept: 1, 3")
        assert_problem(service.ask(generation=-1), 422, "generation")
        assert service.ask(generation=1).status_code == 200


def test_the_log_in_figures(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf) as service:
        told = [service.ask(question=f"wells of town {i}", top_k=i).json() for i in (1, 2, 3, 4)]
        service.ask(question="wells of town 2", top_k=3)
        service.ask(question="nothing stands here")
        for verdict in ("correct", "wrong"):
            said = {"answer_id": told[3]["id"], "verdict": verdict}
            service.client.post("/feedback", json=said)
        body = service.client.get("/admin/log", headers=ADMIN).json()
        assert (body["answers"], body["looked_at"], body["not_found"]) == (6, 6, 1)
        assert body["verdicts"] == {"wrong": 1}  # the latest word
        doubts = [(one["question"], one["confidence"]) for one in body["unsure"]]
        assert sorted(doubts[:2]) == [("wells of town 2", 0.25), ("wells of town 3", 0.25)]
        assert doubts[2:] == [("wells of town 1", 0.5)]
        assert service.client.get("/admin/log").status_code == 401


def test_a_job_is_followed_to_its_end(towns: Running) -> None:
    job = towns.client.post("/admin/retrain", json={}, headers=ADMIN).json()
    trainer = PlayedTrainer(towns)
    path = f"/admin/jobs/{job['id']}/events"
    states = []
    with towns.client.stream("GET", path, headers=ADMIN) as response:
        for line in response.iter_lines():
            if not line.startswith("data: "):
                continue
            states.append((state := json.loads(line[6:]))["state"])
            if len(states) == 1:
                trainer.claim()
                trainer.report("gating", 0.75)
            if state["stage"] == "gating" and state["state"] == "running":
                trainer.finish("rejected", error="no better")
    assert states[0] == "queued" and states[-1] == "rejected"
    assert_problem(towns.client.get("/admin/jobs/nope/events", headers=ADMIN), 404)
    assert_problem(towns.client.get(path), 401)
