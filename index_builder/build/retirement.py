"""After a publication: old generations go, and with them every byte of what was removed.

A generation whose corpus still holds a removed document is not kept to fall back on. Then the log
is gone through once more, for answers that were on their way when the document went, and changes
that every corpus has taken in leave the list. Knows generations, corpora and the change list.
"""

import logging
from collections.abc import Sequence
from contextlib import closing

from reread.artefacts.documents import rows_of_document
from reread.artefacts.passages import open_corpus
from reread.artefacts.pruning import prune
from reread.artefacts.publication import current, list_generations
from reread.commit import Reach, never
from reread.errors import RereadError, Unavailable
from reread.home import Home, numbers
from reread.live.forgetting import forget_removed
from reread.log.changes import Change, ChangeList
from reread.log.stores import Stores

logger = logging.getLogger(__name__)


def retire(
    home: Home, keep: int, *, reach: Reach = never, stores: Stores | None = None
) -> list[int]:
    """The generations that were removed; may be killed anywhere and run again.

    `stores`: where the log is; None: in the home. While it cannot be reached, no removal leaves
    the change list: the next build has to go through the log.
    """
    if not home.changes_file.exists():
        return prune(home, keep, reach=reach)
    with closing(ChangeList(home.changes_file)) as changes:
        removals = changes.removals()
        removed = prune(home, keep, doomed=_holding(home, removals), reach=reach)
        is_gone = _forget(stores or Stores(home), changes, removals)
        reach("K10-forget")
        if is_gone and current(home) is not None:
            changes.prune(_taken_in_everywhere(home))
            changes.compact()
    return removed


def _forget(stores: Stores, changes: ChangeList, removals: Sequence[Change]) -> bool:
    if not (stores.redis_url or stores.home.log_file.exists()):
        return True
    try:
        with closing(stores.open_log()) as log:
            forget_removed(changes, log, removals)
    except Unavailable as away:
        logger.warning("removed documents are still in the log: %s", away)
        return False
    return True


def _holding(home: Home, removals: Sequence[Change]) -> set[int]:
    """Generations whose corpus has a passage of one of these documents."""
    found: set[int] = set()
    for state in list_generations(home):
        if state.manifest is not None and _corpus_holds(home, state.manifest.corpus, removals):
            found.add(state.number)
    return found


def _corpus_holds(home: Home, corpus: int, removals: Sequence[Change]) -> bool:
    try:
        store = open_corpus(home, corpus)
    except (RereadError, OSError):
        return False
    later = (one for one in removals if one.sequence > store.changes)
    return any(rows_of_document(store, one.document, one.drops) for one in later)


def _taken_in_everywhere(home: Home) -> int:
    """The change up to which every corpus that is left has all."""
    return min((open_corpus(home, one).changes for one in numbers(home.passages_dir)), default=0)
