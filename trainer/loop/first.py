"""The first generation of a home whose documents came through the service: built by itself.

Whoever drops files on the page of an empty home has no terminal to type `reread build` in. Built
by words, as that command does; later builds take a candidate of the loop. Knows the change list and
the builder's command; knows no jobs.
"""

import logging
import threading
from contextlib import closing

from reread.artefacts.passages import open_corpus
from reread.artefacts.publication import current
from reread.home import Home, numbers
from reread.log.changes import ChangeList
from trainer.loop.building import StageReport, build
from trainer.loop.lease import Clock, ShuttingDown
from trainer.loop.parts import RoundParts

logger = logging.getLogger(__name__)

SETTLE_S = 2.0  # files are sent one after the other: the first index should hold all of them
AGAIN_S = 60.0  # after a build that failed


class FirstGeneration:
    """Looks whether one is due; `now` is any clock that rises."""

    def __init__(self, parts: RoundParts, now: Clock, *, settle_s: float = SETTLE_S) -> None:
        self._parts, self._now, self._settle_s = parts, now, settle_s
        self._seen, self._since_s = 0, 0.0
        self._failed_s: float | None = None

    def build_if_due(self, stop: threading.Event) -> bool:
        """Whether one was built. What goes wrong is logged and tried again after a while: it must
        not keep the trainer from its jobs."""
        if self._failed_s is not None and self._now() - self._failed_s < AGAIN_S:
            return False
        try:
            if not self._is_due():
                return False
            build([*self._parts.build_command, "--retriever", "bm25"], _until(stop))
        except ShuttingDown:
            return False
        except Exception:
            logger.exception("the first generation could not be built; trying again")
            self._failed_s = self._now()
            return False
        return True

    def _is_due(self) -> bool:
        waiting = documents_waiting(self._parts.home)
        if waiting == 0:
            return False
        if waiting != self._seen:
            self._seen, self._since_s = waiting, self._now()
        return self._now() - self._since_s >= self._settle_s


def documents_waiting(home: Home) -> int:
    """The last change that brought a document to a home that never published; 0: there is none.

    Documents that `reread ingest` took in are in a corpus, and whoever typed that goes on with
    `reread build` as they like.
    """
    if numbers(home.generations_dir) or not home.changes_file.exists() or current(home):
        return 0
    taken = open_corpus(home).changes if numbers(home.passages_dir) else 0
    with closing(ChangeList(home.changes_file)) as changes:
        added = [one.sequence for one in changes.since(taken) if not one.removed]
    return max(added, default=0)


def _until(stop: threading.Event) -> StageReport:
    """Ends the builder when this process is to end."""

    def report(stage: str, share: float) -> None:
        if stop.is_set():
            raise ShuttingDown

    return report
