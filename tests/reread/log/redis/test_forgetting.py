"""What was answered from a removed document leaves Redis: every key, every file, every spool."""

import time
from pathlib import Path

import pytest

from reread.errors import Unavailable
from reread.live.forgetting import forget_in
from reread.log.attention_log import SqliteAttentionLog
from reread.log.changes import ChangeList, Edit
from reread.log.redis.attention_log import GROUP, RedisAttentionLog
from reread.log.redis.connection import RedisConnection
from reread.log.redis.spool import SpooledLog
from reread.log.stores import Stores
from reread.records import AnswerRecord, Feedback, LoggedPassage
from tests.worlds.redis_server import RedisServer

CANARY = "kanarienvogel-7731"


def record(id: str, passage: str, *, row: int | None = 0, answer: str = CANARY) -> AnswerRecord:
    text = None if row is not None else "own"
    one = LoggedPassage(row, passage, 1.0, 0.5, text, text)
    return AnswerRecord(id, "q?", answer, 0.9, (one,), 1, 1, "reader", 0.0)


@pytest.fixture
def server(tmp_path: Path):
    started = RedisServer(tmp_path / "server", "--rdbcompression", "no")
    yield started
    started.kill()


@pytest.fixture
def connection(server: RedisServer) -> RedisConnection:
    return server.connection("home")


@pytest.fixture
def log(connection: RedisConnection) -> RedisAttentionLog:
    return RedisAttentionLog(connection)


def holding(connection: RedisConnection) -> list[bytes]:
    """Keys with the canary in any byte of them, entries that were only marked as deleted too."""
    client = connection.client
    return [key for key in client.scan_iter(count=500) if CANARY.encode() in client.dump(key)]


def test_the_same_is_blank_as_in_the_embedded_log(log, connection, tmp_path):
    embedded = SqliteAttentionLog(tmp_path / "attention.db")
    records = [record(f"r{n}", f"p{n % 4}") for n in range(1200)]
    records += [record("own", "p1", row=None), record("refused", "p1", answer="")]
    for one in (log, embedded):
        one.append(records)
        one.append_feedback(Feedback("r1", "partial", f"rather {CANARY}", ("p1",), 0.0))
        one.append_feedback(Feedback("r1", "correct", None, (), 1.0))
        one.append_feedback(Feedback("r2", "partial", "kept", ("p2",), 0.0))
        one.append_feedback(Feedback("refused", "wrong", CANARY, (), 0.0))
    assert CANARY.encode() in connection.client.dump(connection.key("answers"))
    wanted = {"p1", "p3"}
    assert log.forget(wanted) == embedded.forget(wanted) == 601
    assert log.read_since(0, 2000) == embedded.read_since(0, 2000)
    assert log.feedback_since(0) == embedded.feedback_since(0)
    for id in ("r1", "r2", "refused"):
        assert log.feedback(id) == embedded.feedback(id)
    assert log.get("r1").answer == "" and log.get("r2").answer == CANARY
    assert log.forget(wanted) == embedded.forget(wanted) == 0
    log.append([record("later", "p9")])
    assert (log.last_sequence(), log.read_since(1202, 9)[0].id) == (1203, "later")
    embedded.close()


def test_no_byte_is_left_in_a_key_or_in_the_servers_files(log, connection, server, tmp_path):
    log.append([record(f"r{n}", "p1", answer=f"{CANARY} {n}") for n in range(300)])
    log.append([record("kept", "p2", answer="moss")])
    log.append_feedback(Feedback("r7", "wrong", CANARY, (), 0.0))
    dead = {"place": "9-0", "id": "r9", "body": f'{{"id": "p1" {CANARY}'}  # it cannot be read
    connection.client.xadd(connection.key("dead"), dead)
    assert len(holding(connection)) == 4  # answers, feedback twice, dead letters
    log.forget({"p1"})
    assert holding(connection) == []
    assert log.get("kept").answer == "moss" and len(log.read_since(0, 500)) == 301
    assert log.compact()
    deadline = time.monotonic() + 60
    while any(CANARY.encode() in one.read_bytes() for one in files_of(tmp_path / "server")):
        assert time.monotonic() < deadline, "the append-only file still has it"
        time.sleep(0.1)


def files_of(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def test_the_trainer_is_delivered_what_is_new_and_nothing_again(log, connection):
    log.append([record(f"r{n}", "p1") for n in range(9)])
    log.settle("trainer")
    log.append([record("new", "p1")])
    log.forget({"p1"})
    [group] = connection.client.xinfo_groups(connection.key("answers"))
    assert (group["name"], group["last-delivered-id"]) == (GROUP.encode(), b"9-0")
    assert log.settle("trainer") == 0
    [group] = connection.client.xinfo_groups(connection.key("answers"))
    assert (group["last-delivered-id"], group["pending"]) == (b"10-0", 0)


def test_records_that_wait_for_redis_are_forgotten_once_they_are_there(server, tmp_path):
    connection = server.connection("home")
    folder = tmp_path / "spool"
    spooled = SpooledLog(RedisAttentionLog(connection, folder), folder, look_s=0.05)
    server.kill()
    spooled.append([record("a", "p1")])
    with pytest.raises(Unavailable, match="wait in spool-"):
        spooled.forget({"p1"})
    server.restart()
    deadline = time.monotonic() + 60
    while True:
        try:
            assert spooled.forget({"p1"}) == 1
            break
        except Unavailable:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert spooled.get("a").answer == "" and holding(connection) == []
    assert not any(CANARY.encode() in one.read_bytes() for one in (tmp_path / "spool").iterdir())
    spooled.close()


def test_a_removal_stays_due_while_redis_is_away(server, home, log):
    stores = Stores(home.create(), redis_url=server.url, redis_namespace="home")
    log.append([record("a", "p1")])
    changes = ChangeList(home.changes_file)
    changes.append([Edit("p1", (), ("p1",))], 0.0)
    server.kill()
    assert forget_in(stores) == 0
    assert [one.document for one in changes.unforgotten()] == ["p1"]
    server.restart()
    assert forget_in(stores) == 1
    assert changes.unforgotten() == [] and log.get("a").answer == ""
    changes.close()


def test_a_late_spool_brings_nothing_back_that_was_forgotten(server, home, log):
    """Another service's records come after the removal: it stays due until they are there.

    Defect: the service that was told of the removal forgot what Redis had, called it done, and the
    other's answer from the removed document followed and stayed.
    """
    stores = Stores(home.create(), redis_url=server.url, redis_namespace="home")
    changes = ChangeList(home.changes_file)
    late = SpooledLog(log, stores.spools, look_s=3600.0)  # a network that is down for it alone
    server.kill()
    late.append([record("late", "p1"), record("other", "p2", answer="moss")])
    server.restart()
    changes.append([Edit("p1", (), ("p1",))], 0.0)
    assert forget_in(stores) == 0
    assert [one.document for one in changes.unforgotten()] == ["p1"]
    late.close()  # sends what waits
    assert log.get("late").answer == CANARY
    assert forget_in(stores) == 1 and changes.unforgotten() == []
    assert holding(server.connection("home")) == [] and log.get("other").answer == "moss"
    changes.close()
