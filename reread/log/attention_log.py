"""The durable record of every answer, written by the service and read by the trainer.

Knows how records are kept in order, when they are durable and whether they are still what was
written; does not know what they mean. `append` and `append_feedback` return after the commit, so
what was acknowledged is never lost.
"""

import hashlib
import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from reread.errors import CorruptArtefact
from reread.log.database import Database, Synchronous
from reread.log.forgetting import expire_words, forget_passages
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
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# As bytes: a flipped bit may leave text that is no UTF-8, or a value that is no text.
_ANSWER = "sequence, CAST(id AS BLOB), CAST(body AS BLOB), CAST(checksum AS BLOB)"


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some records in order; `damaged` are the sequences of those that are not what was written."""

    records: tuple[AnswerRecord, ...]
    damaged: tuple[int, ...]
    cursor: int  # the last sequence looked at; the next page begins after it


class AttentionLog(Protocol):
    """What the service appends to and the trainer reads; sequences only grow."""

    @property
    def identity(self) -> str:
        """Other for another log, so nobody takes a cursor of one for a place in the other."""

    def append(self, records: Sequence[AnswerRecord]) -> None: ...
    def read_page(self, cursor: int, limit: int) -> LogPage: ...
    def read_since(self, cursor: int, limit: int) -> list[AnswerRecord]: ...
    def get(self, id: str) -> AnswerRecord | None: ...
    def count_since(self, cursor: int) -> int: ...
    def last_sequence(self) -> int: ...
    def append_feedback(self, feedback: Feedback) -> None: ...
    def feedback(self, answer_id: str) -> list[Feedback]: ...
    def feedback_since(self, cursor: int) -> list[Feedback]: ...
    def probe(self) -> None:
        """Raise StorageFailed where nothing could be recorded now."""

    @property
    def warning(self) -> str | None:
        """What an operator should look at although answers are recorded."""

    def forget(self, passage_ids: Collection[str]) -> int:
        """Blank the answers that were read from these passages; how many there were."""

    def expire(self, before_s: float, after: int) -> int:
        """Take the words out of older records; the last sequence done with, the next `after`."""

    def compact(self) -> bool:
        """Take what was overwritten out of the files themselves; False: try again later."""

    def settle(self, consumer: str) -> int:
        """Take delivery of what was appended since; how many unreadable entries were put aside."""

    def close(self) -> None: ...


class SqliteAttentionLog:
    """The log in one SQLite file; an id appended twice is kept once, so retries are harmless."""

    def __init__(self, path: Path, synchronous: Synchronous = "normal") -> None:
        self._database = Database(path, _SCHEMA, synchronous)
        for table in ("answers", "feedback"):
            self._database.add_column(table, "checksum", "TEXT")
        self._identity = self._find_identity()

    @property
    def identity(self) -> str:
        return self._identity

    def append(self, records: Sequence[AnswerRecord]) -> None:
        """All of them or none, durable on return; raises StorageFailed when the disk is full."""
        pairs = [(record.id, record.to_json()) for record in records]
        rows = [(id, body, checksum_of(id, body)) for id, body in pairs]
        insert = "INSERT OR IGNORE INTO answers (id, body, checksum) VALUES (?, ?, ?)"
        with self._database.transaction() as connection:
            connection.executemany(insert, rows)

    def read_page(self, cursor: int, limit: int) -> LogPage:
        """The next `limit` records after `cursor`, oldest first; cursor 0 is the beginning."""
        query = f"SELECT {_ANSWER} FROM answers WHERE sequence > ? ORDER BY sequence LIMIT ?"
        try:
            rows = self._database.rows(query, (cursor, limit))
        except CorruptArtefact:
            return self._read_one_by_one(cursor, limit)
        return _page_of(rows, cursor)

    def read_since(self, cursor: int, limit: int) -> list[AnswerRecord]:
        """The next `limit` sound records after `cursor`."""
        records: list[AnswerRecord] = []
        while len(records) < limit:
            page = self.read_page(cursor, limit - len(records))
            if page.cursor == cursor:
                break
            records += page.records
            cursor = page.cursor
        return records

    def get(self, id: str) -> AnswerRecord | None:
        rows = self._database.rows(f"SELECT {_ANSWER} FROM answers WHERE id = ?", (id,))
        if not rows:
            return None
        record = _record_of(rows[0])
        if record is None:
            raise CorruptArtefact(
                f"The record of answer {id[:64]!r} is damaged in the log, so its scores are not "
                f"shown: restore the log from a backup, or ask the question again"
            )
        return record

    def count_since(self, cursor: int) -> int:
        query = "SELECT count(*) FROM answers WHERE sequence > ?"
        return int(self._database.rows(query, (cursor,))[0][0])

    def last_sequence(self) -> int:
        """0 for an empty log."""
        return int(self._database.rows("SELECT coalesce(max(sequence), 0) FROM answers")[0][0])

    def append_feedback(self, feedback: Feedback) -> None:
        body = json.dumps(asdict(feedback))
        row = (feedback.answer_id, body, checksum_of(feedback.answer_id, body))
        insert = "INSERT INTO feedback (answer_id, body, checksum) VALUES (?, ?, ?)"
        with self._database.transaction() as connection:
            connection.execute(insert, row)

    def feedback(self, answer_id: str) -> list[Feedback]:
        """What was said about one answer, oldest first; what is damaged was not said."""
        query = (
            "SELECT sequence, CAST(answer_id AS BLOB), CAST(body AS BLOB), "
            "CAST(checksum AS BLOB) FROM feedback WHERE answer_id = ? ORDER BY sequence"
        )
        return self._said(query, answer_id)

    def feedback_since(self, cursor: int) -> list[Feedback]:
        """What was said about the answers with sequence > cursor, oldest word first."""
        query = (
            "SELECT feedback.sequence, CAST(answer_id AS BLOB), CAST(feedback.body AS BLOB), "
            "CAST(feedback.checksum AS BLOB) FROM feedback "
            "JOIN answers ON answers.id = feedback.answer_id "
            "WHERE answers.sequence > ? ORDER BY feedback.sequence"
        )
        return self._said(query, cursor)

    def probe(self) -> None:
        """Writes a row: only that tells a full or read-only disk from a sound one."""
        replace = "INSERT OR REPLACE INTO about VALUES ('probe', hex(randomblob(8)))"
        with self._database.transaction() as connection:
            connection.execute(replace)

    @property
    def warning(self) -> str | None:
        return None

    def settle(self, consumer: str) -> int:
        return 0  # nothing is delivered: a damaged row is passed over where it lies

    def forget(self, passage_ids: Collection[str]) -> int:
        """Blank the answers that were read from these passages; how many there were."""
        return forget_passages(self._database, passage_ids, checksum_of)

    def expire(self, before_s: float, after: int) -> int:
        """Take the words out of older records; the last sequence done with, the next `after`."""
        return expire_words(self._database, before_s, after, checksum_of)

    def compact(self) -> bool:
        """Take what was overwritten out of the files themselves; False: try again later."""
        return self._database.compact()

    def close(self) -> None:
        self._database.close()

    def _said(self, query: str, value: str | int) -> list[Feedback]:
        said = [_feedback_of(row) for row in self._database.rows(query, (value,))]
        return [one for one in said if one is not None]

    def _find_identity(self) -> str:
        query = "SELECT value FROM about WHERE name = 'identity'"
        known = self._database.rows(query)  # first: a home may be read-only
        if not known:
            with self._database.transaction() as connection:
                connection.execute(
                    "INSERT OR IGNORE INTO about VALUES ('identity', ?)", (secrets.token_hex(8),)
                )
            known = self._database.rows(query)
        return str(known[0][0])

    def _read_one_by_one(self, cursor: int, limit: int) -> LogPage:
        """Past a page of the file that cannot be read: what lies on the others is still there."""
        last = self.last_sequence()
        query = f"SELECT {_ANSWER} FROM answers WHERE sequence = ?"
        pages: list[LogPage] = []
        for sequence in range(cursor + 1, min(cursor + limit, last) + 1):
            try:
                pages.append(_page_of(self._database.rows(query, (sequence,)), sequence))
            except CorruptArtefact:
                pages.append(LogPage((), (sequence,), sequence))
        records = tuple(one for page in pages for one in page.records)
        damaged = tuple(one for page in pages for one in page.damaged)
        return LogPage(records, damaged, min(cursor + limit, max(cursor, last)))


def checksum_of(id: str, body: str) -> str:
    """Of one record as it is stored, bound to its id."""
    return hashlib.blake2b(f"{id}\n{body}".encode(), digest_size=16).hexdigest()


def parse_record(id: str, body: str, checksum: str | None, sequence: int) -> AnswerRecord | None:
    """None where it is not what was written; records of an earlier version have no checksum."""
    if checksum is not None and checksum != checksum_of(id, body):
        return None
    try:
        record = AnswerRecord.from_json(body, sequence)
        return record if record.id == id else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def parse_feedback(answer_id: str, body: str, checksum: str | None) -> Feedback | None:
    """None where it is not what was written."""
    if checksum is not None and checksum != checksum_of(answer_id, body):
        return None
    try:
        fields = json.loads(body)
        return Feedback(**{**fields, "passage_ids": tuple(fields["passage_ids"])})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _page_of(rows: Sequence[tuple[Any, ...]], cursor: int) -> LogPage:
    found = [(int(row[0]), _record_of(row)) for row in rows]
    return LogPage(
        tuple(record for _, record in found if record is not None),
        tuple(sequence for sequence, record in found if record is None),
        max((sequence for sequence, _ in found), default=cursor),
    )


def _record_of(row: tuple[Any, ...]) -> AnswerRecord | None:
    texts = _texts_of(row)
    return None if texts is None else parse_record(*texts, int(row[0]))


def _feedback_of(row: tuple[Any, ...]) -> Feedback | None:
    texts = _texts_of(row)
    return None if texts is None else parse_feedback(*texts)


def _texts_of(row: tuple[Any, ...]) -> tuple[str, str, str | None] | None:
    """(id, body, checksum), or None where one is no text any more."""
    _, id, body, checksum = row
    try:
        return id.decode(), body.decode(), None if checksum is None else checksum.decode()
    except (AttributeError, UnicodeDecodeError):
        return None
