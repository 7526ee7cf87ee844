"""When the trainer asks for a job by itself, and which places in the log it believes."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from reread.artefacts.checkpoints import write_checkpoint
from reread.log.attention_log import SqliteAttentionLog
from reread.log.jobs import JobBoard
from reread.records import Job
from tests.worlds.tiny import make_encoder, make_records
from tests.worlds.training import (
    make_home,
    make_parts,
    request,
    trainer_thread,
    wait_for_end,
)
from trainer.loop.candidate import trained_up_to
from trainer.loop.process import is_backing_off, request_if_behind


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"))


def job(state: str, updated_s: float) -> Job:
    return Job("j", state, "", 0.0, updated_s=updated_s)


@pytest.mark.parametrize(("failures", "pause_s"), [(1, 30), (2, 60), (5, 480), (20, 3600)])
def test_the_pause_after_failures_doubles_up_to_an_hour(failures: int, pause_s: float) -> None:
    jobs = [job("failed", 1000.0 - n) for n in range(failures)] + [job("done", 0.0)]
    assert is_backing_off(jobs, 1000.0 + pause_s - 1)
    assert not is_backing_off(jobs, 1000.0 + pause_s)
    assert not is_backing_off(jobs, 999.0)  # the clock jumped back
    assert not is_backing_off([job("done", 1000.0), *jobs], 1000.0)


def test_a_job_that_fails_is_not_asked_for_every_second(tmp_path: Path, encoder: Path) -> None:
    """Defect: with automatic questions and a damaged corpus, a job failed every second for ever."""
    home = make_home(tmp_path, records=30)
    (home.passages_dir / "1" / "meta.json").write_text("{}")
    with trainer_thread(make_parts(home, encoder, auto_questions=5)):
        time.sleep(2.0)  # forty looks
    board = JobBoard(home.jobs_file)
    assert [one.state for one in board.list()] == ["failed"]
    board.close()


def test_what_only_a_round_needs_is_prepared_once_there_is_one(
    tmp_path: Path, encoder: Path
) -> None:
    home = make_home(tmp_path, records=30)
    (home.passages_dir / "1" / "meta.json").write_text("{}")
    states: list[str] = []
    parts = make_parts(home, encoder)

    def prepare() -> None:
        board = JobBoard(home.jobs_file)
        states.extend(one.state for one in board.list())
        board.close()

    with trainer_thread(replace(parts, prepare=prepare)):
        for _ in range(2):
            assert wait_for_end(home, request(home)).state == "failed"
    assert states == ["running", "running", "failed"]


class Saved:
    def save(self, folder: Path) -> None:
        folder.mkdir()


def test_a_log_that_was_moved_away_begins_anew(tmp_path: Path, encoder: Path) -> None:
    """Defect: after attention.db was moved away, as advised, no record ever counted as new."""
    home = make_home(tmp_path, records=50)
    parts = make_parts(home, encoder, auto_questions=5)
    log = parts.open_log()
    write_checkpoint(home, Saved(), 50, {}, {"log": log.identity})
    board = JobBoard(home.jobs_file)
    board.request({}, 0.0)
    claimed = board.claim("t", 0.0, 8.0)
    assert claimed is not None
    seen = {"log": {"cursor": 50, "log": log.identity}}
    board.finish(claimed[0].id, claimed[1], "done", metrics=seen)
    assert trained_up_to(home, log) == 50
    request_if_behind(parts, board, 1.0)
    assert len(board.list()) == 1
    log.close()
    for file in home.log_dir.glob("attention.db*"):
        file.rename(tmp_path / file.name)
    again = SqliteAttentionLog(home.log_file)
    again.append(make_records(20))
    assert trained_up_to(home, again) == 0
    again.close()
    request_if_behind(parts, board, 1.0)
    assert [one.state for one in board.list()] == ["queued", "done"]
    board.close()
