"""The next corpus version: the previous rows, less what is replaced, then what is new.

What was changed while a generation served is taken in first, as if it had been in the previous
version. Knows documents, passages and rows; knows no files and no formats. One writer at a time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count
from typing import IO, Literal

from index_builder.ingest.documents import Document
from reread.artefacts.documents import continues, document_source, rows_of_document
from reread.artefacts.passages import PassageStore, open_corpus
from reread.commit import committed_dir
from reread.home import Home, next_number, numbers
from reread.log.changes import Change, Edit
from reread.records import Passage

UNTOUCHED, KEPT, DROPPED = 0, 1, 2  # what this edit does with a row of the previous corpus
LIVE_PASSAGES = 2000  # more new ones than this wait for a build: a service encodes them one by one

Outcome = Literal["added", "replaced", "kept"]


class CorpusEdit:
    """Changes to the newest corpus, gathered and then committed as the next version."""

    def __init__(self, home: Home, pending: Sequence[Change] = (), changes: int = 0) -> None:
        """`pending` is what the change list has after the previous corpus, up to `changes`."""
        self._home = home
        self._base = open_corpus(home) if numbers(home.passages_dir) else None
        self._changes = changes
        self._extra = [one.passage for change in pending for one in change.passages]
        self._rows: dict[str, int] = {}  # passage id -> row of the previous corpus, then of `extra`
        self._sources: dict[str, list[range]] = {}
        count = 0 if self._base is None else len(self._base)
        self._state = bytearray(count + len(self._extra))
        self._taken_out = self._pending_rows(pending)
        for row in self._taken_out:
            self._state[row] = DROPPED
        self._scan()
        self._given: set[str] = set()  # passage ids of this edit
        self._spool: IO[str] = tempfile.TemporaryFile("w+", dir=_spool_folder(home))  # noqa: SIM115
        self._spooled = 0
        self._documents: list[Document] = []  # what was spooled, while that is little

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
        if self._spooled <= LIVE_PASSAGES:
            self._documents.append(document)
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

    def drop_source(self, source: str) -> list[str]:
        """Drop everything of a source that this edit does not name; the ids of its documents."""
        ids = [id for id, row in self._starts_of(source) if self._state[row] == UNTOUCHED]
        self._drop(self._rows_of(source))
        return ids

    def sources(self) -> list[str]:
        """Every source the previous corpus has, in the order of its rows."""
        return list(self._sources)

    def edits(self) -> list[Edit]:
        """This edit as changes to the previous corpus: what goes, then what is new.

        Only up to LIVE_PASSAGES new passages.
        """
        gone: dict[str, list[str]] = {}
        for source in self._sources:
            first = ""
            for row in self._rows_of(source):
                passage = self._row(row)
                first = passage.id if self._starts_document(row) or not first else first
                if self._state[row] == DROPPED:
                    gone.setdefault(first, []).append(passage.id)
        new = {one.id: one.passages for one in self._documents}
        removals = [Edit(id, (), tuple(ids)) for id, ids in gone.items() if id not in new]
        return removals + [Edit(id, ps, tuple(gone.get(id, ()))) for id, ps in new.items()]

    def removals(self) -> list[Edit]:
        """The documents this edit takes out and puts nothing in the place of."""
        return [one for one in self.edits() if not one.passages]

    @property
    def has_pending(self) -> bool:
        """Whether there are changes that the previous corpus has not."""
        return bool(self._extra or self._taken_out)

    @property
    def base_number(self) -> int:
        """The previous corpus; 0 where there is none."""
        return max(numbers(self._home.passages_dir), default=0)

    @property
    def changed(self) -> bool:
        """Whether this edit does anything, what was pending aside."""
        return self._spooled > 0 or self._state.count(DROPPED) > len(self._taken_out)

    @property
    def spooled(self) -> int:
        """New passages so far."""
        return self._spooled

    def __len__(self) -> int:
        return len(self._state) - self._state.count(DROPPED) + self._spooled

    def commit(self, on_row: Callable[[int], None] = lambda row: None) -> int:
        """Write passages/<n> if anything changed; the number of the newest corpus."""
        if not (self.changed or self.has_pending):
            return numbers(self._home.passages_dir)[-1]
        number = next_number(self._home.passages_dir)
        with committed_dir(self._home.passages_dir / str(number)) as scratch:
            PassageStore.create(scratch, self._result(on_row), changes=self._changes)
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
        for row, passage in self._held():
            if self._state[row] != DROPPED:
                yield passage

    def _scan(self) -> None:
        for row, passage in self._held():
            if self._state[row] == DROPPED:
                continue  # taken out while a generation served: this edit never sees it
            self._rows[passage.id] = row
            runs = self._sources.setdefault(document_source(passage.source), [])
            if runs and runs[-1].stop == row:
                runs[-1] = range(runs[-1].start, row + 1)
            else:
                runs.append(range(row, row + 1))

    def _held(self) -> Iterator[tuple[int, Passage]]:
        """Every row of the previous corpus, then those of the passages pending."""
        base = self._base.iterate(4096) if self._base is not None else ()
        own = (passage for batch in base for passage in batch)
        yield from enumerate(chain(own, self._extra))

    def _pending_rows(self, pending: Sequence[Change]) -> frozenset[int]:
        """The previous corpus' rows of every document that was changed since."""
        if self._base is None:
            return frozenset()
        found = (rows_of_document(self._base, one.document, one.drops) for one in pending)
        return frozenset(row for rows in found for row in rows)

    def _row(self, row: int) -> Passage:
        count = 0 if self._base is None else len(self._base)
        if row >= count:
            return self._extra[row - count]
        assert self._base is not None
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
        for later in range(row + 1, len(self._state)):
            passage = self._row(later)
            if not continues(first, before, passage):
                return
            yield later
            before = passage

    def _starts_of(self, source: str) -> Iterator[tuple[str, int]]:
        """(id, row) of each document of a source."""
        for row in self._rows_of(source):
            if self._starts_document(row):
                yield self._row(row).id, row

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
