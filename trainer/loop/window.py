"""The part of the attention log a round trains on: the newest records, those usable, those new.

Everything recent is trained on again, not only what is new, or the retriever would forget; what
is new decides whether there is reason for a round. Knows log and passages, no model.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

from reread.artefacts.passages import PassageStore, newest_corpus, open_corpus
from reread.errors import RereadError
from reread.home import Home
from reread.log.attention_log import AttentionLog
from reread.log.changes import ChangeList
from reread.records import LOGGED_AGGREGATION, AnswerRecord
from trainer.examples import Selection, select_examples
from trainer.settings import TrainerSettings

RECORDS_AT_ONCE = 1000
CONSUMER = "trainer"  # one reads at a time: the job board sees to it


@dataclass(frozen=True, slots=True)
class LogWindow:
    """The usable questions of the newest records, and how many of them are new."""

    selection: Selection
    log: str  # identity of the log that `cursor` is a place in
    cursor: int  # the last sequence read
    records: int
    new: int
    damaged: int = 0  # records that are not what was written, put aside

    @property
    def feedback(self) -> dict[str, int]:
        """What became of what people said, in numbers of answers and of questions."""
        people = self.selection.people
        return {
            "judged_answers": people.said,
            "outdated_answers": people.outdated,
            "contested_questions": people.contested,
            "marked_questions": sum(bool(one.marked) for one in self.selection.examples),
            "labelled_questions": len(people.labels()),
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "questions": len(self.selection.examples),
            "new_questions": self.new,
            "dropped": self.selection.dropped,
            "damaged": self.damaged,
            "left_out_passages": self.selection.left_out,
            "feedback": self.feedback,
            "cursor": self.cursor,
            "log": self.log,
        }


def read_window(
    home: Home,
    log: AttentionLog,
    *,
    limit: int,
    seen: int,
    check: Callable[[], None],
    aggregation: str = LOGGED_AGGREGATION,
) -> LogWindow:
    """The newest `limit` records; new are those after `seen`. `check` may raise to stop."""
    cursor = max(0, log.last_sequence() - limit)
    said = {one.answer_id: one for one in log.feedback_since(cursor)}  # the latest of each
    records: list[AnswerRecord] = []
    damaged = 0
    while (page := log.read_page(cursor, RECORDS_AT_ONCE)).cursor > cursor:
        check()
        records += page.records
        damaged += len(page.damaged)
        cursor = page.cursor
    newest = newest_corpus(home)
    store = open_corpus(home, newest)
    selection = select_examples(
        records,
        store,
        corpus=newest,
        gone=_gone_since(home, store),
        said=said,
        open_old=cache(lambda number: _open_old(home, number)),
        aggregation=aggregation,
    )
    new = sum(example.sequence > seen for example in selection.examples)
    return LogWindow(selection, log.identity, cursor, len(records), new, damaged)


def is_place_in(log: AttentionLog, identity: str | None, cursor: int) -> bool:
    """Whether a cursor that was taken then is a place in this log.

    A log that was moved away, as its damage advises, begins at 1 again, and one restored from a
    backup ends earlier. Cursors of an earlier version have no identity.
    """
    return identity in (None, log.identity) and cursor <= log.last_sequence()


def _gone_since(home: Home, store: PassageStore) -> frozenset[str]:
    """Ids of passages that the next build will not have, or not as they were."""
    if not home.changes_file.exists():
        return frozenset()
    with closing(ChangeList(home.changes_file)) as changes:
        return changes.removed_since(store.changes)


def _open_old(home: Home, number: int) -> PassageStore | None:
    """An earlier corpus version, where it is still there and sound."""
    try:
        return open_corpus(home, number)
    except (RereadError, OSError):
        return None


def find_shortage(window: LogWindow, settings: TrainerSettings, *, force: bool) -> str | None:
    """Why there is too little to train on, or None."""
    usable = len(window.selection.examples)
    if usable == 0:
        return (
            f"The log holds 0 usable questions among {window.records} answers"
            f"{_reasons(window.selection)}; a retrain needs "
            f"at least 1, even with force: ask some questions first."
        )
    if force or window.new >= settings.min_questions:
        return None
    return (
        f"The log holds {window.new} new usable questions and a retrain needs "
        f"{settings.min_questions}: ask more, lower min_questions, or use force."
    )


def _reasons(selection: Selection) -> str:
    """Why the most were left out, in words."""
    if not selection.dropped:
        return ""
    reason, count = max(selection.dropped.items(), key=lambda one: one[1])
    return f" ({count} were left out because {reason})"
