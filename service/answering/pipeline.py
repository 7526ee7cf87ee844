"""One question's way: pin a generation, search it, read what was found, record, acknowledge.

All that a family of routes needs: it makes an `Asked` and gets `Answered`. Knows the order of the
steps and what an answer consists of; knows neither HTTP nor a model. An answer is handed out only
after its record is durable.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import Future
from typing import Protocol

from structlog.contextvars import bind_contextvars

from reread.errors import Conflict, RereadError, StorageFailed
from reread.followups import whole_question
from reread.reading import Reading, check_aggregation
from reread.records import AnswerRecord, Passage
from reread.rights import Rights
from service.answering.answered import Answered, Material, nothing_to_read, record_of
from service.answering.asked import Asked
from service.answering.encoding import EncodingDesk
from service.answering.examples import example_questions
from service.answering.live import LiveGeneration, Pin
from service.answering.others import OtherGenerations
from service.answering.patience import patiently
from service.answering.reading import AnswerReader, ReaderDesk, ReadingStream
from service.answering.searching import Retrieved, SearchDesk
from service.metrics import ServiceMetrics, evenness
from service.tracing import Tracing

logger = logging.getLogger(__name__)
ATTEMPTS = 3  # to answer while documents are taken out


class DocumentRemoved(Conflict):
    title = "The documents have changed"


class Recorder(Protocol):
    """The log behind group commit: the future resolves when the record is durable."""

    def submit(self, record: AnswerRecord) -> "Future[None]": ...


class Pipeline:
    def __init__(
        self,
        live: LiveGeneration,
        searches: SearchDesk,
        encodings: EncodingDesk,
        readings: ReaderDesk,
        recorder: Recorder,
        metrics: ServiceMetrics,
        *,
        top_k: int,  # passages retrieved where a question does not say
        batch_turns: int,  # questions of one batch in work at once; leaves room for others
        removed_since: Callable[[int], Collection[str]] = lambda sequence: (),  # passages' ids
        clock: Callable[[], float] = time.time,
        tracing: Tracing | None = None,
    ) -> None:
        self.live, self.searches, self.readings = live, searches, readings
        self.encodings, self.others = encodings, OtherGenerations(live)
        self._recorder, self._metrics, self._clock = recorder, metrics, clock
        self._top_k, self._batch_turns = top_k, batch_turns
        self._removed_since, self._tracing = removed_since, tracing or Tracing()

    @property
    def reader(self) -> AnswerReader:
        """What reads for the generation that serves: a tuned one, or the service's own."""
        return self.live.reader or self.readings.reader

    @property
    def reader_name(self) -> str:
        return self.reader.name

    def reader_of(self, material: Material) -> AnswerReader:
        """What reads this; a swap between search and reading changes nothing of it."""
        return material.retrieved.reader or self.readings.reader

    async def answer(self, asked: Asked) -> Answered:
        """Find, read and record; raises StorageFailed if the record cannot be kept."""
        return await self._answer(await self.material(asked))

    async def answer_all(self, asked: Sequence[Asked]) -> list[Answered | Exception]:
        """Many questions from one generation, in order; one that fails leaves the others alone."""
        pin = self.live.pin() if any(one.passages is None for one in asked) else None
        turns = asyncio.Semaphore(self._batch_turns)

        async def one(question: Asked) -> Answered | Exception:
            try:
                async with turns:
                    return await self._answer(await self.material(question, pin))
            except Exception as error:
                return error

        try:
            return list(await asyncio.gather(*(one(question) for question in asked)))
        finally:
            if pin is not None:
                pin.release()

    def stream(self, material: Material) -> AsyncIterator[str | Answered]:
        """The answer's pieces, and the whole of it last, after it was recorded.

        Refusals are raised here, before anything is sent.
        """
        if not material.retrieved.holds_evidence:
            return self._refuse(material)
        return self._follow(
            material, self.readings.stream(material.request, reader=self.reader_of(material))
        )

    async def relevance(
        self, asked: Asked, aggregation: str, tokens: bool
    ) -> tuple[Material, Reading]:
        """Read without recording."""
        check_aggregation(aggregation)
        material = await self.material(asked)
        if not material.retrieved.holds_evidence:
            return material, nothing_to_read(material)
        reading = await self.readings.read(
            material.request, aggregation, tokens, reader=self.reader_of(material)
        )
        self._require_present(material)
        return material, reading

    async def vectors(self, texts: Sequence[str]) -> tuple[list[list[float]], int]:
        """Texts as the served retriever embeds passages, and its generation."""
        pin = self.live.pin()
        passages = [Passage("", "", text) for text in texts]
        return await self.encodings.vectors(pin, passages), pin.generation.number

    async def retriever_scores(self, asked: Asked) -> tuple[tuple[float, ...], int]:
        """The served retriever's scores of the caller's own passages, and its generation."""
        pin = self.live.pin()
        found = await self.encodings.scores(pin, asked.question, asked.passages or ())
        return found, pin.generation.number

    async def material(self, asked: Asked, pin: Pin | None = None) -> Material:
        """The caller's own passages, or what the pinned (or present) generation finds.

        The pin stays the caller's.
        """
        started_s = time.perf_counter()
        if asked.passages is not None:
            none = (None,) * len(asked.passages)
            own = Retrieved(
                asked.passages, none, none, self.live.number, None, reader=self.live.reader
            )
            return Material(asked, own, started_s)
        question = whole_question(asked.question, asked.history)
        top_k = asked.top_k or self._top_k
        own_pin = await self._pin(asked.generation, pin)
        found = await self.searches.search(own_pin, question, top_k, asked.rights)
        bind_contextvars(generation=found.generation)  # in what is logged of this request
        self._metrics.stage_seconds.labels("embed").observe(found.embed_ms / 1000)
        self._metrics.stage_seconds.labels("search").observe(found.search_ms / 1000)
        self._tracing.searched(
            question=question, top_k=top_k, generation=found.generation,
            found=[(p.id, s) for p, s in zip(found.passages, found.scores, strict=True)],
            embed_ms=found.embed_ms, search_ms=found.search_ms,
        )  # fmt: skip
        return Material(asked, found, started_s)

    async def examples(self, count: int, rights: Rights) -> list[str]:
        """Questions that somebody new may begin with."""
        pin = self.live.pin()
        try:
            return await asyncio.to_thread(
                example_questions, pin.generation.passages, count, rights
            )
        finally:
            pin.release()

    async def _pin(self, number: int | None, pin: Pin | None) -> Pin:
        if number is not None:
            return await self.others.pin(number)
        return self.live.pin() if pin is None else pin.share()

    async def _answer(self, material: Material) -> Answered:
        """Read and record; found anew where a document was removed on the way."""
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._answer_once(material)
            except DocumentRemoved:
                material = await self.material(material.asked)
        return await self._answer_once(material)

    async def _answer_once(self, material: Material) -> Answered:
        began_s = time.perf_counter()
        if material.retrieved.holds_evidence:
            reading = await self.readings.read(material.request, reader=self.reader_of(material))
        else:
            reading = nothing_to_read(material)
        return await self._recorded(material, reading, began_s)

    async def _refuse(self, material: Material) -> AsyncIterator[str | Answered]:
        yield await self._recorded(material, nothing_to_read(material), time.perf_counter())

    def _require_present(self, material: Material) -> None:
        """Raises DocumentRemoved where what was read has been taken out since it was found."""
        found = material.retrieved
        removed = self._removed_since(found.as_of)
        for row, passage in zip(found.rows, found.passages, strict=True) if removed else ():
            if row is not None and passage.id in removed:
                raise DocumentRemoved(
                    "A document this was read from was changed or removed meanwhile; ask again."
                )

    async def _follow(
        self, material: Material, stream: ReadingStream
    ) -> AsyncIterator[str | Answered]:
        began_s, first_s, last_s = time.perf_counter(), None, 0.0
        try:
            async for piece in stream.pieces():
                if isinstance(piece, Reading):
                    yield await self._recorded(material, piece, began_s, first_s)
                    continue
                self._require_present(material)
                now_s = time.perf_counter()
                if first_s is None:
                    first_s = now_s - began_s
                    self._metrics.stage_seconds.labels("first token").observe(first_s)
                else:
                    self._metrics.token_seconds.observe(now_s - last_s)
                last_s = now_s
                yield piece
        finally:
            stream.leave()

    async def _recorded(
        self, material: Material, reading: Reading, began_s: float, first_s: float | None = None
    ) -> Answered:
        read_s = time.perf_counter() - began_s
        self._require_present(material)
        reader = self.reader_of(material).name
        record = record_of(material, reading, reader, self._clock(), read_s)
        await self._commit(record)
        logger.info("answer %s is logged", record.id)
        self._require_present(material)  # its record is found by the next pass over the log
        total_s = time.perf_counter() - material.started_s
        self._metrics.stage_seconds.labels("read").observe(read_s)
        self._metrics.stage_seconds.labels("total").observe(total_s)
        self._metrics.answered(
            record.found, record.confidence, record.generation, reading.relevance
        )
        self._tracing.read(
            reader=record.reader, answer_id=record.id, found=record.found,
            confidence=record.confidence, entropy=evenness(reading.relevance),
            spent_ms=read_s * 1000, first_ms=None if first_s is None else first_s * 1000,
        )  # fmt: skip
        timings_ms = {
            "embed": material.retrieved.embed_ms,
            "search": material.retrieved.search_ms,
            "read": read_s * 1000,
            "total": total_s * 1000,
        }
        rounded = {stage: round(spent_ms, 3) for stage, spent_ms in timings_ms.items()}
        return Answered(record, material, reading, rounded)

    async def _commit(self, record: AnswerRecord) -> None:
        try:
            await patiently(self._recorder.submit(record), "log", self.readings.wait_s)
        except RereadError:
            self._metrics.log_failures.inc()
            raise
        except Exception as error:
            self._metrics.log_failures.inc()
            raise StorageFailed(
                f"The answer could not be logged ({error}) and is withheld; ask again once the "
                "log can be written."
            ) from error
