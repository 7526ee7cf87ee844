"""The log while others hold it: writers wait for one another, a long reader holds nobody up."""

import threading
import time
from pathlib import Path

import apsw
import pytest

from reread.errors import StorageFailed
from reread.log.attention_log import SqliteAttentionLog
from reread.records import AnswerRecord


def record(id: str) -> AnswerRecord:
    return AnswerRecord(id, "who?", "I", 0.5, (), 1, 1, "tiny", 1.0)


def test_a_writer_waits_for_another_one_and_loses_nothing(tmp_path: Path) -> None:
    log = SqliteAttentionLog(tmp_path / "attention.db")
    other = apsw.Connection(str(tmp_path / "attention.db"))
    other.execute("BEGIN IMMEDIATE")
    written = threading.Thread(target=lambda: log.append([record("waited")]))
    written.start()
    time.sleep(0.3)
    assert written.is_alive()
    other.execute("ROLLBACK")
    written.join(10)
    assert not written.is_alive() and log.read_since(0, 9)[0].id == "waited"
    other.close()
    log.close()


def test_a_long_reader_holds_nobody_up_and_sees_one_moment(tmp_path: Path) -> None:
    log = SqliteAttentionLog(tmp_path / "attention.db")
    log.append([record("before")])
    reader = apsw.Connection(str(tmp_path / "attention.db"))
    reader.execute("BEGIN")
    table = next(
        name for (name,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if next(reader.execute(f"SELECT count(*) FROM {name}"))[0] == 1
    )  # fmt: skip
    for number in range(300):
        log.append([record(str(number))])
    assert next(reader.execute(f"SELECT count(*) FROM {table}"))[0] == 1
    assert log.last_sequence() == 301
    reader.execute("COMMIT")
    assert log.count_since(0) == 301
    reader.close()
    log.close()


@pytest.mark.slow
def test_a_lock_that_stays_is_a_sentence_and_nothing_was_recorded(tmp_path: Path) -> None:
    log = SqliteAttentionLog(tmp_path / "attention.db")
    other = apsw.Connection(str(tmp_path / "attention.db"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageFailed, match="stayed locked for 10 s by another process"):
        log.append([record("lost")])
    other.execute("ROLLBACK")
    assert log.get("lost") is None
    log.append([record("kept")])
    assert [one.id for one in log.read_since(0, 9)] == ["kept"]
    other.close()
    log.close()
