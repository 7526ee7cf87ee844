"""Takes a removed document out of the log: what was answered from it, and what people said of that.

The record stays, with its scores and ids, so that counts and cursors hold; its answer goes, for it
may repeat the document. The words of old records go in the same way. Knows records and feedback;
does not know who removed what.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import replace

import apsw

from reread.log.database import Database
from reread.log.privacy import without_words
from reread.records import AnswerRecord

RECORDS_AT_ONCE = 500


Checksum = Callable[[str, str], str]  # (id, body)


def forget_passages(database: Database, ids: Collection[str], checksum: Checksum) -> int:
    """Blank every answer that was read from one of these passages; how many there were.

    May be done again at any time, and is: an answer that was on its way is found by the next pass.
    """
    wanted, forgotten, cursor = frozenset(ids), 0, 0
    while wanted:
        with database.transaction() as connection:
            last, changed = _forget_some(connection, wanted, cursor, checksum)
        if last is None:
            break
        cursor, forgotten = last, forgotten + changed
    return forgotten


def expire_words(database: Database, before_s: float, after: int, checksum: Checksum) -> int:
    """Take the words out of records older than that; the last sequence that is done with.

    `after`: what an earlier call returned, so that a pass looks at what has become old since.
    """
    while True:
        with database.transaction() as connection:
            rows = list(
                connection.execute(
                    "SELECT sequence, CAST(id AS BLOB), CAST(body AS BLOB) FROM answers "
                    "WHERE sequence > ? ORDER BY sequence LIMIT ?",
                    (after, RECORDS_AT_ONCE),
                )
            )
            for sequence, id_bytes, body in rows:
                record = _parsed(body)
                if record is not None and record.created_s >= before_s:
                    return after
                if record is not None and record.words:
                    id, text = id_bytes.decode(), without_words(record).to_json()
                    connection.execute(
                        "UPDATE answers SET body = ?, checksum = ? WHERE sequence = ?",
                        (text, checksum(id, text), sequence),
                    )
                    _blank_feedback(connection, id, checksum)
                after = sequence
        if not rows:
            return after


def _forget_some(
    connection: apsw.Connection, ids: frozenset[str], cursor: int, checksum: Checksum
) -> tuple[int | None, int]:
    """(last sequence looked at, records blanked); None at the end of the log."""
    rows = list(
        connection.execute(
            "SELECT sequence, CAST(id AS BLOB), CAST(body AS BLOB) FROM answers "
            "WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (cursor, RECORDS_AT_ONCE),
        )
    )
    changed, spellings = 0, [json.dumps(id).encode() for id in ids]
    for sequence, id_bytes, body in rows:
        if not any(spelled in body for spelled in spellings):
            continue
        record = _read_from(body, ids)
        if record is None:
            continue
        answer_id = id_bytes.decode()
        if record.answer:
            text = replace(record, answer="").to_json()
            connection.execute(
                "UPDATE answers SET body = ?, checksum = ? WHERE sequence = ?",
                (text, checksum(answer_id, text), sequence),
            )
        corrected = _blank_feedback(connection, answer_id, checksum)
        changed += bool(record.answer or corrected)
    return (rows[-1][0] if rows else None), changed


def _read_from(body: bytes, ids: frozenset[str]) -> AnswerRecord | None:
    """The record where it was read from one of these passages."""
    record = _parsed(body)
    return record if record is not None and touches(record, ids) else None


def _parsed(body: bytes) -> AnswerRecord | None:
    try:
        return AnswerRecord.from_json(body.decode())
    except (ValueError, TypeError, KeyError):
        return None  # damaged: nobody reads it


def touches(record: AnswerRecord, ids: frozenset[str]) -> bool:
    """Whether it was read from one of these passages; a caller's own of that id is another."""
    return any(one.id in ids and one.row is not None for one in record.passages)


def _blank_feedback(connection: apsw.Connection, answer_id: str, checksum: Checksum) -> int:
    """Takes out what people typed, also where nothing had been answered; how often there was."""
    said = [
        (sequence, known)
        for sequence, body in connection.execute(
            "SELECT sequence, body FROM feedback WHERE answer_id = ?", (answer_id,)
        )
        if (known := json.loads(body)).get("answer") is not None
    ]
    for sequence, known in said:
        blank = json.dumps({**known, "answer": None})
        connection.execute(
            "UPDATE feedback SET body = ?, checksum = ? WHERE sequence = ?",
            (blank, checksum(answer_id, blank), sequence),
        )
    return len(said)
