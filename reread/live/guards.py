"""The access labels of a corpus' rows as they stand: its own, and what has been said of them since.

A document may have been guarded after a corpus was written; a generation over the older corpus,
served again, must not show it. Knows corpora of one home; knows no generation and no key.
"""

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing

from reread.artefacts.documents import document_source, rows_of_document
from reread.artefacts.guards import Guards
from reread.artefacts.passages import PassageStore, open_corpus
from reread.errors import RereadError
from reread.home import Home, numbers
from reread.log.changes import Change, ChangeList

logger = logging.getLogger(__name__)
Labels = frozenset[str]


class StandingGuards:
    """Looks at the home whenever it is asked; safe from several threads."""

    def __init__(self, home: Home, store: PassageStore) -> None:
        self._home, self._store = home, store
        self._looked_at = int(store.folder.name)
        self._guards, self._looking = store.guards, threading.Lock()

    def __call__(self) -> Guards:
        """Those known last, where the newest corpus is damaged: answers go on, and that is told."""
        newest = max(numbers(self._home.passages_dir), default=self._looked_at)
        if newest <= self._looked_at:
            return self._guards
        with self._looking:
            if newest > self._looked_at:
                self._look(newest)
            return self._guards

    def _look(self, newest: int) -> None:
        try:
            newer = open_corpus(self._home, newest)
            self._guards = self._store.guards.joined(labels_by(newer, self._store))
        except RereadError as error:
            logger.error("access labels of corpus %d are not known: %s", newest, error)
        self._looked_at = newest


def standing(home: Home, store: PassageStore) -> PassageStore:
    """The same corpus, its rows under the labels they have now: for whatever leaves the home.

    Raises where that is not known; what serves goes on with what was known last.
    """
    newest = max(numbers(home.passages_dir))
    if newest > int(store.folder.name):
        store.guards = store.guards.joined(labels_by(open_corpus(home, newest), store))
    if home.changes_file.exists():
        with closing(ChangeList(home.changes_file)) as changes:
            since = changes.since(store.changes)
        store.guards = store.guards.joined(labels_since(since, store))
    return store


def labels_since(changes: Iterable[Change], store: PassageStore) -> dict[int, Labels]:
    """The labels that changed documents have now, on the rows of what they were."""
    found: dict[int, Labels] = {}
    for one in changes:
        labels = Labels(name for held in one.passages for name in held.passage.labels)
        for row in rows_of_document(store, one.document, one.drops) if labels else ():
            found[row] = found.get(row, Labels()) | labels
    return found


def labels_by(newer: PassageStore, older: PassageStore) -> dict[int, Labels]:
    """What the newer corpus' labels are on rows of the older: of the same ids, and the same files.

    A file's passages get new ids with every edit: an earlier text of a file that is guarded as a
    whole is guarded too.
    """
    if not newer.guards.labels_of:
        return {}
    found: dict[int, Labels] = {}
    for row, labels in newer.guards.labels_of.items():
        for own in rows_of_document(older, newer[row].id):
            found[own] = found.get(own, Labels()) | labels
    guarded = _of_sources(newer)
    for row, source in _sources(older) if guarded else ():
        if source in guarded:
            found[row] = found.get(row, Labels()) | guarded[source]
    return found


def _of_sources(store: PassageStore) -> dict[str, Labels]:
    """The labels that every passage of a source has; only sources that have such."""
    common: dict[str, Labels] = {}
    for row, source in _sources(store):
        labels = store.guards.of_row(row)
        common[source] = common.get(source, labels) & labels
    return {source: labels for source, labels in common.items() if labels and source}


def _sources(store: PassageStore) -> Iterator[tuple[int, str]]:
    passages = (one for batch in store.iterate(4096) for one in batch)
    return ((row, document_source(one.source)) for row, one in enumerate(passages))
