"""One claimed job: keeps its lease alive from a thread, and tells the work when it must stop.

The only place that writes to a running job's row, always with the fence it was claimed with.
Knows the job board; knows nothing of what the job does.
"""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from reread.errors import Unavailable
from reread.log.jobs import Board
from reread.records import Job

logger = logging.getLogger(__name__)

UPDATE_S = 0.5  # between two writes of progress
Clock = Callable[[], float]


class LeaseEnded(Exception):  # noqa: N818 - not a failure of the work
    """Someone else has the job, or it was cancelled: stop, and leave its row alone."""


class ShuttingDown(Exception):  # noqa: N818 - not a failure of the work
    """This process was asked to end; the job stays for the next trainer."""


class Lease:
    """Use as a context; `check` from the work at every batch, `report` at every step."""

    def __init__(
        self,
        board: Board,
        job: Job,
        fence: int,
        *,
        ttl_s: float,
        stop: threading.Event,
        now: Clock,
    ) -> None:
        self.job, self.fence = job, fence
        self._board, self._ttl_s, self._stop, self._now = board, ttl_s, stop, now
        self._over, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")
        self._written_s, self._stage = 0.0, ""
        self.remembered: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """Raise if the work must stop now."""
        if self._lost.is_set():
            raise LeaseEnded
        if self._stop.is_set():
            raise ShuttingDown

    def must_stop(self) -> bool:
        return self._lost.is_set() or self._stop.is_set()

    def report(self, stage: str, progress: float) -> None:
        """Show stage and progress: a new stage at once, progress at most every UPDATE_S."""
        self.check()
        if stage == self._stage and time.monotonic() - self._written_s < UPDATE_S:
            return
        self._stage, self._written_s = stage, time.monotonic()
        self._update(stage=stage, progress=min(1.0, max(0.0, progress)))

    def remember(self, **facts: Any) -> None:
        """Facts that stay in the job's metrics whatever is shown, for whoever takes it up."""
        self.remembered |= facts
        self.show_metrics(dict(self.job.metrics))

    def show_metrics(self, metrics: dict[str, Any]) -> None:
        """Replace the job's metrics, all but what is remembered."""
        self.check()
        self._update(metrics=metrics | self.remembered)

    def finish(
        self,
        state: str,
        *,
        error: str | None = None,
        generation: int | None = None,
        metrics: dict[str, Any] | None = None,
    ) -> None:
        """End the job; LeaseEnded if it is no longer ours to end."""
        shown = None if metrics is None else metrics | self.remembered
        while True:
            try:
                ended = self._board.finish(
                    self.job.id, self.fence, state,
                    error=error, generation=generation, metrics=shown, now=self._now(),
                )  # fmt: skip
                break
            except Unavailable:  # the work is done: only its row waits, while the lease is beaten
                logger.warning("the end of job %s cannot be written yet", self.job.id)
                self._stop.wait(UPDATE_S)
                self.check()
        if not ended:
            raise LeaseEnded

    def release(self) -> None:
        """Back to the queue, so the next trainer need not wait for the lease to run out."""
        self._board.release(self.job.id, self.fence, self._now())

    def _update(self, **change: Any) -> None:
        try:
            kept = self._board.update(self.job.id, self.fence, **change, now=self._now())
        except Unavailable as error:  # nobody else can have claimed it either
            logger.warning("progress of job %s is not shown: %s", self.job.id, error)
            return
        if not kept:
            self._lost.set()
            raise LeaseEnded

    def _beat(self) -> None:
        while not self._over.wait(self._ttl_s / 4):
            try:
                kept = self._board.heartbeat(self.job.id, self.fence, self._now(), self._ttl_s)
            except Exception:  # a full or locked disk: the lease outlives several misses
                logger.exception("heartbeat of job %s failed", self.job.id)
                continue
            if not kept:
                self._lost.set()
                return
