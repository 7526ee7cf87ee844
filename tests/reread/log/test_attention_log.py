"""The log keeps order, keeps what it acknowledged, and a failed batch fails only itself."""

import resource
import secrets
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from reread.errors import CorruptArtefact, StorageFailed
from reread.log.attention_log import SqliteAttentionLog
from reread.log.group_commit import GroupCommitter
from reread.log.redis.attention_log import RedisAttentionLog
from reread.records import AnswerRecord, Feedback, LoggedPassage

ROOT = Path(__file__).resolve().parents[3]


def record(id: str) -> AnswerRecord:
    passages = (
        LoggedPassage(4, "p4", 0.5, -1.25),
        LoggedPassage(None, "given", None, 2.0, "Titel", "Grüße \ud800"),
    )
    return AnswerRecord(id, "wer?", "ich", 0.75, passages, 3, 2, "tiny", 12.5)


@pytest.fixture(params=["normal", "full", "redis"])
def open_again(request, tmp_path):
    """Opens the same log again, as another process would: one contract for both kinds."""
    if request.param == "redis":
        server, namespace = request.getfixturevalue("redis_server"), secrets.token_hex(4)
        return lambda: RedisAttentionLog(server.connection(namespace))
    return lambda: SqliteAttentionLog(tmp_path / "log" / "attention.db", request.param)


@pytest.fixture
def log(open_again):
    opened = open_again()
    yield opened
    opened.close()


def test_records_come_back_equal_and_in_order(log):
    log.append([record("a"), record("b")])
    log.append([record("c")])
    read = log.read_since(0, 10)
    assert [(one.id, one.sequence) for one in read] == [("a", 1), ("b", 2), ("c", 3)]
    assert read[0].passages == record("a").passages
    assert log.get("b") == read[1]
    assert log.get("nobody") is None


def test_cursors_neither_repeat_nor_skip(log):
    log.append([record(str(n)) for n in range(25)])
    seen, cursor = [], 0
    while page := log.read_since(cursor, 7):
        seen += [one.id for one in page]
        cursor = page[-1].sequence
    assert seen == [str(n) for n in range(25)]
    assert (log.count_since(20), log.last_sequence()) == (5, 25)


def test_an_id_appended_twice_counts_once(log):
    log.append([record("a")])
    log.append([record("a"), record("b")])
    assert [one.id for one in log.read_since(0, 10)] == ["a", "b"]


def test_pages_say_where_they_end(log):
    assert log.read_page(0, 5).cursor == 0
    log.append([record(str(n)) for n in range(7)])
    first = log.read_page(0, 5)
    second = log.read_page(first.cursor, 5)
    assert (first.cursor, second.cursor, log.read_page(second.cursor, 5).cursor) == (5, 7, 7)
    assert [one.id for one in (*first.records, *second.records)] == [str(n) for n in range(7)]
    assert first.damaged == second.damaged == ()
    log.probe()
    assert log.last_sequence() == 7


def test_feedback_is_kept_in_order(log):
    said = [Feedback("a", "wrong", "du", ("p4",), 1.0), Feedback("a", "correct", None, (), 2.0)]
    for one in said:
        log.append_feedback(one)
    assert log.feedback("a") == said
    assert log.feedback("b") == []


def test_what_was_said_of_a_stretch_of_answers_is_one_query(log):
    log.append([record(name) for name in "abc"])
    said = [
        Feedback("c", "wrong", None, (), 1.0),
        Feedback("a", "wrong", None, (), 2.0),
        Feedback("c", "correct", None, ("p4",), 3.0),
        Feedback("unknown", "wrong", None, (), 4.0),
    ]
    for one in said:
        log.append_feedback(one)
    assert log.feedback_since(0) == said[:3]
    assert log.feedback_since(1) == [said[0], said[2]]
    assert log.feedback_since(3) == []


def test_another_process_reads_while_one_writes(log, open_again):
    log.append([record("a")])
    other = open_again()
    assert other.identity == log.identity
    assert other.last_sequence() == 1
    log.append([record("b")])
    assert [one.id for one in other.read_since(1, 5)] == ["b"]
    other.close()


def test_acknowledged_records_survive_a_kill(tmp_path):
    path = tmp_path / "attention.db"
    code = f"""
        import os
        from reread.log.attention_log import SqliteAttentionLog
        from reread.records import AnswerRecord
        log = SqliteAttentionLog(__import__("pathlib").Path({str(path)!r}))
        for n in range(50):
            log.append([AnswerRecord(str(n), "q", "a", 1.0, (), 1, 1, "r", 0.0)])
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=False)
    assert done.returncode == -9
    log = SqliteAttentionLog(path)
    assert [one.id for one in log.read_since(0, 99)] == [str(n) for n in range(50)]
    log.close()


def test_a_full_disk_fails_loudly_and_recovers(tmp_path):
    log = SqliteAttentionLog(tmp_path / "attention.db")
    log.append([record("before")])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
    try:
        with pytest.raises(StorageFailed, match="nothing was recorded"):
            log.append([record(str(n)) for n in range(2000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    log.append([record("after")])
    assert [one.id for one in log.read_since(0, 10)] == ["before", "after"]
    log.close()


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "attention.db"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(CorruptArtefact, match=r"attention\.db"):
        SqliteAttentionLog(path)


class FlakyLog:
    """A list that fails when a batch holds an id starting with 'bad'."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.batches: list[int] = []
        self.gate = threading.Event()

    def append(self, records: list[AnswerRecord]) -> None:
        assert self.gate.wait(5)
        self.batches.append(len(records))
        if any(one.id.startswith("bad") for one in records):
            raise StorageFailed("no space")
        self.ids += [one.id for one in records]


def test_a_failed_batch_fails_its_own_futures_only():
    log = FlakyLog()
    log.gate.set()
    committer = GroupCommitter(log)
    with pytest.raises(StorageFailed, match="no space"):
        committer.submit(record("bad")).result(5)
    assert committer.submit(record("good")).result(5) is None
    assert (log.ids, committer.alive) == (["good"], True)
    committer.close()
    assert not committer.alive
    with pytest.raises(StorageFailed, match="restart"):
        committer.submit(record("late"))


def test_what_waits_is_written_together():
    log = FlakyLog()
    committer = GroupCommitter(log)
    futures = [committer.submit(record(str(n))) for n in range(20)]
    log.gate.set()
    for one in futures:
        one.result(5)
    assert log.ids == [str(n) for n in range(20)]
    assert len(log.batches) <= 2  # the first may have been taken alone
    committer.close()


def test_a_cancelled_caller_does_not_stop_the_writer():
    log = FlakyLog()
    committer = GroupCommitter(log)
    gone, kept = committer.submit(record("gone")), committer.submit(record("kept"))
    gone.cancel()
    log.gate.set()
    kept.result(5)
    assert log.ids == ["gone", "kept"]
    committer.close()


class DyingLog:
    def append(self, records: list[AnswerRecord]) -> None:
        raise SystemExit  # what no handler of ordinary errors catches


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_writer_is_visible_and_leaves_nobody_waiting():
    committer = GroupCommitter(DyingLog())
    future = committer.submit(record("a"))
    with pytest.raises(StorageFailed, match="restart"):
        future.result(5)
    committer.close()
    assert not committer.alive


def test_old_words_go_and_the_rest_stays(log, open_again):
    """In both logs; what is younger, and who goes on from where the last pass was, is as it was."""

    def at(id: str, created_s: float) -> AnswerRecord:
        return replace(record(id), created_s=created_s)

    log.append([at(f"old{n}", float(n)) for n in range(700)])
    log.append([at("new", 5000.0)])
    log.append_feedback(Feedback("old3", "wrong", "wir", ("p4",), 1.0))
    log.append_feedback(Feedback("new", "wrong", "ihr", ("p4",), 1.0))
    assert log.expire(600.0, 0) == 600
    assert [one.words for one in log.read_since(0, 800)] == [False] * 600 + [True] * 101
    assert log.expire(1000.0, 600) == 700 == log.expire(1000.0, 700)
    *old, new = open_again().read_since(0, 800)
    assert new == replace(at("new", 5000.0), sequence=701) and len(old) == 700
    for one in old:
        assert (one.question, one.answer, one.words) == ("", "", False)
        assert [p.attention for p in one.passages] == [-1.25, 2.0]
        assert one.passages[1].text is None and one.passages[1].title is None
    assert [one.answer for one in log.feedback("old3") + log.feedback("new")] == [None, "ihr"]
    assert [one.answer for one in log.feedback_since(0)] == [None, "ihr"]
