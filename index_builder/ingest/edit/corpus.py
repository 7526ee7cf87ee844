"""The next corpus version: the previous rows, less what is replaced, then what is new.

What was changed while a generation served is taken in first, as if it had been in the previous
version. Knows documents, passages and rows; knows no files and no formats. One writer at a time.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Literal

from index_builder.ingest.documents import Document
from index_builder.ingest.edit.spool import Spool
from index_builder.ingest.edit.standing import Standing
from reread.artefacts.documents import document_source, grouped
from reread.artefacts.passages import PassageStore, open_corpus
from reread.commit import committed_dir
from reread.home import Home, next_number, numbers
from reread.live.fit import Sees, Unfit, unfit_of
from reread.log.changes import Change, Edit
from reread.records import CutFor, Passage

UNTOUCHED, KEPT, DROPPED = 0, 1, 2  # what this edit does with a row of the previous corpus
LIVE_PASSAGES = 2000  # more new ones than this wait for a build: a service encodes them one by one

Outcome = Literal["added", "replaced", "kept"]


class CorpusEdit:
    """Changes to the newest corpus, gathered and then committed as the next version."""

    def __init__(
        self,
        home: Home,
        pending: Sequence[Change] = (),
        changes: int = 0,
        cut_for: Sequence[CutFor] = (),
    ) -> None:
        """`pending` is what the change list has after the previous corpus, up to `changes`.

        `cut_for`: the readers that its passages were cut for.
        """
        self._home = home
        base = open_corpus(home) if numbers(home.passages_dir) else None
        self._standing = Standing(base, pending)
        self._changes = changes
        before = () if base is None else base.cut_for
        self.reader: CutFor | None = None  # that new passages are cut for
        self._cut_for = tuple(dict.fromkeys([*before, *cut_for]))
        self._times = array("d")  # of the rows written so far
        self._state = bytearray(len(self._standing))
        for row in self._standing.taken_out:
            self._state[row] = DROPPED
        self._given: set[str] = set()  # passage ids of this edit
        home.create()
        self._spool = Spool(home.passages_dir, LIVE_PASSAGES)

    def close(self) -> None:
        self._spool.close()

    def source_of(self, id: str) -> str | None:
        """Where the previous corpus has this document from, or None."""
        row = self._standing.row_of(id)
        return None if row is None else document_source(self._standing[row].source)

    def labels_of(self, id: str) -> tuple[str, ...]:
        """The access labels the previous corpus has of this document."""
        row = self._standing.row_of(id)
        return () if row is None else self._standing[row].labels

    def labels_of_source(self, source: str) -> tuple[str, ...]:
        """Those of everything the previous corpus has from there."""
        rows = self._standing.rows_of(source)
        return tuple(sorted({label for row in rows for label in self._standing[row].labels}))

    def is_given(self, id: str) -> bool:
        """Whether this edit already has a passage with this id."""
        return id in self._given

    def is_taken(self, id: str) -> bool:
        """Whether this edit or the previous corpus has a passage with this id."""
        return id in self._given or self._standing.row_of(id) is not None

    def keep_source(self, source: str) -> int:
        """Everything the previous corpus has of a source stays; the number of its passages."""
        rows = list(self._standing.rows_of(source))
        for row in rows:
            self._state[row] = KEPT
            self._given.add(self._standing[row].id)
        return len(rows)

    def put(self, document: Document, *, whole_source: str | None = None) -> Outcome:
        """Add a document or replace the one of its id; `whole_source`: all of that source."""
        self._given.update(passage.id for passage in document.passages)
        old = [self._standing.row_of(passage.id) for passage in document.passages]
        if all(
            row is not None and self._standing[row] == passage
            for row, passage in zip(old, document.passages, strict=True)
        ):
            for row in old:
                self._state[row or 0] = KEPT
            return "kept"
        dropped = self._drop(self._standing.parts_of(document.id))
        if whole_source is not None:
            dropped |= self._drop(self._standing.rows_of(whole_source))
        self._spool.put(document)
        return "replaced" if dropped else "added"

    def remove(self, id: str) -> bool:
        """Drop the document of this id; False when there is none."""
        return self._drop(self._standing.parts_of(id))

    def drop_rest_of(self, source: str) -> int:
        """Drop what a source no longer has; the number of documents that went."""
        gone = [row for row in self._standing.rows_of(source) if self._state[row] == UNTOUCHED]
        starts = sum(self._standing.starts_document(row) for row in gone)
        self._drop(iter(gone))
        return starts

    def drop_source(self, source: str) -> list[str]:
        """Drop everything of a source that this edit does not name; the ids of its documents."""
        rows = self._standing.rows_of(source)
        starts = [row for row in rows if self._standing.starts_document(row)]
        ids = [self._standing[row].id for row in starts if self._state[row] == UNTOUCHED]
        self._drop(self._standing.rows_of(source))
        return ids

    def documents(self) -> Iterator[Document]:
        """Every document the previous corpus has and this edit leaves as it is."""
        for held in grouped(self._survivors()):
            row = self._standing.row_of(held[0].id)
            when_s = None if row is None else self._standing.ingested_s(row)
            yield Document(held[0].id, tuple(held), when_s)

    def unfit(self, sight: Sees) -> Unfit | None:
        """What stays of the previous corpus and was cut for another reader, if it is too long."""
        return unfit_of(self._cut_for, self._survivors(), sight)

    def is_cut_for(self, reader: CutFor, *, fits: bool) -> None:
        """New passages are cut for this reader; `fits`: those that stay fit it too."""
        self.reader = reader
        if fits:
            self._cut_for = (reader,)
        elif self._spool.passages:
            self._cut_for = tuple(dict.fromkeys([*self._cut_for, reader]))

    def sources(self) -> list[str]:
        """Every source the previous corpus has, in the order of its rows."""
        return self._standing.sources()

    def edits(self) -> list[Edit]:
        """This edit as changes to the previous corpus: what goes, then what is new.

        Only up to LIVE_PASSAGES new passages.
        """
        new = {one.id: one for one in self._spool.documents}
        gone: dict[str, list[str]] = {}
        for row in self._dropped():
            own, document = self._standing[row].id, self._standing.document_of(row)
            goes = document in new or self._is_dropped(document)
            gone.setdefault(document if goes else own, []).append(own)
        removals = [Edit(id, (), tuple(ids)) for id, ids in gone.items() if id not in new]
        puts = [
            Edit(one.id, one.passages, tuple(gone.get(one.id, ())), one.when_s)
            for one in new.values()
        ]
        spared = [one for edit in removals + puts for one in self._spared(edit.document)]
        return removals + puts + spared

    def _is_dropped(self, id: str) -> bool:
        row = self._standing.row_of(id)
        return row is None or self._state[row] == DROPPED

    def _spared(self, id: str) -> Iterator[Edit]:
        """Records that stay and are numbered as parts of one that does not: it would take them."""
        for row in self._standing.parts_of(id):
            one = self._standing[row]
            if self._state[row] == DROPPED:
                continue
            yield Edit(one.id, (one,), (one.id,), self._standing.ingested_s(row))

    def removals(self) -> list[Edit]:
        """The documents this edit takes out and puts nothing in the place of."""
        return [one for one in self.edits() if not one.passages]

    @property
    def has_pending(self) -> bool:
        """Whether there are changes that the previous corpus has not."""
        return self._standing.is_changed

    @property
    def base_number(self) -> int:
        """The previous corpus; 0 where there is none."""
        return max(numbers(self._home.passages_dir), default=0)

    @property
    def changed(self) -> bool:
        """Whether this edit does anything, what was pending aside."""
        return self._spool.passages > 0 or self._state.count(DROPPED) > len(
            self._standing.taken_out
        )

    @property
    def spooled(self) -> int:
        """New passages so far."""
        return self._spool.passages

    def __len__(self) -> int:
        return len(self._state) - self._state.count(DROPPED) + self._spool.passages

    def commit(
        self, on_row: Callable[[int], None] = lambda row: None, now_s: float | None = None
    ) -> int:
        """Write passages/<n> if anything changed; the number of the newest corpus.

        `now_s`: when what is new came in.
        """
        if not (self.changed or self.has_pending):
            return numbers(self._home.passages_dir)[-1]
        number = next_number(self._home.passages_dir)
        with committed_dir(self._home.passages_dir / str(number)) as scratch:
            PassageStore.create(
                scratch, self._result(on_row, now_s), changes=self._changes,
                cut_for=self._cut_for, times=self._times,
            )  # fmt: skip
        return number

    def _result(self, on_row: Callable[[int], None], now_s: float | None) -> Iterator[Passage]:
        del self._times[:]
        done = count(1)
        for row, passage in self._surviving():
            on_row(next(done))
            self._keep_time(self._standing.ingested_s(row))
            yield passage
        for passage, when_s in self._spool.read():
            on_row(next(done))
            self._keep_time(now_s if when_s is None else when_s)
            yield passage

    def _keep_time(self, when_s: float | None) -> None:
        self._times.append(math.nan if when_s is None else when_s)

    def _survivors(self) -> Iterator[Passage]:
        return (passage for _, passage in self._surviving())

    def _surviving(self) -> Iterator[tuple[int, Passage]]:
        return ((row, one) for row, one in self._standing.rows() if self._state[row] != DROPPED)

    def _dropped(self) -> Iterator[int]:
        """The rows that this edit drops, in order."""
        row = self._state.find(DROPPED)
        while row >= 0:
            if row not in self._standing.taken_out:
                yield row
            row = self._state.find(DROPPED, row + 1)

    def _drop(self, rows: Iterator[int]) -> bool:
        """Mark rows as dropped unless this edit keeps them; whether any was."""
        any_dropped = False
        for row in list(rows):
            if self._state[row] == UNTOUCHED:
                self._state[row] = DROPPED
                any_dropped = True
        return any_dropped
