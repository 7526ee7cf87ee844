"""What was added, replaced and removed since a corpus was written: a durable list, in order.

One row per document, the newest: a later change takes the earlier one's place, and its texts are
overwritten on disk. Every replica reads the same list. Knows documents as ids with passages; does
not know corpora, indexes or who reads the list.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import apsw

from reread.log.database import Database, Synchronous
from reread.records import CutFor, Passage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL UNIQUE,
    removed INTEGER NOT NULL,
    drops TEXT NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0,
    created_s REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS passages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    sequence INTEGER NOT NULL,
    id TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, source TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS cut_for (key TEXT PRIMARY KEY, reader TEXT NOT NULL, room INTEGER);
CREATE INDEX IF NOT EXISTS passages_sequence ON passages (sequence);
"""
_LAST = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'changes'"


@dataclass(frozen=True, slots=True)
class Edit:
    """What to change: a document's passages from now on; none removes it."""

    document: str
    passages: tuple[Passage, ...] = ()
    drops: tuple[str, ...] = ()  # ids of the passages it had, as far as the caller knows
    when_s: float | None = None  # when its text came in, where that was earlier than this change


@dataclass(frozen=True, slots=True)
class Numbered:
    """A passage that is in no corpus yet; its number is its own for ever and never used again."""

    number: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class Change:
    """The newest word on one document."""

    sequence: int
    document: str
    drops: frozenset[str]  # every passage id it ever had in this list, whatever it has now
    passages: tuple[Numbered, ...]  # none: it was removed
    when_s: float = 0.0

    @property
    def removed(self) -> bool:
        return not self.passages


class ChangeList:
    """Any process may open it and append; `sequence` only grows, also over removed rows."""

    def __init__(self, path: Path, synchronous: Synchronous = "normal") -> None:
        self._database = Database(path, _SCHEMA, synchronous)
        self._database.add_column("passages", "labels", "TEXT NOT NULL DEFAULT ''")

    def append(self, edits: Sequence[Edit], now: float, cut_for: CutFor | None = None) -> int:
        """All of them or none, durable on return; the last sequence.

        `cut_for`: the reader that their passages were cut for.
        """
        with self._database.transaction() as connection:
            if cut_for is not None:
                row = cut_for.key, cut_for.reader, cut_for.room
                connection.execute("INSERT OR IGNORE INTO cut_for VALUES (?, ?, ?)", row)
            for edit in edits:
                _replace(connection, edit, now)
            return int(list(connection.execute(_LAST))[0][0])

    def cut_for(self) -> tuple[CutFor, ...]:
        """The readers that passages of this list were cut for."""
        rows = self._database.rows("SELECT reader, room, key FROM cut_for")
        return tuple(CutFor(*row) for row in rows)

    def last_sequence(self) -> int:
        """0 where nothing was ever changed; cheap enough to ask before every search."""
        return int(self._database.rows(_LAST)[0][0])

    def since(self, sequence: int) -> list[Change]:
        """Changes after `sequence`, oldest first, each document once."""
        # One statement is one snapshot: a change between two would pair it with no passages.
        rows = self._database.rows(
            "SELECT c.sequence, c.document, c.drops, c.created_s, "
            "p.number, p.id, p.title, p.text, p.source, p.labels "
            "FROM changes c LEFT JOIN passages p ON p.sequence = c.sequence "
            "WHERE c.sequence > ? ORDER BY c.sequence, p.number",
            (sequence,),
        )
        return [_change(list(own)) for _, own in groupby(rows, key=lambda row: row[0])]

    def passages(self, numbers: Collection[int]) -> dict[int, Passage]:
        """Those of these passages that are still in the list."""
        marks = ", ".join("?" * len(numbers))
        rows = self._database.rows(
            "SELECT number, id, title, text, source, labels FROM passages "
            f"WHERE number IN ({marks})",
            tuple(numbers),
        )
        return {number: _passage(*fields) for number, *fields in rows}

    def removed_since(self, sequence: int) -> frozenset[str]:
        """Ids of all passages that changes after `sequence` took away."""
        rows = self._database.rows(
            "SELECT document, drops FROM changes WHERE sequence > ?", (sequence,)
        )
        return frozenset(id for document, drops in rows for id in (document, *json.loads(drops)))

    def unforgotten(self) -> list[Change]:
        """Removals whose documents' texts may still be in the log."""
        rows = self._database.rows(
            "SELECT sequence, document, drops FROM changes WHERE removed = 1 AND forgotten = 0"
        )
        return [Change(one, name, frozenset(json.loads(ids)), ()) for one, name, ids in rows]

    def removals(self) -> list[Change]:
        """Every removal the list still holds."""
        return [one for one in self.since(0) if one.removed]

    def mark_forgotten(self, sequences: Collection[int]) -> None:
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE changes SET forgotten = 1 WHERE sequence = ?", [(one,) for one in sequences]
            )

    def prune(self, sequence: int) -> None:
        """Forget changes up to `sequence`: every corpus that is left was written after them."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM passages WHERE sequence <= ?", (sequence,))
            connection.execute(
                "DELETE FROM changes WHERE sequence <= ? AND (removed = 0 OR forgotten = 1)",
                (sequence,),
            )
            connection.execute("DELETE FROM cut_for WHERE NOT EXISTS (SELECT 1 FROM passages)")

    def compact(self) -> bool:
        """Take what was overwritten out of the files themselves; False: try again later."""
        return self._database.compact()

    def close(self) -> None:
        self._database.close()


def _change(rows: list[tuple[Any, ...]]) -> Change:
    """One change from its rows, a row per passage; a removal has one without."""
    sequence, document, drops, when_s, *_ = rows[0]
    held = tuple(Numbered(row[4], _passage(*row[5:])) for row in rows if row[4] is not None)
    return Change(sequence, document, frozenset(json.loads(drops)), held, when_s)


def _passage(id: str, title: str, text: str, source: str, labels: str) -> Passage:
    return Passage(id, title, text, source, tuple(labels.split()))


def _replace(connection: apsw.Connection, edit: Edit, now: float) -> None:
    """The document's earlier row and texts go; what it dropped stays known."""
    earlier = list(
        connection.execute(
            "SELECT sequence, drops FROM changes WHERE document = ?", (edit.document,)
        )
    )
    drops = set(edit.drops)
    for sequence, known in earlier:
        drops |= set(json.loads(known))
        held = connection.execute("SELECT id FROM passages WHERE sequence = ?", (sequence,))
        drops |= {id for (id,) in held}
        connection.execute("DELETE FROM passages WHERE sequence = ?", (sequence,))
        connection.execute("DELETE FROM changes WHERE sequence = ?", (sequence,))
    connection.execute(
        "INSERT INTO changes (document, removed, drops, created_s) VALUES (?, ?, ?, ?)",
        (edit.document, not edit.passages, json.dumps(sorted(drops)), edit.when_s or now),
    )
    sequence = connection.last_insert_rowid()
    connection.executemany(
        "INSERT INTO passages (sequence, id, title, text, source, labels) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (sequence, one.id, one.title, one.text, one.source, " ".join(one.labels))
            for one in edit.passages
        ],
    )
