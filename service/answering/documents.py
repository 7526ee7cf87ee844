"""The documents of a home while it serves: looked up, added, replaced and removed.

What there is, is the newest corpus with the changes after it. A change is durable when it returns;
the next build takes it in. Knows passages and the change list; does not know how a text is cut
into passages, or which generation serves.
"""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, Protocol

from reread.artefacts.documents import document_source
from reread.artefacts.passages import PassageStore, open_corpus
from reread.errors import BadRequest, Conflict, NotFound
from reread.home import Home, numbers
from reread.live.documents import HeldDocuments
from reread.live.forgetting import Forgets, forget_removed
from reread.log.changes import ChangeList, Edit
from reread.records import CutFor, Passage
from reread.rights import OWNER, Rights

logger = logging.getLogger(__name__)
FORGET_S = 20.0  # between two looks for removals whose texts are still in the log
Status = Literal["added", "replaced", "unchanged"]
Cut = Callable[[Callable[[str], bool]], Sequence[Passage]]  # told which ids are taken


class SplitsDocuments(Protocol):
    """Cuts a text into passages; an id of None is made from the text, `taken` ids are avoided."""

    def __call__(
        self, title: str, text: str, *, id: str | None, source: str, taken: Callable[[str], bool]
    ) -> Sequence[Passage]: ...


@dataclass(frozen=True, slots=True)
class NewDocument:
    title: str
    text: str
    id: str | None = None
    source: str = ""
    labels: tuple[str, ...] | None = None  # None: those it has


@dataclass(frozen=True, slots=True)
class Put:
    """What became of one document."""

    id: str
    passages: tuple[str, ...]
    status: Status


class HomeDocuments:
    """Blocks on the disk: call it on a thread."""

    def __init__(
        self,
        home: Home,
        changes: ChangeList,
        log: Forgets | None,  # None: nothing is logged
        split: SplitsDocuments,
        *,
        on_change: Callable[[], object],  # lets the served generation take it in
        clock: Callable[[], float],
        cut_for: Callable[[], CutFor | None] = lambda: None,  # whom `split` cuts for
    ) -> None:
        self._home, self._changes, self._log, self._split = home, changes, log, split
        self._on_change, self._clock, self._cut_for = on_change, clock, cut_for
        self._store: tuple[int, PassageStore] | None = None
        self._writing = threading.Lock()

    def get(self, id: str, rights: Rights = OWNER) -> list[Passage]:
        """A document's passages in reading order; raises NotFound."""
        held = self._held()
        found = held.find(id)
        if not (found and rights.allow(labels_of(found))):
            raise _unknown(id, held, rights)
        return found

    def passage(self, id: str) -> Passage | None:
        """A passage as it is now, whatever document it belongs to."""
        return self._held().passage(id)

    def labels_now(self, ids: Collection[str]) -> frozenset[str]:
        """The access labels that the passages of these ids have now."""
        held = self._held()
        found = (held.passage(id) for id in ids)
        return labels_of([one for one in found if one is not None])

    def page(self, after: str | None, limit: int, rights: Rights = OWNER) -> list[list[Passage]]:
        """Up to `limit` documents behind that one; raises NotFound where it is not there."""
        held = self._held()
        if after is not None and not _seen(held.find(after), rights):
            raise _unknown(after, held, rights)
        return list(islice((one for one in held.each(after) if _seen(one, rights)), limit))

    def ingested_s(self, ids: Sequence[str]) -> list[float | None]:
        """When each of these documents came in."""
        held = self._held()
        return [held.when_s(one) for one in ids]

    def put(self, documents: Sequence[NewDocument]) -> list[Put]:
        """Add or replace all of them or none; durable, and found by the next search, on return."""
        return self._put([(one.id, self._cut(one), one.labels) for one in documents])

    def put_cut(
        self, documents: Sequence[tuple[str | None, Cut]], labels: tuple[str, ...] | None = None
    ) -> list[Put]:
        """The same for documents that know how they are cut, by their ids.

        `labels` None: those their passages come with, or that the document has.
        """
        return self._put([(id, cut, labels) for id, cut in documents])

    def _put(
        self, documents: Sequence[tuple[str | None, Cut, tuple[str, ...] | None]]
    ) -> list[Put]:
        with self._writing:
            held = self._held()
            given: dict[str, tuple[list[Passage], Sequence[Passage]]] = {}
            for own, cut, labels in documents:
                passages = _passages(own, cut, held)
                id = passages[0].id
                if id in given:
                    raise BadRequest(f"Two documents have the id {id[:64]!r}: give each its own.")
                old = held.find(id)
                given[id] = old, _labelled(passages, labels, old)
            edits = [
                Edit(id, tuple(new), tuple(one.id for one in old))
                for id, (old, new) in given.items()
                if old != list(new)
            ]
            if edits:
                self._changes.append(edits, self._clock(), self._cut_for())
        if edits:
            self._on_change()
        return [_put(id, old, new) for id, (old, new) in given.items()]

    def remove(self, id: str) -> list[str]:
        """Take a document out; the ids of its passages. No search begun after this finds one."""
        with self._writing:
            ids = tuple(one.id for one in self.get(id))
            self._changes.append([Edit(id, (), ids)], self._clock())
        self._on_change()
        return list(ids)

    def forget(self) -> None:
        """Take removed documents' texts out of the log; what fails is done by the next call."""
        if self._log is None:
            return
        try:
            forget_removed(self._changes, self._log)
        except Exception:
            logger.exception("removed documents are still in the log; trying again later")

    def keep_forgetting(self, stop: threading.Event, every_s: float = FORGET_S) -> None:
        """Until told to stop: a log that is away comes back, and other processes remove too."""
        while True:
            self.forget()
            if stop.wait(every_s):
                return

    def _held(self) -> HeldDocuments:
        store = self._newest()
        taken = 0 if store is None else store.changes
        return HeldDocuments(store, {one.document: one for one in self._changes.since(taken)})

    def _newest(self) -> PassageStore | None:
        known = numbers(self._home.passages_dir)
        if not known:
            return None
        held = self._store
        if held is None or held[0] != known[-1]:
            held = self._store = (known[-1], open_corpus(self._home, known[-1]))
        return held[1]

    def _cut(self, document: NewDocument) -> Cut:
        def cut(taken: Callable[[str], bool]) -> Sequence[Passage]:
            return self._split(
                document.title, document.text, id=document.id, source=document.source, taken=taken
            )

        return cut


def _passages(id: str | None, cut: Cut, held: HeldDocuments) -> Sequence[Passage]:
    whole = None if id is None else held.whole_of(id)
    if whole is not None:
        raise Conflict(
            f"{id!r} is the id of a passage of document {whole!r}: "
            f"choose another, or replace the whole document."
        )
    own = set() if id is None else {one.id for one in held.find(id)}
    return cut(lambda id: id not in own and held.is_taken(id))


def labels_of(passages: Sequence[Passage]) -> frozenset[str]:
    """A document's access labels: whoever lacks one that a passage of it has sees none of it."""
    return frozenset(label for one in passages for label in one.labels)


def _seen(passages: Sequence[Passage], rights: Rights) -> bool:
    return bool(passages) and rights.allow(labels_of(passages))


def _labelled(
    passages: Sequence[Passage], labels: tuple[str, ...] | None, old: Sequence[Passage]
) -> Sequence[Passage]:
    """With what was said of them, there or in the text itself; nothing said: as it was."""
    said = labels_of(passages).union(labels or ())
    if labels is None and not said:
        said = labels_of(old)
    return [replace(one, labels=tuple(sorted(said))) for one in passages]


def source_of(passages: Sequence[Passage]) -> str:
    """A document's source, without a page."""
    return document_source(passages[0].source)


def _put(id: str, old: Sequence[Passage], new: Sequence[Passage]) -> Put:
    status: Status = "unchanged" if list(old) == list(new) else "replaced" if old else "added"
    return Put(id, tuple(one.id for one in new), status)


def _unknown(id: str, held: HeldDocuments, rights: Rights) -> NotFound:
    """Says the same of what is not there and of what is not to be seen."""
    whole = held.whole_of(id)
    if whole is not None and _seen(held.find(whole), rights):
        return NotFound(f"{id[:64]!r} is a passage of document {whole[:64]!r}: use that id.")
    return NotFound(f"There is no document {id[:64]!r}: GET /documents lists what there is.")
