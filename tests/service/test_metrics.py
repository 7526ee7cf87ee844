"""What an operator sees, and that the dashboard asks for nothing else."""

import json
import math
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reread.home import Home
from reread.log.jobs import JobBoard
from tests.worlds.fakes import EchoReader, Shelf, WordGeneration
from tests.worlds.serving import ADMIN, Running, running, until

DASHBOARD = Path(__file__).parents[2] / "docker" / "grafana.json"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Three answers and one refusal of generation 1; one candidate passed its gate."""
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path_factory.mktemp("home"), shelf) as service:
        for _ in range(3):
            service.ask(top_k=4)
        service.ask(question="nothing stands here")
        say(service, "correct", "wrong", "correct")
        service.client.post("/admin/retrain", headers=ADMIN)
        finish_job(service.home)
        yield service


def say(service: Running, *verdicts: str) -> None:
    for verdict in verdicts:
        body = {"answer_id": service.ask(top_k=4).json()["id"], "verdict": verdict}
        assert service.client.post("/feedback", json=body).status_code == 200


def finish_job(home: Home) -> None:
    board = JobBoard(home.jobs_file)
    claimed = board.claim("trainer", time.time(), 60.0)
    assert claimed is not None
    job, fence = claimed
    gate = {"accepted": True, "reason": ""}
    metrics = {"gate": gate, "before": {"ndcg": 0.5}, "after": {"ndcg": 0.75}}
    board.finish(job.id, fence, "done", metrics=metrics, now=time.time())
    board.close()


def values(service: Running) -> dict[tuple[str, str], float]:
    """(sample, labels) -> value"""
    text = service.client.get("/metrics").text
    return {
        (one.name, ",".join(f"{k}={v}" for k, v in sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_the_loop_is_seen(asked: Running) -> None:
    seen = values(asked)
    assert seen["reread_answers_total", "found=true"] == 6
    assert seen["reread_answers_total", "found=false"] == 1
    assert seen["reread_confidence_count", "generation=1"] == 6
    assert seen["reread_confidence_sum", "generation=1"] == pytest.approx(6 / 5)
    assert seen["reread_attention_entropy_count", ""] == 6
    assert 0 < seen["reread_attention_entropy_sum", ""] < 6
    assert seen["reread_search_batch_questions_sum", ""] == 7
    assert seen["reread_feedback_total", "generation=1,verdict=correct"] == 2
    assert seen["reread_feedback_total", "generation=1,verdict=wrong"] == 1
    assert seen["reread_generation", ""] == 1
    assert seen["reread_generation_in_service_seconds", ""] > 0
    assert seen["reread_in_flight", ""] == 1  # this very request
    assert seen["reread_connections", ""] >= 1
    assert seen["reread_log_records", ""] == seen["reread_log_lag", ""] == 7
    assert seen["reread_jobs", "state=done"] == 1 and seen["reread_jobs", "state=failed"] == 0
    assert seen["reread_gate_accepted", ""] == 1
    assert seen["reread_gate_figure", "figure=ndcg,side=before"] == 0.5
    assert seen["reread_gate_figure", "figure=ndcg,side=after"] == 0.75


def test_the_dashboard_asks_for_what_there_is(asked: Running) -> None:
    asked.ask(stream=True)
    known = {name for name, _ in values(asked)}
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    wanted = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"reread_\w+", target["expr"])
    }
    assert len(panels) == 15 and len(wanted) >= 20
    assert wanted <= known


def test_a_log_that_cannot_be_read_leaves_the_rest(tmp_path: Path) -> None:
    with running(tmp_path, Shelf()) as service:
        until(lambda: ("reread_log_lag", "") in values(service))
        service.home.log_file.rename(tmp_path / "aside")
        seen = values(service)
        assert ("reread_log_lag", "") not in seen
        assert ("reread_jobs", "state=done") in seen and ("reread_generation", "") in seen


def test_attention_that_is_known_has_the_entropy_it_should(tmp_path: Path) -> None:
    """Relevance of one answer, entropy by the definition, what /metrics adds up."""
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf) as service:
        shares = [one["relevance"] for one in service.ask(top_k=3).json()["passages"]]
        wanted = -sum(one * math.log(one) for one in shares) / math.log(len(shares))
        seen = values(service)
        assert seen["reread_attention_entropy_sum", ""] == pytest.approx(wanted, abs=1e-6)
        assert len(shares) == 3 and 0 < wanted < 1


def test_pieces_of_a_stream_are_timed_one_by_one(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf, EchoReader(delay_s=0.05)) as service:
        text = service.ask(stream=True).text
        pieces = text.count("event: token")
        seen = values(service)
        assert pieces >= 2
        assert seen["reread_token_seconds_count", ""] == pieces - 1
        assert seen["reread_stage_seconds_count", "stage=first token"] == 1
        gaps = seen["reread_token_seconds_sum", ""]
        first = seen["reread_stage_seconds_sum", "stage=first token"]
        assert gaps > 0
        assert 0.9 * 0.05 * pieces <= first + gaps  # it pauses before the first and after each
        assert first + gaps <= seen["reread_stage_seconds_sum", "stage=read"]


def test_a_running_job_shows_how_far_it_is(tmp_path: Path) -> None:
    with running(tmp_path, Shelf()) as service:
        service.client.post("/admin/retrain", headers=ADMIN)
        assert stages(service) == {}  # it waits
        board = JobBoard(service.home.jobs_file)
        claimed = board.claim("trainer", time.time(), 60.0)
        assert claimed is not None
        job, fence = claimed
        board.update(job.id, fence, stage="training", progress=0.25, now=time.time())
        assert stages(service) == {"stage=training": 0.25}
        board.finish(job.id, fence, "failed", error="no", now=time.time())
        board.close()
        assert stages(service) == {}


def stages(service: Running) -> dict[str, float]:
    seen = values(service)
    return {
        labels: value for (name, labels), value in seen.items() if name == "reread_job_progress"
    }


def test_stages_are_seconds_of_what_the_answer_tells_in_milliseconds(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf, EchoReader(delay_s=0.03)) as service:
        told = service.ask().json()["timings_ms"]
        seen = values(service)
    assert set(told) == {"embed", "search", "read", "total"} and told["read"] >= 30.0
    for stage, spent_ms in told.items():
        assert seen["reread_stage_seconds_count", f"stage={stage}"] == 1
        spent_s = seen["reread_stage_seconds_sum", f"stage={stage}"]
        assert spent_s == pytest.approx(spent_ms / 1000, abs=1e-6)


def test_what_people_say_of_an_answer_without_a_generation_is_counted_as_such(
    tmp_path: Path,
) -> None:
    with running(tmp_path, Shelf()) as service:
        answered = service.ask(passages=[{"text": "town 3 has wells"}]).json()
        assert answered["generation"] is None
        body = {"answer_id": answered["id"], "verdict": "correct"}
        assert service.client.post("/feedback", json=body).status_code == 200
        assert values(service)["reread_feedback_total", "generation=none,verdict=correct"] == 1


def test_each_queue_counts_its_own(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    reader = EchoReader(gate=threading.Event())
    with running(tmp_path, shelf, reader) as service, ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(service.ask)]
        until(lambda: len(reader.batches) == 1)
        asked += [pool.submit(service.ask) for _ in range(2)]
        until(lambda: service.parts.pipeline.readings.depth == 2)
        seen = values(service)
        reader.gate.set()  # type: ignore[union-attr]
        assert {one.result(10).status_code for one in asked} == {200}
    assert seen["reread_queue_depth", "queue=reader"] == 2
    assert seen["reread_queue_depth", "queue=search"] == 0
