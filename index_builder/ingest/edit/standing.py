"""What stands before an edit of the corpus: its rows as they are found by id, source and document.

The rows of the previous corpus, then those that were added since while a generation served; what
was taken out since is not seen. Looking at a few of them reads a few of them: of the whole corpus
it reads the column of sources, and the column of ids once many were asked for. Changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain

from reread.artefacts.documents import continues, document_source, rows_of_document
from reread.artefacts.passages import PassageStore
from reread.log.changes import Change
from reread.records import Passage

LOOKED_UP = 2000  # ids found one by one on disk; for more the whole column is faster
AT_ONCE = 4096


class Standing:
    """Immutable; a row of the previous corpus keeps its number."""

    def __init__(self, base: PassageStore | None, pending: Sequence[Change]) -> None:
        """`pending` is what the change list has after `base`."""
        self._base = base
        self._count = 0 if base is None else len(base)
        self._extra = [one.passage for change in pending for one in change.passages]
        self._extra_s = [change.when_s for change in pending for _ in change.passages]
        self._extra_rows = {one.id: self._count + at for at, one in enumerate(self._extra)}
        self._looked_up = 0
        self.taken_out = frozenset(self._changed_rows(pending))

    def __len__(self) -> int:
        """Rows, those taken out among them."""
        return self._count + len(self._extra)

    @property
    def is_changed(self) -> bool:
        """Whether the previous corpus is not all of it."""
        return bool(self._extra or self.taken_out)

    def __getitem__(self, row: int) -> Passage:
        if row >= self._count:
            return self._extra[row - self._count]
        assert self._base is not None
        return self._base[row]

    def ingested_s(self, row: int) -> float | None:
        """When the row's document came in; None where nobody wrote it down."""
        if row >= self._count:
            return self._extra_s[row - self._count]
        assert self._base is not None
        return self._base.ingested_s(row)

    def row_of(self, id: str) -> int | None:
        """Where the passage of this id is."""
        row = self._extra_rows.get(id)
        if row is None and self._base is not None:
            self._looked_up += 1
            many = self._looked_up > LOOKED_UP
            row = self._rows_by_id.get(id) if many else self._base.row_of(id)
        return None if row in self.taken_out else row

    def rows(self) -> Iterator[tuple[int, Passage]]:
        """All of them in order."""
        base = self._base.iterate(AT_ONCE) if self._base is not None else ()
        own = (passage for batch in base for passage in batch)
        numbered = enumerate(chain(own, self._extra))
        return (one for one in numbered if one[0] not in self.taken_out)

    def sources(self) -> list[str]:
        """Every source, in the order of its first row."""
        return list(self._runs)

    def rows_of(self, source: str) -> Iterator[int]:
        runs = self._runs.get(source, ())
        return (row for run in runs for row in run if row not in self.taken_out)

    def parts_of(self, id: str) -> Iterator[int]:
        """The rows of the document of this id."""
        row = self.row_of(id)
        if row is None:
            return
        first = before = self[row]
        yield row
        for later in range(row + 1, len(self)):
            passage = self[later]
            if not continues(first, before, passage):
                return
            if later not in self.taken_out:
                yield later
            before = passage

    def starts_document(self, row: int) -> bool:
        document, _, number = self[row].id.rpartition(".")
        return not (number.isdecimal() and self.row_of(document) is not None)

    def document_of(self, row: int) -> str:
        """The id of the document that this row is a part of."""
        while not self.starts_document(row):
            before = self._before(row)
            if before is None:
                break
            row = before
        return self[row].id

    def _before(self, row: int) -> int | None:
        """The row before it of the same source."""
        runs = self._runs[document_source(self[row].source)]
        place = bisect_right(runs, row, key=lambda run: run.start) - 1
        for run in (range(runs[place].start, row), *reversed(runs[:place])):
            for one in reversed(run):
                if one not in self.taken_out:
                    return one
        return None

    @cached_property
    def _rows_by_id(self) -> dict[str, int]:
        assert self._base is not None
        return {id: row for row, id in enumerate(self._base.ids())}

    @cached_property
    def _runs(self) -> dict[str, list[range]]:
        """Where each source's rows are; taken out or not, but none that has no row left."""
        runs: dict[str, list[range]] = {}
        shown, start = None, 0
        held = self._base.sources() if self._base is not None else ()
        sources = chain(held, (one.source for one in self._extra), [None])
        for row, source in enumerate(sources):
            if source == shown:
                continue
            if shown is not None:
                _add(runs.setdefault(document_source(shown), []), range(start, row))
            shown, start = source, row
        if not self.taken_out:
            return runs
        return {source: own for source, own in runs.items() if self._has_rows(own)}

    def _has_rows(self, runs: list[range]) -> bool:
        return any(row not in self.taken_out for run in runs for row in run)

    def _changed_rows(self, pending: Sequence[Change]) -> Iterator[int]:
        """The previous corpus' rows of every document that was changed since."""
        if self._base is not None:
            for one in pending:
                yield from rows_of_document(self._base, one.document, one.drops)


def _add(runs: list[range], run: range) -> None:
    """Pages of one document follow one another: they are one run."""
    if runs and runs[-1].stop == run.start:
        runs[-1] = range(runs[-1].start, run.stop)
    else:
        runs.append(run)
