"""The reconcile loop on real homes: every way a job can end, and what it leaves behind."""

import time
from pathlib import Path

import pytest
import torch

from reread.artefacts.checkpoints import latest_checkpoint
from reread.artefacts.publication import current
from reread.home import Home, numbers
from reread.log.attention_log import SqliteAttentionLog
from reread.log.jobs import JobBoard
from tests.worlds.tiny import load, make_encoder, make_examples, make_records
from tests.worlds.training import (
    job_of,
    make_home,
    make_parts,
    request,
    trainer_thread,
    wait_for,
    wait_for_end,
)
from trainer.loop.rankings import candidate_scores


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"))


def published(home: Home) -> int | None:
    serving = current(home)
    return None if serving is None else serving.number


def test_a_job_goes_through_to_a_published_generation(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=100)
    with trainer_thread(make_parts(home, encoder)):
        job = wait_for_end(home, request(home))
    assert (job.state, job.generation, job.error) == ("done", 1, None)
    assert (job.stage, job.progress) == ("building", 1.0)
    assert published(home) == 1
    log = job.metrics["log"]
    assert (log["questions"], log["new_questions"], log["cursor"]) == (100, 100, 100)
    held_out = 100 - job.metrics["training"]["questions"]
    assert 8 <= held_out <= 35
    checkpoint = latest_checkpoint(home)
    assert checkpoint is not None
    assert (checkpoint.cursor, checkpoint.config["job"]) == (100, job.id)
    trained = candidate_scores(load(checkpoint.folder), make_examples(100))
    agreed = [s.argmax() == max(range(6), key=e.teacher.__getitem__) for s, e in zip(
        trained, make_examples(100), strict=True)]  # fmt: skip
    assert sum(agreed) > 70


def test_too_few_questions_says_how_many_and_how_many_are_needed(
    tmp_path: Path, encoder: Path
) -> None:
    home = make_home(tmp_path, records=7)
    with trainer_thread(make_parts(home, encoder)):
        job = wait_for_end(home, request(home, min_questions=8))
        assert job.state == "rejected"
        assert job.error is not None
        assert "holds 7 new usable questions and a retrain needs 8" in job.error
        assert numbers(home.checkpoints_dir) == []
        forced = wait_for_end(home, request(home, min_questions=8, force=True))
    assert forced.state == "done"
    assert forced.metrics["training"]["questions"] == 7  # force trains on all of it


def test_only_what_came_after_the_checkpoint_counts_as_new(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=20)
    with trainer_thread(make_parts(home, encoder)):
        assert wait_for_end(home, request(home)).state == "done"
        log = SqliteAttentionLog(home.log_file)
        log.append([one for one in make_records(25, seed=0) if int(one.id[1:]) > 20])
        log.close()
        job = wait_for_end(home, request(home))
    assert job.state == "rejected"
    assert (job.metrics["log"]["questions"], job.metrics["log"]["new_questions"]) == (25, 5)


def test_an_empty_log_is_rejected_even_when_forced(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=0)
    with trainer_thread(make_parts(home, encoder)):
        job = wait_for_end(home, request(home, force=True))
    assert job.state == "rejected"
    assert job.error is not None and "0 usable questions among 0 answers" in job.error


def test_a_second_round_continues_from_the_first_ones_weights(
    tmp_path: Path, encoder: Path
) -> None:
    home = make_home(tmp_path, records=30)
    parts = make_parts(home, encoder, epochs=1, learning_rate=1e-9)
    with trainer_thread(make_parts(home, encoder)):
        assert wait_for_end(home, request(home)).state == "done"
    for file in (home.current_file, home.published_file):
        file.unlink()  # nothing serves: the small builder's cannot be opened
    with trainer_thread(parts):
        assert wait_for_end(home, request(home, force=True)).state == "done"
    first, second = (
        list(load(home.checkpoints_dir / str(n) / "retriever").parameters()) for n in (1, 2)
    )
    start = list(load(encoder).parameters())
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(first, second, strict=True))
    assert not all(torch.allclose(a, b, atol=1e-5) for a, b in zip(start, second, strict=True))


def test_a_cancelled_job_stops_and_leaves_nothing(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=100)
    with trainer_thread(make_parts(home, encoder, epochs=1000)):
        job_id = request(home)
        wait_for(lambda: job_of(home, job_id).stage == "training")
        board = JobBoard(home.jobs_file)
        board.cancel(job_id, time.time())
        started = time.monotonic()
        next_id = board.request({"epochs": 1}, time.time()).id
        board.close()
        assert wait_for_end(home, next_id).state == "done"
        assert time.monotonic() - started < 20
    assert job_of(home, job_id).state == "cancelled"
    assert numbers(home.checkpoints_dir) == [1]


def test_a_trainer_that_lost_its_lease_commits_nothing(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=100)
    with trainer_thread(make_parts(home, encoder, epochs=1000)):
        job_id = request(home)
        wait_for(lambda: job_of(home, job_id).stage == "training")
        board = JobBoard(home.jobs_file)
        claimed = board.claim("another trainer", time.time() + 3600, 3600.0)
        assert claimed is not None
        wait_for(lambda: job_of(home, job_id).stage == "training")
        progress = job_of(home, job_id).progress
        time.sleep(1.5)
        assert job_of(home, job_id).progress == progress
        assert board.finish(job_id, claimed[1], "failed", error="stopped by hand")
        board.close()
    assert numbers(home.checkpoints_dir) == []
    assert published(home) is None


def test_a_failing_builder_fails_the_job_with_its_last_words(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=30)
    with trainer_thread(make_parts(home, encoder, ["--fail", "no room for the index"])):
        job = wait_for_end(home, request(home))
    assert job.state == "failed"
    assert job.error is not None
    assert "status 1 and no generation (no room for the index)" in job.error
    assert published(home) is None


@pytest.mark.parametrize("moment", [[], ["--publish-first"]])
def test_a_killed_builder_is_started_again_and_publishes_once(
    tmp_path: Path, encoder: Path, moment: list[str]
) -> None:
    home, died = make_home(tmp_path, records=30), tmp_path / "died"
    with trainer_thread(make_parts(home, encoder, ["--die-once", str(died), *moment])):
        job = wait_for_end(home, request(home))
    assert died.exists()
    assert (job.state, job.generation) == ("done", 1)
    assert numbers(home.generations_dir) == [1]


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"epoch": 1}, "Unknown trainer setting epoch"),
        ({"objective": "cosine"}, "Unknown objective 'cosine'"),
        ({"aggregation": "loudest"}, "Unknown aggregation 'loudest'"),
        ({"aggregation": "max_tokens"}, "needs a reader and a published generation"),
    ],
)
def test_what_cannot_be_done_fails_with_a_sentence(
    tmp_path: Path, encoder: Path, params: dict[str, object], complaint: str
) -> None:
    home = make_home(tmp_path, records=30)
    with trainer_thread(make_parts(home, encoder)):
        job = wait_for_end(home, request(home, **params))
    assert job.state == "failed"
    assert job.error is not None and complaint in job.error


def test_a_home_without_passages_says_what_to_run(tmp_path: Path, encoder: Path) -> None:
    home = Home(tmp_path).create()
    JobBoard(home.jobs_file).close()
    with trainer_thread(make_parts(home, encoder)):
        job = wait_for_end(home, request(home))
    assert job.state == "failed"
    assert job.error is not None and "reread ingest" in job.error


def test_a_log_that_grew_starts_a_round_by_itself_once(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=30)
    board = JobBoard(home.jobs_file)
    with trainer_thread(make_parts(home, encoder, auto_questions=25, min_questions=40)):
        wait_for(lambda: [one.state for one in board.list()] == ["rejected"])
        time.sleep(0.5)
        assert len(board.list()) == 1  # a rejected log is not tried again until it has grown
    board.close()


def test_stopping_gives_the_job_back_at_once(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=100)
    with trainer_thread(make_parts(home, encoder, epochs=1000)):
        job_id = request(home)
        wait_for(lambda: job_of(home, job_id).stage == "training")
    assert job_of(home, job_id).state == "queued"
    assert numbers(home.checkpoints_dir) == []
