"""Retrieval on a thread of its own: questions that wait together are searched together.

Every question keeps the generation it was pinned to: encoder, index and passage texts are taken
from that one, and it is released when the search has ended or was dropped, not before.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from reread.records import Passage
from service.answering.batcher import Batcher
from service.answering.live import HeldGeneration, Pin

MAX_QUESTIONS = 32  # encoded and searched at once


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages of one question, best first, and where they come from; tuples run parallel."""

    passages: tuple[Passage, ...]
    rows: tuple[int | None, ...]  # None: the caller gave the passage
    scores: tuple[float | None, ...]
    generation: int | None
    corpus: int | None
    embed_ms: float = 0.0
    search_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class _Search:
    """What must be equal for questions to be searched together."""

    lease: HeldGeneration
    top_k: int


class SearchDesk:
    def __init__(self, *, capacity: int, wait_s: float) -> None:
        self._batcher: Batcher[_Search, str, Retrieved] = Batcher(
            "search", search_batch, capacity=capacity, max_weight=MAX_QUESTIONS, wait_s=wait_s
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

    async def search(self, pin: Pin, question: str, top_k: int) -> Retrieved:
        """Search the pinned generation; the pin is released in every case."""
        try:
            future: Future[Retrieved] = self._batcher.submit(_Search(pin.lease, top_k), question)
        except BaseException:
            pin.release()
            raise
        # Not `finally` here: a cancelled request must not free what the thread is searching.
        future.add_done_callback(lambda _: pin.release())
        return await asyncio.wrap_future(future)


def search_batch(key: _Search, questions: Sequence[str]) -> list[Retrieved]:
    """One search of one generation for all questions."""
    generation = key.lease.generation
    started_s = time.perf_counter()
    embedded = generation.embed(questions)
    embedded_s = time.perf_counter()
    hits = generation.find(embedded, key.top_k)
    passages = [tuple(generation.passages.get([hit.row for hit in found])) for found in hits]
    searched_s = time.perf_counter()
    for found in hits:
        if not all(math.isfinite(hit.score) for hit in found):
            raise ArithmeticError(f"generation {generation.number} gave a score that is no number")
    return [
        Retrieved(
            texts,
            tuple(hit.row for hit in found),
            tuple(float(hit.score) for hit in found),
            generation.number,
            generation.manifest.corpus,
            (embedded_s - started_s) * 1000,
            (searched_s - embedded_s) * 1000,
        )
        for found, texts in zip(hits, passages, strict=True)
    ]
