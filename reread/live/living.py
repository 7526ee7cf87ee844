"""A generation with the changes since its corpus was written: searched, read, kept up to date.

What was removed is gone from the next search on, whoever removed it: every search looks at the
change list first. What was added waits for `update`, which encodes it. A passage that is in no
corpus yet has the row `len(corpus) + its number`, which no other passage ever gets. What somebody
may not see is left out where passages are compared. Knows one generation and the list; does not
know who serves it.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reread.artefacts.documents import rows_of_document
from reread.artefacts.generation import Generation, LexicalSearch
from reread.artefacts.guards import Guards, Mask
from reread.artefacts.manifest import Manifest
from reread.artefacts.sources import shown_source
from reread.live.delta import Delta, DeltaMaker
from reread.log.changes import Change, ChangeList
from reread.records import Hit, Passage
from reread.rights import EVERYBODY, Rights
from reread.search.nearness import Nearness

SPARE = 32  # hits fetched beyond top_k where rows were removed, before everything is fetched


@dataclass(frozen=True, slots=True)
class Overlay:
    """What one search goes by, all of one moment."""

    removed_up_to: int  # the change list's sequence up to which removals are known
    added_up_to: int  # the same of additions
    removed: frozenset[int]  # rows of the corpus
    gone: frozenset[int]  # numbers of the delta's passages
    delta: Delta | None


class LivingGeneration:
    """Stands in for a generation; any number of threads search while one updates."""

    def __init__(
        self,
        generation: Generation,
        changes: ChangeList,
        roots: Callable[[], Sequence[str]] = lambda: (),  # that sources are shown relative to
        guards: Callable[[], Guards] | None = None,  # of its rows, now; None: the corpus' own
    ) -> None:
        self._generation, self._changes = generation, changes
        self._read_roots, self._roots = roots, roots()
        self._guards = guards or (lambda: generation.passages.guards)
        start = generation.passages.changes
        self._overlay = Overlay(start, start, frozenset(), frozenset(), None)
        self._swap, self._updating = threading.Lock(), threading.Lock()
        self._maker = DeltaMaker(generation)
        parts = generation.parts
        self._nearness = None if isinstance(parts, LexicalSearch) else Nearness.of(parts)

    @property
    def number(self) -> int:
        return self._generation.number

    @property
    def manifest(self) -> Manifest:
        return self._generation.manifest

    @property
    def passages(self) -> "LivingGeneration":
        return self

    @property
    def waiting(self) -> int:
        """Passages that no build has taken in yet."""
        delta = self._overlay.delta
        return 0 if delta is None else len(delta)

    def embed(self, questions: Sequence[str]) -> Any:
        return self._generation.embed(questions)

    def find(self, asked: Any, top_k: int, rights: Rights = EVERYBODY) -> list[list[Hit]]:
        """Best first, ties by row; fewer than top_k only where there are fewer to be seen."""
        overlay = self.catch_up()
        lists = self._kept(asked, top_k, overlay, self._guards().allowed(rights))
        if overlay.delta is None:
            return lists
        added = overlay.delta.search.find(
            asked,
            min(len(overlay.delta), top_k + len(overlay.gone)),
            overlay.delta.allowed(rights),
        )
        return [
            _merged(old, self._named(new, overlay), top_k)
            for old, new in zip(lists, added, strict=True)
        ]

    def search(self, questions: Sequence[str], top_k: int) -> list[list[Hit]]:
        return self.find(self.embed(questions), top_k)

    def __len__(self) -> int:
        """Rows of the corpus it was built from; what was added since is numbered beyond."""
        return len(self._generation.passages)

    def get(self, rows: Sequence[int]) -> list[Passage]:
        """The passages of rows that a search of this generation found."""
        count = len(self._generation.passages)
        beyond = [row - count for row in rows if row >= count]
        known = self._numbered(beyond) if beyond else {}
        found = [self._guarded(row) if row < count else known[row - count] for row in rows]
        return [replace(one, source=shown_source(one.source, self._roots)) for one in found]

    def seen_by(self, rights: Rights, rows: Sequence[int]) -> list[Passage]:
        """Those of these rows of the corpus that are still there and may be seen."""
        removed = self.catch_up().removed
        found = self.get([row for row in rows if row not in removed])
        return [one for one in found if rights.allow(one.labels)]

    def is_added(self, row: int) -> bool:
        """Whether this row is in no corpus yet."""
        return row >= len(self._generation.passages)

    def near_from(self, question: str) -> float | None:
        """The nearness from which a passage without a word of the question is still evidence.

        None where words alone decide.
        """
        return None if self._nearness is None else self._nearness.from_score(question)

    def embed_passages(self, passages: Sequence[Passage]) -> Any:
        return self._generation.embed_passages(passages)

    def score(self, question: str, passages: Sequence[Passage]) -> list[float]:
        return self._generation.score(question, passages)

    @property
    def as_of(self) -> int:
        """The change list's sequence that the newest search went by."""
        return self._overlay.removed_up_to

    def catch_up(self) -> Overlay:
        """Apply what was removed since; cheap where nothing was."""
        overlay = self._overlay
        if self._changes.last_sequence() == overlay.removed_up_to:
            return overlay
        with self._swap:
            overlay = self._overlay
            # The list's end is read first: a change that comes between is applied twice, not never.
            last = self._changes.last_sequence()
            changes = self._changes.since(overlay.removed_up_to)
            self._overlay = replace(
                overlay,
                removed_up_to=last,
                removed=overlay.removed | self._rows(changes),
                gone=overlay.gone | _numbers_of(overlay.delta, changes),
            )
            return self._overlay

    def update(self) -> bool:
        """Encode what was added since and let it be found; True if there was anything."""
        with self._updating:
            self._roots = self._read_roots()
            self.catch_up()
            if self._overlay.added_up_to == self._overlay.removed_up_to:
                return False
            last = self._changes.last_sequence()
            changes = self._changes.since(self._generation.passages.changes)
            held = sorted(
                (one for change in changes for one in change.passages), key=lambda one: one.number
            )
            delta = self._maker.make(held)
            with self._swap:
                later = self._changes.since(last)
                self._overlay = replace(
                    self._overlay,
                    added_up_to=last,
                    gone=_numbers_of(delta, later),
                    delta=delta,
                )
        return True

    def warm(self) -> float:
        """Pay for the first search now, with all that was changed; how many seconds it took."""
        self.update()
        return self._generation.warm()

    def close(self) -> None:
        self._generation.close()

    def _kept(
        self, asked: Any, top_k: int, overlay: Overlay, allowed: Mask | None
    ) -> list[list[Hit]]:
        """The corpus' own hits less what was removed: wider where too few are left."""
        removed, count = overlay.removed, len(self._generation.passages)
        if allowed is None:
            wanted = min(top_k, count - len(removed))
        else:
            hidden = np.count_nonzero(allowed[list(removed)])
            wanted = min(top_k, int(np.count_nonzero(allowed) - hidden))
        fetch = min(count, top_k + min(len(removed), SPARE))
        while True:
            found = self._generation.find(asked, max(1, fetch), allowed)
            lists = [[hit for hit in one if hit.row not in removed][:top_k] for one in found]
            if fetch == count or all(len(one) >= wanted for one in lists):
                return lists
            fetch = min(count, fetch * 4)

    def _guarded(self, row: int) -> Passage:
        """The passage with the labels that it has now."""
        passage, labels = self._generation.passages[row], self._guards().of_row(row)
        return replace(passage, labels=tuple(sorted(labels.union(passage.labels))))

    def _named(self, hits: Sequence[Hit], overlay: Overlay) -> list[Hit]:
        assert overlay.delta is not None
        count, held = len(self._generation.passages), overlay.delta.held
        numbered = [replace(hit, row=held[hit.row].number) for hit in hits]
        return [
            replace(one, row=count + one.row) for one in numbered if one.row not in overlay.gone
        ]

    def _rows(self, changes: Sequence[Change]) -> frozenset[int]:
        store = self._generation.passages
        found = (rows_of_document(store, one.document, one.drops) for one in changes)
        return frozenset(row for rows in found for row in rows)

    def _numbered(self, numbers: Sequence[int]) -> dict[int, Passage]:
        """From the delta, or where a newer one has taken its place from the list."""
        delta = self._overlay.delta
        held = () if delta is None else delta.held
        known = {one.number: one.passage for one in held}
        if not all(number in known for number in numbers):
            known |= self._changes.passages(numbers)
        return known


def _numbers_of(delta: Delta | None, changes: Sequence[Change]) -> frozenset[int]:
    """Numbers of the delta's passages that a later change took away."""
    if delta is None or not changes:
        return frozenset()
    dropped = {id for one in changes for id in (one.document, *one.drops)}
    kept = {one.number for change in changes for one in change.passages}
    return frozenset(
        one.number for one in delta.held if one.passage.id in dropped and one.number not in kept
    )


def _merged(first: Sequence[Hit], second: Sequence[Hit], top_k: int) -> list[Hit]:
    return sorted([*first, *second], key=lambda hit: (-hit.score, hit.row))[:top_k]
