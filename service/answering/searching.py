"""Retrieval on a thread of its own: questions that wait together are searched together.

Every question keeps the generation it was pinned to: encoder, index and passage texts are taken
from that one, and it is released when the search has ended or was dropped, not before.
"""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from reread.artefacts.passages import content_hash
from reread.records import Hit, Passage
from reread.rights import EVERYBODY, Rights
from reread.search.evidence import Evidence, select_evidence
from service.answering.batcher import Batcher
from service.answering.live import HeldGeneration, Pin, ServedGeneration
from service.answering.reading import AnswerReader

MAX_QUESTIONS = 32  # encoded and searched at once
SPARE = 10  # found beyond top_k, in the place of near-copies
MOST_FETCHED = 512


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
    copies: tuple[int, ...] | None = None  # near-copies of each that were left out
    holds_evidence: bool = True  # False: they share nothing with the question; not to be read
    contents: tuple[str | None, ...] | None = None  # hashes of those that are in no corpus yet
    as_of: int = 0  # the change list's sequence before the search
    reader: AnswerReader | None = None  # tuned with the generation; None: the service's own


@dataclass(frozen=True, slots=True)
class _Search:
    """What must be equal for questions to be searched together."""

    lease: HeldGeneration
    top_k: int
    rights: Rights


class SearchDesk:
    def __init__(
        self,
        *,
        capacity: int,
        wait_s: float,
        on_batch: Callable[[int, float], None] = lambda _count, _seconds: None,
    ) -> None:
        self._batcher: Batcher[_Search, str, Retrieved] = Batcher(
            "search", search_batch, capacity=capacity, max_weight=MAX_QUESTIONS, wait_s=wait_s,
            on_batch=on_batch,
        )  # fmt: skip
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

    async def search(
        self, pin: Pin, question: str, top_k: int, rights: Rights = EVERYBODY
    ) -> Retrieved:
        """Search what may be seen of the pinned generation; the pin is released in every case."""
        key = _Search(pin.lease, top_k, rights)
        try:
            future: Future[Retrieved] = self._batcher.submit(key, question)
        except BaseException:
            pin.release()
            raise
        # Not `finally` here: a cancelled request must not free what the thread is searching.
        future.add_done_callback(lambda _: pin.release())
        return await self._batcher.result(future)


def search_batch(key: _Search, questions: Sequence[str]) -> list[Retrieved]:
    """One search of one generation for all questions."""
    generation = key.lease.generation
    as_of = generation.as_of  # before the search: what is removed after this is noticed later
    started_s = time.perf_counter()
    embedded = generation.embed(questions)
    embedded_s = time.perf_counter()
    found = _find(generation, questions, embedded, key.top_k, key.rights)
    spent_ms = (embedded_s - started_s) * 1000, (time.perf_counter() - embedded_s) * 1000
    return [
        replace(_retrieved(generation, one, spent_ms, as_of), reader=key.lease.reader)
        for one in found
    ]


_Choice = tuple[list[Hit], list[Passage], Evidence]


def _find(
    generation: ServedGeneration,
    questions: Sequence[str],
    embedded: Any,
    top_k: int,
    rights: Rights,
) -> list[_Choice]:
    """What may be read, per question; looks further where near-copies take the places."""
    fetch = top_k + SPARE
    while True:
        lists = generation.find(embedded, fetch, rights)
        chosen = [
            _choose(generation, q, one, top_k) for q, one in zip(questions, lists, strict=True)
        ]
        if fetch >= MOST_FETCHED or not any(_is_crowded(one, fetch, top_k) for one in chosen):
            return chosen
        fetch = min(MOST_FETCHED, fetch * 4)


def _choose(generation: ServedGeneration, question: str, hits: list[Hit], top_k: int) -> _Choice:
    if not all(math.isfinite(hit.score) for hit in hits):
        raise ArithmeticError(f"generation {generation.number} gave a score that is no number")
    passages = generation.passages.get([hit.row for hit in hits])
    near = generation.near_from(question)
    return hits, passages, select_evidence(question, passages, hits, top_k, near=near)


def _is_crowded(choice: _Choice, fetch: int, top_k: int) -> bool:
    """Whether copies took places while the list went on."""
    hits, _, evidence = choice
    return len(hits) == fetch and len(evidence.places) < top_k and sum(evidence.copies) > 0


def _retrieved(
    generation: ServedGeneration, choice: _Choice, spent_ms: tuple[float, float], as_of: int
) -> Retrieved:
    hits, passages, evidence = choice
    kept = [(hits[place], passages[place]) for place in evidence.places]
    return Retrieved(
        tuple(passage for _, passage in kept),
        tuple(hit.row for hit, _ in kept),
        tuple(float(hit.score) for hit, _ in kept),
        generation.number,
        generation.manifest.corpus,
        *spent_ms,
        copies=evidence.copies,
        holds_evidence=evidence.holds,
        contents=tuple(
            content_hash(passage) if generation.is_added(hit.row) else None for hit, passage in kept
        ),
        as_of=as_of,
    )
