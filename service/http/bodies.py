"""From what the pipeline made to what a response says.

Knows both sides' shapes and no step between them.
"""

from dataclasses import asdict
from typing import Any

from reread.reader.reader import Reading
from reread.records import AnswerRecord, Job, Passage
from service.answering.pipeline import Answered, Material
from service.http.schemas import (
    AnswerBody,
    FoundPassage,
    JobBody,
    LoggedRelevanceBody,
    OneJobBody,
    ReadPassage,
    RelevanceBody,
    SearchBody,
    Timings,
    WeighedPassage,
)


def answer_body(answered: Answered) -> AnswerBody:
    record, reading = answered.record, answered.reading
    relevance = reading.relevance
    return AnswerBody(
        id=record.id,
        question=record.question,
        answer=record.answer,
        confidence=record.confidence,
        passages=[
            ReadPassage(**_found(answered.material, i), attention=score, relevance=relevance[i])
            for i, score in enumerate(reading.attention)
        ],
        generation=record.generation,
        reader=record.reader,
        timings_ms=Timings(**answered.timings_ms),
    )


def found_passages(material: Material) -> list[FoundPassage]:
    return [FoundPassage(**_found(material, i)) for i in range(len(material.passages))]


def search_body(material: Material) -> SearchBody:
    assert material.generation is not None  # retrieved material always has one
    return SearchBody(
        question=material.question,
        generation=material.generation,
        passages=found_passages(material),
    )


def relevance_body(
    material: Material, reading: Reading, aggregation: str, reader: str
) -> RelevanceBody:
    relevance = reading.relevance
    return RelevanceBody(
        question=material.question,
        answer=reading.answer,
        aggregation=aggregation,
        generation=material.generation,
        reader=reader,
        passages=[
            WeighedPassage(
                **_found(material, i),
                attention=score,
                relevance=relevance[i],
                **_tokens(reading, i),
            )
            for i, score in enumerate(reading.attention)
        ],
    )


def _tokens(reading: Reading, i: int) -> dict[str, Any]:
    """Absent rather than null where they were not asked for."""
    return {} if reading.tokens is None else {"tokens": list(reading.tokens[i])}


def logged_body(
    record: AnswerRecord,
    passages: list[Passage | None],
    aggregation: str,
    attention: tuple[float, ...],
) -> LoggedRelevanceBody:
    relevance = Reading(record.answer, record.confidence, attention).relevance
    return LoggedRelevanceBody(
        id=record.id,
        question=record.question,
        answer=record.answer,
        confidence=record.confidence,
        aggregation=aggregation,
        generation=record.generation,
        reader=record.reader,
        passages=[
            ReadPassage(
                id=one.id,
                title=passage.title if passage else None,
                text=passage.text if passage else None,
                source=passage.source if passage else None,
                retrieval_score=one.retrieval_score,
                attention=attention[i],
                relevance=relevance[i],
            )
            for i, (one, passage) in enumerate(zip(record.passages, passages, strict=True))
        ],
    )


def job_body(job: Job) -> JobBody:
    return JobBody(**job.to_dict())


def one_job_body(job: Job) -> OneJobBody:
    return OneJobBody(**job.to_dict(), job=job_body(job))


def _found(material: Material, i: int) -> dict[str, Any]:
    return {**asdict(material.passages[i]), "retrieval_score": material.scores[i]}
