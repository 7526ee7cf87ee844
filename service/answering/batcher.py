"""A bounded queue in front of one worker thread that does waiting work in batches.

Knows nothing of questions or models. One item's failure is its own: a failed batch is done again
item by item. When the thread itself dies, everything that waits is told and `alive` says so.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from reread.errors import Overloaded, RereadError
from service.answering.patience import patiently, too_long

Key = TypeVar("Key")
Item = TypeVar("Item")
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


class WorkerDied(RereadError):
    status = 503
    title = "A part of the service has stopped"


@dataclass(slots=True)
class _Waiting(Generic[Key, Item, Result]):
    key: Key  # only items with equal keys go into one batch
    item: Item
    since_s: float
    future: "Future[Result]" = field(default_factory=Future)


class Batcher(Generic[Key, Item, Result]):
    """`run(key, items)` gets the items of one batch and returns their results in order."""

    def __init__(
        self,
        name: str,
        run: Callable[[Key, Sequence[Item]], Sequence[Result]],
        *,
        capacity: int,  # items that may wait
        max_weight: float,  # of one batch; a single heavier item still goes alone
        weigh: Callable[[Item], float] = lambda _: 1.0,
        wait_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        on_batch: Callable[[int, float], None] = lambda _count, _seconds: None,
    ) -> None:
        self.name = name
        self._run, self._weigh, self._clock, self._on_batch = run, weigh, clock, on_batch
        self._capacity, self._max_weight, self.wait_s = capacity, max_weight, wait_s
        self._waiting: deque[_Waiting[Key, Item, Result]] = deque()
        self._current: list[_Waiting[Key, Item, Result]] = []
        self._change = threading.Condition()
        self._began_s: float | None = None  # of the batch in work
        self._stopped = False
        self._death: str | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Finish the present batch and fail what still waits."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
        self._thread.join(timeout_s)
        self._fail_waiting(WorkerDied(f"The {self.name} was stopped; ask again in a moment."))

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and self._death is None

    @property
    def busy_s(self) -> float:
        """How long the present batch has been in work; 0.0 between batches."""
        began_s = self._began_s
        return 0.0 if began_s is None else max(0.0, self._clock() - began_s)

    @property
    def depth(self) -> int:
        """Items waiting, without the batch in work."""
        return len(self._waiting)

    def submit(self, key: Key, item: Item) -> "Future[Result]":
        """Queue one item; raises Overloaded at once when the queue is full.

        Cancelling the future before its batch starts drops the item.
        """
        with self._change:
            if self._death is not None or self._stopped:
                raise self._died()
            if len(self._waiting) >= self._capacity:
                self._drop_abandoned()
            if len(self._waiting) >= self._capacity:
                raise Overloaded(
                    f"{len(self._waiting)} requests already wait for the {self.name} and at most "
                    f"{self._capacity} may; try again in a few seconds."
                )
            waiting: _Waiting[Key, Item, Result] = _Waiting(key, item, self._clock())
            self._waiting.append(waiting)
            self._change.notify()
            return waiting.future

    async def result(self, future: "Future[Result]") -> Result:
        """Wait for what was submitted, with an end to it."""
        return await patiently(future, self.name, self.wait_s)

    def _work(self) -> None:
        try:
            while batch := self._take():
                self._finish(batch)
                self._current, self._began_s = [], None
        except BaseException as error:
            logger.exception("the %s died", self.name)
            self._death = f"{type(error).__name__}: {error}"
            for one in self._current:
                if not one.future.done():
                    one.future.set_exception(self._died())
            self._fail_waiting(self._died())

    def _take(self) -> "list[_Waiting[Key, Item, Result]]":
        """Wait for work; an empty list means stop."""
        with self._change:
            while not self._stopped:
                batch = self._gather()
                if batch:
                    self._current, self._began_s = batch, self._clock()
                    return batch
                self._change.wait()
            return []

    def _gather(self) -> "list[_Waiting[Key, Item, Result]]":
        """The oldest item and what may join it, in order of arrival; others keep their places."""
        batch: list[_Waiting[Key, Item, Result]] = []
        others: deque[_Waiting[Key, Item, Result]] = deque()
        weight = 0.0
        while self._waiting:
            one = self._waiting.popleft()
            fits = not batch or (
                one.key == batch[0].key and weight + self._weigh(one.item) <= self._max_weight
            )
            if not fits:
                others.append(one)
            elif self._is_wanted(one):
                batch.append(one)
                weight += self._weigh(one.item)
        self._waiting = others
        return batch

    def _is_wanted(self, one: "_Waiting[Key, Item, Result]") -> bool:
        if not one.future.set_running_or_notify_cancel():
            return False
        if self._clock() - one.since_s <= self.wait_s:
            return True
        one.future.set_exception(too_long(self.name, self.wait_s))
        return False

    def _finish(self, batch: "list[_Waiting[Key, Item, Result]]") -> None:
        started_s = self._clock()
        try:
            results = self._results(batch)
        except Exception as error:
            if len(batch) == 1:
                batch[0].future.set_exception(error)
                return
            logger.warning("a batch of %d failed, trying one by one: %s", len(batch), error)
            for one in batch:
                self._finish([one])
            return
        self._on_batch(len(batch), self._clock() - started_s)
        for one, result in zip(batch, results, strict=True):
            one.future.set_result(result)

    def _results(self, batch: "list[_Waiting[Key, Item, Result]]") -> Sequence[Result]:
        results = self._run(batch[0].key, [one.item for one in batch])
        if len(results) != len(batch):
            raise RuntimeError(f"{self.name} gave {len(results)} results for {len(batch)} items")
        return results

    def _drop_abandoned(self) -> None:
        self._waiting = deque(one for one in self._waiting if not one.future.cancelled())

    def _died(self) -> WorkerDied:
        reason = self._death or "it was stopped"
        return WorkerDied(f"The {self.name} no longer works ({reason}); restart the service.")

    def _fail_waiting(self, error: Exception) -> None:
        with self._change:
            waiting, self._waiting = self._waiting, deque()
        for one in waiting:
            if one.future.set_running_or_notify_cancel():
                one.future.set_exception(error)
