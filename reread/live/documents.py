"""The documents of a corpus and of the changes after it, looked up by their ids.

Knows passages, rows and changes; does not know where they come from, or who may see them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reread.artefacts.documents import document_at, rows_of_document
from reread.artefacts.passages import PassageStore
from reread.log.changes import Change
from reread.records import Passage


@dataclass(frozen=True, slots=True)
class HeldDocuments:
    """All of one moment."""

    store: PassageStore | None
    pending: dict[str, Change]

    def find(self, id: str) -> list[Passage]:
        """The document's passages; none: there is no such document."""
        change = self.pending.get(id)
        if change is not None:
            return [one.passage for one in change.passages]
        row = None if self.store is None else self.store.row_of(id)
        if row is None or self.store is None or self.whole_of(id) is not None:
            return []
        return self._remaining(document_at(self.store, row))

    def when_s(self, id: str) -> float | None:
        """When the document came in as it is; None where nobody wrote it down."""
        change = self.pending.get(id)
        if change is not None:
            return change.when_s
        row = None if self.store is None else self.store.row_of(id)
        return None if self.store is None or row is None else self.store.ingested_s(row)

    def whole_of(self, id: str) -> str | None:
        """The document that this id is only a later passage of, if it is."""
        document, _, number = id.rpartition(".")
        if not document or not number.isdecimal():
            return None
        if document in self.pending:
            held = [one.passage.id for one in self.pending[document].passages]
            return document if id in held else None
        row = None if self.store is None else self.store.row_of(id)
        if self.store is None or row is None:
            return None
        return document if row in rows_of_document(self.store, document) else None

    def passage(self, id: str) -> Passage | None:
        for change in self.pending.values():
            for one in change.passages:
                if one.passage.id == id:
                    return one.passage
        row = None if self.store is None else self.store.row_of(id)
        if self.store is None or row is None:
            return None
        return next(iter(self._remaining([self.store[row]])), None)

    def is_taken(self, id: str) -> bool:
        """Whether any passage there is, or was since the corpus was written, has this id."""
        held = (one.passage.id for change in self.pending.values() for one in change.passages)
        return (self.store is not None and self.store.row_of(id) is not None) or id in held

    def each(self, after: str | None) -> Iterator[list[Passage]]:
        """Documents in the order they came, from behind that one."""
        start = 0
        if after is not None and after in self.pending and self.pending[after].passages:
            start = -1
        elif after is not None and self.store is not None:
            row = self.store.row_of(after)
            start = -1 if row is None else row + len(document_at(self.store, row))
        if start >= 0:
            yield from self._of_corpus(start)
        added = [change for change in self.pending.values() if change.passages]
        places = [place for place, change in enumerate(added) if change.document == after]
        for change in added[places[0] + 1 if places else 0 :]:
            yield [one.passage for one in change.passages]

    def _of_corpus(self, row: int) -> Iterator[list[Passage]]:
        while self.store is not None and row < len(self.store):
            held = document_at(self.store, row)
            row += len(held)
            left = [] if held[0].id in self.pending else self._remaining(held)
            if left:
                yield left

    def _remaining(self, passages: list[Passage]) -> list[Passage]:
        dropped = {id for change in self.pending.values() for id in change.drops}
        return [one for one in passages if one.id not in dropped]
