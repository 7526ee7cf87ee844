"""Texts that no index has, encoded and compared by the served retriever, on a thread of its own.

Every piece of work keeps the generation it was pinned to until it has ended or was dropped.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from reread.records import Passage
from service.answering.batcher import Batcher
from service.answering.live import HeldGeneration, Pin, ServedGeneration

Work = Callable[[ServedGeneration], Any]


class EncodingDesk:
    def __init__(self, *, capacity: int, wait_s: float) -> None:
        self._batcher: Batcher[HeldGeneration, Work, Any] = Batcher(
            "encoder", _run, capacity=capacity, max_weight=1, wait_s=wait_s
        )
        self.start: Callable[[], None] = self._batcher.start
        self.stop: Callable[..., None] = self._batcher.stop

    @property
    def alive(self) -> bool:
        return self._batcher.alive

    @property
    def depth(self) -> int:
        return self._batcher.depth

    @property
    def busy_s(self) -> float:
        return self._batcher.busy_s

    async def vectors(self, pin: Pin, passages: Sequence[Passage]) -> list[list[float]]:
        """One vector for each; the pin is released in every case."""
        return list(await self._done(pin, lambda one: one.embed_passages(passages).tolist()))

    async def scores(
        self, pin: Pin, question: str, passages: Sequence[Passage]
    ) -> tuple[float, ...]:
        """How well each fits the question, as a search would score it; the pin is released."""
        return tuple(await self._done(pin, lambda one: one.score(question, passages)))

    async def _done(self, pin: Pin, work: Work) -> Any:
        try:
            future: Future[Any] = self._batcher.submit(pin.lease, work)
        except BaseException:
            pin.release()
            raise
        future.add_done_callback(lambda _: pin.release())  # a cancelled wait frees nothing in use
        return await self._batcher.result(future)


def _run(lease: HeldGeneration, work: Sequence[Work]) -> list[Any]:
    return [one(lease.generation) for one in work]
