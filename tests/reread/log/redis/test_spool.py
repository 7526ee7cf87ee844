"""Answers go on while Redis does not: what waits follows, in order, once, and within bounds."""

import pytest

from reread.errors import StorageFailed
from reread.log.redis.attention_log import RedisAttentionLog
from reread.log.redis.spool import SpooledLog
from reread.records import Feedback
from tests.reread.log.test_attention_log import record
from tests.worlds.redis_server import RedisServer
from tests.worlds.serving import until


@pytest.fixture
def server(tmp_path):
    server = RedisServer(tmp_path / "redis")
    yield server
    server.thaw()
    server.kill()


@pytest.fixture
def open_log(server, tmp_path):
    opened = []

    def make(**options):
        inner = RedisAttentionLog(server.connection("ns", patience_s=0.3))
        opened.append(SpooledLog(inner, tmp_path / "spool", look_s=0.02, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def ids(server):
    log = RedisAttentionLog(server.connection("ns"))
    return [one.id for one in log.read_since(0, 10_000)]


@pytest.mark.parametrize("trouble", ["killed", "frozen", "empty"])
def test_what_could_not_be_sent_follows_in_order_and_once(server, open_log, trouble):
    log = open_log()
    log.append([record("before")])
    assert log.warning is None
    if trouble == "frozen":
        server.freeze()
    else:
        server.kill()
    for number in range(30):
        log.append([record(str(number))])
    log.append_feedback(Feedback("7", "wrong", None, (), 1.0))
    assert "Redis takes no records now" in log.warning
    assert log.get("7").id == "7"  # still to follow, and known all the same
    log.probe()
    if trouble == "frozen":
        server.thaw()
    else:
        server.restart(empty=trouble == "empty")
    until(lambda: log.warning is None)
    followed = [str(number) for number in range(30)]
    assert ids(server) == (followed if trouble == "empty" else ["before", *followed])
    assert [one.verdict for one in log.feedback("7")] == ["wrong"]
    log.append([record("after")])
    assert ids(server)[-1] == "after"


def test_the_file_is_bounded_and_says_so(server, open_log, tmp_path):
    server.kill()
    log, kept = open_log(limit_bytes=20_000), 0
    with pytest.raises(StorageFailed, match="of at most 20000: bring Redis back"):
        for kept in range(1000):  # noqa: B007
            log.append([record(str(kept))])
    assert 10 < kept < 100
    assert sum(one.stat().st_size for one in (tmp_path / "spool").iterdir()) <= 20_000
    server.restart()
    until(lambda: log.warning is None)
    assert ids(server) == [str(number) for number in range(kept)]
    log.append([record("again")])


def test_what_a_dead_service_left_is_sent_by_another(server, open_log, tmp_path):
    server.kill()
    log = open_log()
    log.append([record("a"), record("b")])
    left = next((tmp_path / "spool").iterdir()).read_bytes()
    (tmp_path / "spool" / "spool-dead.jsonl").write_bytes(left + b'{"kind": "answer", "id": "cut')
    server.restart()
    until(lambda: ids(server) == ["a", "b"])
    until(lambda: not (tmp_path / "spool" / "spool-dead.jsonl").exists())
    assert ids(server) == ["a", "b"]


def test_a_living_service_s_file_is_left_alone(server, open_log, tmp_path):
    server.kill()
    first, second = open_log(), open_log()
    first.append([record("a")])
    second.append([record("b")])
    server.restart()
    until(lambda: first.warning is None and second.warning is None)
    assert sorted(ids(server)) == ["a", "b"]
    assert len(list((tmp_path / "spool").iterdir())) == 2


def test_a_server_without_an_append_only_file_is_warned_about(tmp_path):
    server = RedisServer(tmp_path, "--appendonly", "no")
    assert "appendonly yes" in str(server.connection().warning())
    server.kill()
