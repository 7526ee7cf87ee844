"""One question's way: pin a generation, search it, read what was found, record, acknowledge.

Knows the order of the steps and what an answer consists of; knows neither HTTP nor a model.
An answer is handed out only after its record is durable.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from reread.errors import RereadError, StorageFailed
from reread.reader.reader import Reading, ReadRequest
from reread.records import LOGGED_AGGREGATION, AnswerRecord, LoggedPassage, Passage
from reread.score_sheet import pack_scores
from service.answering.live import LiveGeneration, Pin
from service.answering.reading import ReaderDesk, ReadingStream
from service.answering.searching import Found, SearchDesk
from service.metrics import ServiceMetrics


class Recorder(Protocol):
    """The log behind group commit: the future resolves when the record is durable."""

    def submit(self, record: AnswerRecord) -> "Future[None]": ...


@dataclass(frozen=True, slots=True)
class Material:
    """The passages to read and where they come from; tuples run parallel."""

    question: str
    passages: tuple[Passage, ...]
    rows: tuple[int | None, ...]  # None: the caller gave the passage
    scores: tuple[float | None, ...]
    generation: int | None
    corpus: int | None
    embed_ms: float
    search_ms: float
    started_s: float  # time.perf_counter

    @property
    def request(self) -> ReadRequest:
        return ReadRequest(self.question, self.passages)


@dataclass(frozen=True, slots=True)
class Answered:
    """A recorded answer with the texts it was read from."""

    record: AnswerRecord
    material: Material
    reading: Reading
    timings_ms: dict[str, float]


class Pipeline:
    def __init__(
        self,
        live: LiveGeneration,
        searches: SearchDesk,
        readings: ReaderDesk,
        recorder: Recorder,
        metrics: ServiceMetrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.live, self.searches, self.readings = live, searches, readings
        self._recorder, self._metrics, self._clock = recorder, metrics, clock

    async def answer(self, material: Material) -> Answered:
        """Read the material and record the answer; raises StorageFailed if that cannot be done."""
        began_s = time.perf_counter()
        reading = await self.readings.read(material.request)
        return await self._recorded(material, reading, began_s)

    def begin_stream(self, material: Material) -> ReadingStream:
        """Queue a streamed reading; refusals are raised here, before the response begins."""
        return self.readings.stream(material.request)

    async def follow(
        self, material: Material, stream: ReadingStream
    ) -> AsyncIterator[str | Answered]:
        """The answer's pieces, and the whole of it last, after it was recorded."""
        began_s = time.perf_counter()
        try:
            async for piece in stream.pieces():
                if isinstance(piece, Reading):
                    yield await self._recorded(material, piece, began_s)
                else:
                    yield piece
        finally:
            stream.leave()

    async def relevance(self, material: Material, aggregation: str, tokens: bool) -> Reading:
        """Read without recording."""
        return await self.readings.read(material.request, aggregation, tokens)

    async def retrieve(self, question: str, top_k: int, pin: Pin | None = None) -> Material:
        """What the pinned (or present) generation finds for a question."""
        started_s = time.perf_counter()
        found: Found = await self.searches.search(pin or self.live.pin(), question, top_k)
        self._metrics.stage_seconds.labels("embed").observe(found.embed_ms / 1000)
        self._metrics.stage_seconds.labels("search").observe(found.search_ms / 1000)
        return Material(
            question, found.passages, found.rows, found.scores, found.generation, found.corpus,
            found.embed_ms, found.search_ms, started_s,
        )  # fmt: skip

    def own(self, question: str, passages: tuple[Passage, ...]) -> Material:
        """The caller's passages as material; nothing is searched."""
        none = (None,) * len(passages)
        return Material(
            question, passages, none, none, self.live.number, None, 0.0, 0.0, time.perf_counter()
        )

    async def _recorded(self, material: Material, reading: Reading, began_s: float) -> Answered:
        read_s = time.perf_counter() - began_s
        record = self._record(material, reading)
        await self._commit(record)
        total_s = time.perf_counter() - material.started_s
        self._metrics.stage_seconds.labels("read").observe(read_s)
        self._metrics.stage_seconds.labels("total").observe(total_s)
        timings_ms = {
            "embed": material.embed_ms,
            "search": material.search_ms,
            "read": read_s * 1000,
            "total": total_s * 1000,
        }
        rounded = {stage: round(spent_ms, 3) for stage, spent_ms in timings_ms.items()}
        return Answered(record, material, reading, rounded)

    async def _commit(self, record: AnswerRecord) -> None:
        try:
            await asyncio.wrap_future(self._recorder.submit(record))
        except RereadError:
            self._metrics.log_failures.inc()
            raise
        except Exception as error:
            self._metrics.log_failures.inc()
            raise StorageFailed(
                f"The answer could not be logged ({error}) and is withheld; ask again once the "
                "log can be written."
            ) from error

    def _record(self, material: Material, reading: Reading) -> AnswerRecord:
        return AnswerRecord(
            id=uuid.uuid4().hex,
            question=material.question,
            answer=reading.answer,
            confidence=reading.confidence,
            passages=tuple(_logged(material, i, reading) for i in range(len(material.passages))),
            generation=material.generation,
            corpus=material.corpus,
            reader=self.readings.reader.name,
            created_s=self._clock(),
            scores=_sheet(reading),
        )


def _sheet(reading: Reading) -> dict[str, str] | None:
    """Every aggregation but the one each passage carries itself."""
    if reading.scores is None:
        return None
    others = {name: own for name, own in reading.scores.items() if name != LOGGED_AGGREGATION}
    return pack_scores(others)


def _logged(material: Material, i: int, reading: Reading) -> LoggedPassage:
    """Texts of retrieved passages stay in the corpus; the caller's own are kept here."""
    passage, row = material.passages[i], material.rows[i]
    own = row is None
    return LoggedPassage(
        row, passage.id, material.scores[i], reading.attention[i],
        passage.title if own else None, passage.text if own else None,
    )  # fmt: skip
