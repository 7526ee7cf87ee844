"""The power goes at any write of the log: `full` loses nothing acknowledged, `normal` an end of it.

The disk keeps what was synced, and any part of what was not.
"""

from pathlib import Path
from random import Random
from typing import Literal

import apsw
import pytest

from reread.log.attention_log import SqliteAttentionLog
from reread.records import AnswerRecord
from tests.reread.log.power import Disk

RECORDS, CRASHES = 60, 120


def written(folder: Path, kept: Literal["normal", "full"]) -> tuple[Disk, list[int]]:
    """The disk, and after how many of its steps each record was acknowledged."""
    with Disk() as disk:
        log, acknowledged = SqliteAttentionLog(folder / "attention.db", kept), []
        for number in range(RECORDS):
            text = "word " * (number % 7 * 400)
            log.append([AnswerRecord(f"a{number}", "q", text, 0.5, (), 1, 1, "r", 1.0)])
            acknowledged.append(len(disk.steps))
            if number % 20 == 19:
                log.compact()  # the write-ahead file is taken into the database, and emptied
        log.close()
    return disk, acknowledged


@pytest.mark.parametrize("kept", ["normal", "full"])
def test_the_power_goes_at_any_write(tmp_path: Path, kept: Literal["normal", "full"]) -> None:
    (tmp_path / "disk").mkdir()
    disk, acknowledged = written(tmp_path / "disk", kept)
    chance, losses = Random(0), 0
    for crash in range(CRASHES):
        count = chance.randrange(acknowledged[0], len(disk.steps) + 1)
        folder = tmp_path / str(crash)
        folder.mkdir()
        disk.after(count, chance, folder)
        with_wal = apsw.Connection(str(folder / "attention.db"))
        assert with_wal.execute("PRAGMA integrity_check").get == "ok"
        with_wal.close()
        log = SqliteAttentionLog(folder / "attention.db", kept)
        page = log.read_page(0, 2 * RECORDS)
        log.append([AnswerRecord("next", "q", "", 0.5, (), 1, 1, "r", 1.0)])
        log.close()
        due = sum(place <= count for place in acknowledged)
        assert page.damaged == ()
        found = [one.id for one in page.records]
        assert found == [f"a{number}" for number in range(len(found))]  # no gap, none of its parts
        losses += len(found) < due
    assert losses == 0 if kept == "full" else losses > CRASHES // 4
