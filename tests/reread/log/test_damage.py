"""What happens to the log's own file: flipped bits, a removed or replaced file, a new one."""

import random
import shutil
from pathlib import Path

import pytest

from reread.errors import CorruptArtefact, StorageFailed
from reread.log.attention_log import SqliteAttentionLog
from reread.log.jobs import JobBoard
from reread.records import AnswerRecord, Feedback, LoggedPassage

COUNT = 60


def record(number: int) -> AnswerRecord:
    passages = tuple(LoggedPassage(row, f"p{row}", 0.5, -1.25 * row) for row in range(10))
    return AnswerRecord(f"a{number}", f"question {number}", "x", 0.75, passages, 3, 2, "r", 12.5)


def fill(path: Path) -> bytes:
    log = SqliteAttentionLog(path)
    log.append([record(number) for number in range(COUNT)])
    log.append_feedback(Feedback("a3", "wrong", None, (), 1.0))
    log.close()
    return path.read_bytes()


def test_no_flipped_bit_goes_unnoticed_or_stops_the_reading(tmp_path: Path) -> None:
    """Defect: 16 of 119 flips went unnoticed and 70 raised raw errors."""
    path = tmp_path / "attention.db"
    sound, written = fill(path), {f"a{number}": record(number) for number in range(COUNT)}
    dice, partly = random.Random(6), 0
    for _ in range(150):
        broken = bytearray(sound)
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
        path.write_bytes(bytes(broken))
        try:
            log = SqliteAttentionLog(path)
            page = log.read_page(0, 1000)
            log.close()
        except CorruptArtefact:
            continue
        for one in page.records:
            assert one.to_json() == written[one.id].to_json()
        assert len(page.records) + len(page.damaged) >= COUNT or not page.records
        partly += bool(page.damaged and page.records)
    assert partly > 30  # most damage costs one record, not the log


def test_a_damaged_record_is_put_aside_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "attention.db"
    content = fill(path)
    path.write_bytes(content.replace(b'"question 7"', b'"question 8"'))
    log = SqliteAttentionLog(path)
    page = log.read_page(0, 10)
    assert (page.damaged, page.cursor, len(page.records)) == ((8,), 10, 9)
    assert [one.id for one in log.read_since(6, 3)] == ["a6", "a8", "a9"]
    with pytest.raises(CorruptArtefact, match="answer 'a7' is damaged"):
        log.get("a7")
    log.close()


def test_records_of_an_earlier_version_have_no_checksum_and_are_read(tmp_path: Path) -> None:
    path = tmp_path / "attention.db"
    fill(path)
    log = SqliteAttentionLog(path)
    with log._database.transaction() as connection:
        connection.execute("ALTER TABLE answers DROP COLUMN checksum")
        connection.execute("DROP TABLE about")
    log.close()
    again = SqliteAttentionLog(path)
    assert len(again.read_since(0, 1000)) == COUNT
    assert again.read_page(0, 1000).damaged == ()
    again.append([record(COUNT)])
    again.close()


@pytest.mark.parametrize("what", ["attention.db", "attention.db-wal"])
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_log_that_is_gone_refuses_and_says_so(tmp_path: Path, what: str, how: str) -> None:
    """Defect: answers went on into a removed file, and all were lost at the restart."""
    log = SqliteAttentionLog(tmp_path / "attention.db")
    log.append([record(1)])
    aside = tmp_path / "aside"
    (tmp_path / what).rename(aside)
    if how == "replaced":
        shutil.copy(aside, tmp_path / what)
    for refused in (lambda: log.append([record(2)]), log.probe, log.last_sequence):
        with pytest.raises(StorageFailed, match=r"removed or replaced .* put the same file back"):
            refused()
    aside.rename(tmp_path / what)  # the remedy, followed
    log.append([record(2)])
    assert log.last_sequence() == 2
    log.close()


def test_another_log_has_another_identity(tmp_path: Path) -> None:
    first = SqliteAttentionLog(tmp_path / "attention.db")
    same = SqliteAttentionLog(tmp_path / "attention.db")
    other = SqliteAttentionLog(tmp_path / "other.db")
    assert first.identity == same.identity != other.identity
    for one in (first, same, other):
        one.close()


def test_one_damaged_job_does_not_hide_the_others(tmp_path: Path) -> None:
    board = JobBoard(tmp_path / "jobs.db")
    job = board.request({"epochs": 2}, 0.0)
    with board._database.transaction() as connection:
        connection.execute("UPDATE jobs SET params = '[[[', metrics = 'null'")
    assert board.list()[0].params == {"damaged": True}
    assert board.get(job.id).metrics == {"damaged": True}
    board.close()
