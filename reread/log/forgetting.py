"""Takes a removed document out of the log: what was answered from it, and what people said of that.

The record stays, with its scores and ids, so that counts and cursors hold; its answer goes, for it
may repeat the document. Knows records and feedback; does not know who removed what.
"""

import json
from collections.abc import Collection
from dataclasses import replace

import apsw

from reread.log.database import Database
from reread.records import AnswerRecord

RECORDS_AT_ONCE = 500


def forget_passages(database: Database, ids: Collection[str]) -> int:
    """Blank every answer that was read from one of these passages; how many there were.

    May be done again at any time, and is: an answer that was on its way is found by the next pass.
    """
    wanted, forgotten, cursor = frozenset(ids), 0, 0
    while wanted:
        with database.transaction() as connection:
            last, changed = _forget_some(connection, wanted, cursor)
        if last is None:
            break
        cursor, forgotten = last, forgotten + changed
    return forgotten


def _forget_some(
    connection: apsw.Connection, ids: frozenset[str], cursor: int
) -> tuple[int | None, int]:
    """(last sequence looked at, records blanked); None at the end of the log."""
    rows = list(
        connection.execute(
            "SELECT sequence, id, body FROM answers WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (cursor, RECORDS_AT_ONCE),
        )
    )
    changed = 0
    for sequence, answer_id, body in rows:
        if not any(_spelled(id) in body for id in ids):
            continue
        blank = _blanked(AnswerRecord.from_json(body), ids)
        if blank is None:
            continue
        changed += 1
        connection.execute(
            "UPDATE answers SET body = ? WHERE sequence = ?", (blank.to_json(), sequence)
        )
        _blank_feedback(connection, answer_id)
    return (rows[-1][0] if rows else None), changed


def _spelled(id: str) -> str:
    return json.dumps(id)


def _blanked(record: AnswerRecord, ids: frozenset[str]) -> AnswerRecord | None:
    """The record without what it has from these passages; None where that is nothing."""
    touched = [one.id in ids and one.row is not None for one in record.passages]
    if not any(touched) or not record.answer:
        return None
    return replace(record, answer="")


def _blank_feedback(connection: apsw.Connection, answer_id: str) -> None:
    said = list(
        connection.execute("SELECT sequence, body FROM feedback WHERE answer_id = ?", (answer_id,))
    )
    for sequence, body in said:
        blank = json.dumps({**json.loads(body), "answer": None})
        connection.execute("UPDATE feedback SET body = ? WHERE sequence = ?", (blank, sequence))
