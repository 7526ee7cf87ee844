"""What a home holds now: a corpus with the changes after it, passage by passage.

Knows a corpus and the change list; searches nothing.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from reread.artefacts.documents import rows_of_document
from reread.artefacts.passages import PassageStore, open_corpus
from reread.home import Home
from reread.log.changes import Change, ChangeList
from reread.records import CutFor, Passage

AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Held:
    """All of one moment."""

    store: PassageStore
    changes: tuple[Change, ...]  # that no build has taken into this corpus
    cut_for: tuple[CutFor, ...]  # the readers that any of it was cut for

    def passages(self) -> Iterator[Passage]:
        """The corpus' rows that are left, then what was added, oldest first."""
        changed = ((one.document, one.drops) for one in self.changes)
        gone = {row for id, ids in changed for row in rows_of_document(self.store, id, ids)}
        rows = chain.from_iterable(self.store.iterate(AT_ONCE))
        yield from (passage for row, passage in enumerate(rows) if row not in gone)
        yield from (one.passage for change in self.changes for one in change.passages)

    def ingested_s(self, id: str) -> float | None:
        """When the document of this id came in; None where nobody wrote it down."""
        change = next((one for one in self.changes if one.document == id), None)
        if change is not None:
            return change.when_s
        row = self.store.row_of(id)
        return None if row is None else self.store.ingested_s(row)


def held_in(home: Home, number: int | None = None) -> Held:
    """The given corpus, or the newest, and the changes after it; NoCorpus where there is none."""
    store = open_corpus(home, number)
    if not home.changes_file.exists():
        return Held(store, (), store.cut_for)
    with closing(ChangeList(home.changes_file)) as changes:
        known = dict.fromkeys([*store.cut_for, *changes.cut_for()])
        return Held(store, tuple(changes.since(store.changes)), tuple(known))
