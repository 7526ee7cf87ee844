"""After a publication: old generations go, and with them every byte of what was removed.

A generation whose corpus still holds a removed document is not kept to fall back on. Then the log
is gone through once more, for answers that were on their way when the document went, and changes
that every corpus has taken in leave the list. Knows generations, corpora and the change list.
"""

from collections.abc import Sequence
from contextlib import closing

from reread.artefacts.documents import rows_of_document
from reread.artefacts.passages import open_corpus
from reread.artefacts.publication import current, list_generations, prune
from reread.commit import Reach, never
from reread.errors import RereadError
from reread.home import Home, numbers
from reread.live.forgetting import forget_removed
from reread.log.attention_log import SqliteAttentionLog
from reread.log.changes import Change, ChangeList


def retire(home: Home, keep: int, *, reach: Reach = never) -> list[int]:
    """The generations that were removed; may be killed anywhere and run again."""
    if not home.changes_file.exists():
        return prune(home, keep, reach=reach)
    with closing(ChangeList(home.changes_file)) as changes:
        removals = changes.removals()
        removed = prune(home, keep, doomed=_holding(home, removals), reach=reach)
        if home.log_file.exists():
            with closing(SqliteAttentionLog(home.log_file)) as log:
                forget_removed(changes, log, removals)
        reach("K10-forget")
        if current(home) is not None:
            changes.prune(_taken_in_everywhere(home))
            changes.compact()
    return removed


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
