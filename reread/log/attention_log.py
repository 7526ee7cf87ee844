"""The durable record of every answer, written by the service and read by the trainer.

Knows how records are kept in order and when they are durable; does not know what they mean.
`append` and `append_feedback` return after the commit, so what was acknowledged is never lost.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from reread.log.database import Database, Synchronous
from reread.records import AnswerRecord, Feedback

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS feedback (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    answer_id TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_answer ON feedback (answer_id);
"""


class AttentionLog(Protocol):
    """What the service appends to and the trainer reads; sequences only grow."""

    def append(self, records: Sequence[AnswerRecord]) -> None: ...
    def read_since(self, cursor: int, limit: int) -> list[AnswerRecord]: ...
    def get(self, id: str) -> AnswerRecord | None: ...
    def count_since(self, cursor: int) -> int: ...
    def last_sequence(self) -> int: ...
    def append_feedback(self, feedback: Feedback) -> None: ...
    def feedback(self, answer_id: str) -> list[Feedback]: ...
    def feedback_since(self, cursor: int) -> list[Feedback]: ...
    def close(self) -> None: ...


class SqliteAttentionLog:
    """The log in one SQLite file; an id appended twice is kept once, so retries are harmless."""

    def __init__(self, path: Path, synchronous: Synchronous = "normal") -> None:
        self._database = Database(path, _SCHEMA, synchronous)

    def append(self, records: Sequence[AnswerRecord]) -> None:
        """All of them or none, durable on return; raises StorageFailed when the disk is full."""
        rows = [(record.id, record.to_json()) for record in records]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO answers (id, body) VALUES (?, ?)", rows)

    def read_since(self, cursor: int, limit: int) -> list[AnswerRecord]:
        """Records with sequence > cursor, oldest first; cursor 0 is the beginning."""
        rows = self._database.rows(
            "SELECT body, sequence FROM answers WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (cursor, limit),
        )
        return [AnswerRecord.from_json(body, sequence) for body, sequence in rows]

    def get(self, id: str) -> AnswerRecord | None:
        rows = self._database.rows("SELECT body, sequence FROM answers WHERE id = ?", (id,))
        return AnswerRecord.from_json(*rows[0]) if rows else None

    def count_since(self, cursor: int) -> int:
        query = "SELECT count(*) FROM answers WHERE sequence > ?"
        return int(self._database.rows(query, (cursor,))[0][0])

    def last_sequence(self) -> int:
        """0 for an empty log."""
        return int(self._database.rows("SELECT coalesce(max(sequence), 0) FROM answers")[0][0])

    def append_feedback(self, feedback: Feedback) -> None:
        row = (feedback.answer_id, json.dumps(asdict(feedback)))
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO feedback (answer_id, body) VALUES (?, ?)", row)

    def feedback(self, answer_id: str) -> list[Feedback]:
        """What was said about one answer, oldest first."""
        query = "SELECT body FROM feedback WHERE answer_id = ? ORDER BY sequence"
        return [_feedback(row[0]) for row in self._database.rows(query, (answer_id,))]

    def feedback_since(self, cursor: int) -> list[Feedback]:
        """What was said about the answers with sequence > cursor, oldest word first."""
        query = (
            "SELECT feedback.body FROM feedback JOIN answers ON answers.id = feedback.answer_id "
            "WHERE answers.sequence > ? ORDER BY feedback.sequence"
        )
        return [_feedback(row[0]) for row in self._database.rows(query, (cursor,))]

    def close(self) -> None:
        self._database.close()


def _feedback(body: str) -> Feedback:
    one = json.loads(body)
    return Feedback(**{**one, "passage_ids": tuple(one["passage_ids"])})
