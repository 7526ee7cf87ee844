"""One job at a time, owned by whoever holds the newest fence."""

import secrets
import threading

import pytest

from reread.errors import NotFound
from reread.log.jobs import MAX_CLAIMS, JobBoard
from reread.log.redis.jobs import RedisJobBoard


@pytest.fixture(params=["sqlite", "redis"])
def open_again(request, tmp_path):
    """Opens the same board again, as another process would: one contract for both kinds."""
    if request.param == "redis":
        server, namespace = request.getfixturevalue("redis_server"), secrets.token_hex(4)
        return lambda: RedisJobBoard(server.connection(namespace))
    return lambda: JobBoard(tmp_path / "log" / "jobs.db")


@pytest.fixture
def board(open_again):
    opened = open_again()
    yield opened
    opened.close()


def test_requests_join_until_the_job_ends(board):
    first = board.request({"epochs": 2}, 1.0)
    assert board.request({"epochs": 9}, 2.0) == first
    claimed, fence = board.claim("t", 3.0, 10.0)
    assert (claimed.id, claimed.state, claimed.params) == (first.id, "running", {"epochs": 2})
    assert board.request({}, 4.0).id == first.id
    assert board.finish(first.id, fence, "done", generation=7, metrics={"mrr": 0.5}, now=5.0)
    ended = board.get(first.id)
    assert (ended.state, ended.generation, ended.metrics, ended.progress) == (
        "done",
        7,
        {"mrr": 0.5},
        1.0,
    )
    assert board.request({}, 6.0).id != first.id


def test_fifty_concurrent_requests_are_one_job(open_again):
    boards = [open_again() for _ in range(5)]
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda b=board: found.append(b.request({}, 1.0).id))
        for board in boards
        for _ in range(10)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert (len(found), len(set(found))) == (50, 1)
    for board in boards:
        board.close()


def test_a_lease_that_ran_out_is_taken_over_with_a_higher_fence(board):
    job = board.request({}, 0.0)
    _, first = board.claim("a", 0.0, 10.0)
    assert board.claim("b", 10.0, 10.0) is None
    _, second = board.claim("b", 10.1, 10.0)
    assert second > first
    assert not board.heartbeat(job.id, first, 11.0, 10.0)
    assert not board.update(job.id, first, stage="late")
    assert not board.finish(job.id, first, "done")
    assert board.heartbeat(job.id, second, 11.0, 10.0)


def test_a_heartbeat_keeps_the_lease(board):
    job = board.request({}, 0.0)
    _, fence = board.claim("a", 0.0, 10.0)
    for now in (9.0, 18.0, 27.0):
        assert board.heartbeat(job.id, fence, now, 10.0)
        assert board.claim("b", now + 9.0, 10.0) is None


@pytest.mark.parametrize("jump_s", [86_400.0, -86_400.0])
def test_a_clock_jump_frees_the_job_and_the_fence_protects(board, jump_s):
    board.request({}, 1e6)
    _, first = board.claim("a", 1e6, 10.0)
    _, second = board.claim("b", 1e6 + jump_s, 10.0)
    assert second == first + 1


def test_progress_is_seen_and_cancel_is_noticed(board):
    job = board.request({}, 0.0)
    _, fence = board.claim("a", 0.0, 10.0)
    assert board.update(job.id, fence, stage="encode", progress=0.5, metrics={"loss": 1.0})
    seen = board.get(job.id)
    assert (seen.stage, seen.progress, seen.metrics) == ("encode", 0.5, {"loss": 1.0})
    assert board.cancel(job.id).state == "cancelled"
    assert not board.heartbeat(job.id, fence, 1.0, 10.0)
    assert not board.finish(job.id, fence, "done")
    assert board.get(job.id).state == "cancelled"


def test_release_puts_the_job_back(board):
    job = board.request({}, 0.0)
    _, fence = board.claim("a", 0.0, 10.0)
    assert board.release(job.id, fence, 1.0)
    again, higher = board.claim("b", 1.0, 10.0)
    assert (again.id, higher) == (job.id, fence + 1)


def test_list_is_newest_first_and_survives_reopening(open_again):
    board = open_again()
    ids = []
    for now in range(3):
        ids.append(board.request({}, float(now)).id)
        board.cancel(ids[-1])
    board.close()
    reopened = open_again()
    assert [one.id for one in reopened.list()] == ids[::-1]
    with pytest.raises(NotFound, match="no job 'x'"):
        reopened.get("x")
    reopened.close()


def test_a_job_ends_only_in_an_end_state(board):
    with pytest.raises(ValueError, match="queued"):
        board.finish("x", 1, "queued")


def test_a_job_whose_trainers_always_die_is_given_up(board):
    """Defect: a trainer that always died was started again for ever, its job `running`."""
    job, now = board.request({}, 0.0), 0.0
    for _ in range(MAX_CLAIMS):
        assert board.claim("t", now, 8.0) is not None
        now += 9.0
    assert board.claim("t", now, 8.0) is None
    ended = board.get(job.id)
    assert ended.state == "failed" and f"ended {MAX_CLAIMS} times" in str(ended.error)
    assert board.request({}, now).id != job.id


def test_a_job_that_was_given_back_was_not_died_of(board):
    job = board.request({}, 0.0)
    for number in range(3 * MAX_CLAIMS):
        claimed = board.claim("t", float(number), 8.0)
        assert claimed is not None and board.release(job.id, claimed[1])


def test_a_new_board_goes_on_above_the_published_fence(board):
    """Defect: after `jobs.db` was moved away, as advised, fences began at 1 and none published."""
    board.request({}, 0.0)
    claimed = board.claim("t", 0.0, 8.0, above=41)
    assert claimed is not None and claimed[1] == 42


def test_two_claims_at_once_are_one(open_again):
    boards = [open_again() for _ in range(6)]
    boards[0].request({}, 0.0)
    found = []
    threads = [
        threading.Thread(target=lambda b=board: found.append(b.claim("t", 1.0, 8.0)))
        for board in boards
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert len(found) == 6 and sum(one is not None for one in found) == 1
    for board in boards:
        board.close()
