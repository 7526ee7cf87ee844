"""Takes removed documents out of the log, and out of the files behind it.

Knows the change list and the log; does not know corpora.
"""

from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Protocol

from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.log.changes import Change, ChangeList


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


def forget_in(home: Home) -> int:
    """The same for a home whose list and log are not open here."""
    if not (home.changes_file.exists() and home.log_file.exists()):
        return 0
    with (
        closing(ChangeList(home.changes_file)) as changes,
        closing(SqliteAttentionLog(home.log_file)) as log,
    ):
        return forget_removed(changes, log)
