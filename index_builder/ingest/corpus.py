"""The next corpus version: the previous rows, less what is replaced, then what is new.

Knows documents, passages and rows; knows no files and no formats. One writer at a time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from typing import IO, Literal

from index_builder.ingest.documents import Document, continues, document_source
from reread.artefacts.passages import PassageStore, open_corpus
from reread.commit import committed_dir
from reread.home import Home, next_number, numbers
from reread.records import Passage

UNTOUCHED, KEPT, DROPPED = 0, 1, 2  # what this edit does with a row of the previous corpus

Outcome = Literal["added", "replaced", "kept"]


class CorpusEdit:
    """Changes to the newest corpus, gathered and then committed as the next version."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._base = open_corpus(home) if numbers(home.passages_dir) else None
        self._rows: dict[str, int] = {}  # passage id -> row of the previous corpus
        self._sources: dict[str, list[range]] = {}
        self._scan()
        self._state = bytearray(len(self._rows))
        self._given: set[str] = set()  # passage ids of this edit
        self._spool: IO[str] = tempfile.TemporaryFile("w+", dir=_spool_folder(home))  # noqa: SIM115
        self._spooled = 0

    def close(self) -> None:
        self._spool.close()

    def source_of(self, id: str) -> str | None:
        """Where the previous corpus has this document from, or None."""
        row = self._rows.get(id)
        return None if row is None else document_source(self._row(row).source)

    def is_given(self, id: str) -> bool:
        """Whether this edit already has a passage with this id."""
        return id in self._given

    def keep_source(self, source: str) -> int:
        """Everything the previous corpus has of a source stays; the number of its passages."""
        for row in self._rows_of(source):
            self._state[row] = KEPT
            self._given.add(self._row(row).id)
        return sum(map(len, self._sources.get(source, ())))

    def put(self, document: Document, *, whole_source: str | None = None) -> Outcome:
        """Add a document or replace the one of its id; `whole_source`: all of that source."""
        self._given.update(passage.id for passage in document.passages)
        old = [self._rows.get(passage.id) for passage in document.passages]
        if all(
            row is not None and self._row(row) == passage
            for row, passage in zip(old, document.passages, strict=True)
        ):
            for row in old:
                self._state[row or 0] = KEPT
            return "kept"
        dropped = self._drop(self._parts_of(document.id))
        if whole_source is not None:
            dropped |= self._drop(self._rows_of(whole_source))
        for passage in document.passages:
            fields = [passage.id, passage.title, passage.text, passage.source]
            self._spool.write(json.dumps(fields) + "\n")
        self._spooled += len(document.passages)
        return "replaced" if dropped else "added"

    def remove(self, id: str) -> bool:
        """Drop the document of this id; False when there is none."""
        return self._drop(self._parts_of(id))

    def drop_rest_of(self, source: str) -> int:
        """Drop what a source no longer has; the number of documents that went."""
        gone = [row for row in self._rows_of(source) if self._state[row] == UNTOUCHED]
        starts = sum(self._starts_document(row) for row in gone)
        self._drop(iter(gone))
        return starts

    @property
    def changed(self) -> bool:
        return self._spooled > 0 or DROPPED in self._state

    def __len__(self) -> int:
        return len(self._state) - self._state.count(DROPPED) + self._spooled

    def commit(self, on_row: Callable[[int], None] = lambda row: None) -> int:
        """Write passages/<n> if anything changed; the number of the newest corpus."""
        if not self.changed:
            return numbers(self._home.passages_dir)[-1]
        number = next_number(self._home.passages_dir)
        with committed_dir(self._home.passages_dir / str(number)) as scratch:
            PassageStore.create(scratch, self._result(on_row))
        return number

    def _result(self, on_row: Callable[[int], None]) -> Iterator[Passage]:
        done = count(1)
        for passage in self._survivors():
            on_row(next(done))
            yield passage
        self._spool.seek(0)
        for line in self._spool:
            on_row(next(done))
            yield Passage(*json.loads(line))

    def _survivors(self) -> Iterator[Passage]:
        row = 0
        for batch in self._base.iterate(4096) if self._base is not None else ():
            for passage in batch:
                if self._state[row] != DROPPED:
                    yield passage
                row += 1

    def _scan(self) -> None:
        row = 0
        for batch in self._base.iterate(4096) if self._base is not None else ():
            for passage in batch:
                self._rows[passage.id] = row
                runs = self._sources.setdefault(document_source(passage.source), [])
                if runs and runs[-1].stop == row:
                    runs[-1] = range(runs[-1].start, row + 1)
                else:
                    runs.append(range(row, row + 1))
                row += 1

    def _row(self, row: int) -> Passage:
        if self._base is None:
            raise LookupError(f"row {row} of a corpus that does not exist")
        return self._base[row]

    def _rows_of(self, source: str) -> Iterator[int]:
        for run in self._sources.get(source, ()):
            yield from run

    def _parts_of(self, id: str) -> Iterator[int]:
        row = self._rows.get(id)
        if row is None:
            return
        first = before = self._row(row)
        yield row
        for later in range(row + 1, len(self._rows)):
            passage = self._row(later)
            if not continues(first, before, passage):
                return
            yield later
            before = passage

    def _starts_document(self, row: int) -> bool:
        passage = self._row(row)
        document, _, number = passage.id.rpartition(".")
        return not (number.isdecimal() and document in self._rows)

    def _drop(self, rows: Iterator[int]) -> bool:
        """Mark rows as dropped unless this edit keeps them; whether any was."""
        any_dropped = False
        for row in list(rows):
            if self._state[row] == UNTOUCHED:
                self._state[row] = DROPPED
                any_dropped = True
        return any_dropped


def _spool_folder(home: Home) -> str:
    home.create()
    return str(home.passages_dir)
