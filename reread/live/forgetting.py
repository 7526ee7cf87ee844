"""Takes removed documents out of the log, and out of the files behind it.

Knows the change list and the log; does not know corpora.
"""

import logging
from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Protocol

from reread.errors import Unavailable
from reread.log.changes import Change, ChangeList
from reread.log.stores import Stores

logger = logging.getLogger(__name__)


class Forgets(Protocol):
    """A log that can lose what was answered from some passages."""

    def forget(self, passage_ids: Collection[str]) -> int: ...
    def compact(self) -> bool: ...


def forget_removed(
    changes: ChangeList, log: Forgets, removals: Sequence[Change] | None = None
) -> int:
    """Blank what was answered from removed documents; how many answers there were.

    `removals` None: those whose turn has not been. A process killed in between leaves them due.
    """
    due = changes.unforgotten() if removals is None else list(removals)
    if not due:
        return 0
    forgotten = log.forget({id for one in due for id in (one.document, *one.drops)})
    changes.mark_forgotten([one.sequence for one in due])
    log.compact()
    changes.compact()
    return forgotten


def forget_in(stores: Stores) -> int:
    """The same for a home whose list and log are not open here.

    With Redis away nothing is forgotten now: a service or the next build does it.
    """
    home = stores.home
    if not home.changes_file.exists() or not (stores.redis_url or home.log_file.exists()):
        return 0
    try:
        with closing(ChangeList(home.changes_file)) as changes, closing(stores.open_log()) as log:
            return forget_removed(changes, log)
    except Unavailable as away:
        logger.warning("removed documents are still in the log: %s", away)
        return 0
