"""From what the pipeline made to what a response says.

Knows both sides' shapes and no step between them.
"""

from dataclasses import asdict
from typing import Any

from reread.artefacts.tuned import tuning_of
from reread.reading import Reading
from reread.records import AnswerRecord, Job, Passage
from service.answering.answered import Answered, Material
from service.answering.history import Overview
from service.http.schemas import (
    AnswerBody,
    FoundPassage,
    JobBody,
    LogBody,
    LoggedRelevanceBody,
    OneJobBody,
    ReadPassage,
    RelevanceBody,
    SearchBody,
    SpanBody,
    Timings,
    UnsureQuestion,
    WeighedPassage,
)


def answer_body(answered: Answered) -> AnswerBody:
    record, reading = answered.record, answered.reading
    relevance = reading.relevance
    return AnswerBody(
        id=record.id,
        question=answered.material.asked.question,
        answer=record.answer,
        confidence=record.confidence,
        **_verdict(reading),
        passages=[
            ReadPassage(**_found(answered.material, i), attention=score, relevance=relevance[i])
            for i, score in enumerate(reading.attention)
        ],
        generation=record.generation,
        reader=record.reader,
        reader_generation=tuning_of(record.reader),
        timings_ms=Timings(**answered.timings_ms),
    )


def found_passages(material: Material) -> list[FoundPassage]:
    return [FoundPassage(**_found(material, i)) for i in range(len(material.retrieved.passages))]


def search_body(material: Material) -> SearchBody:
    generation = material.retrieved.generation
    assert generation is not None  # retrieved material always has one
    return SearchBody(
        question=material.asked.question,
        generation=generation,
        passages=found_passages(material),
    )


def relevance_body(
    material: Material, reading: Reading, aggregation: str, reader: str
) -> RelevanceBody:
    relevance = reading.relevance
    return RelevanceBody(
        question=material.asked.question,
        answer=reading.answer,
        **_verdict(reading),
        aggregation=aggregation,
        generation=material.retrieved.generation,
        reader=reader,
        reader_generation=tuning_of(reader),
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


def _verdict(reading: Reading) -> dict[str, Any]:
    """Whether there is an answer, where it stands, and what to know about it."""
    return {
        "found": reading.found,
        "spans": [SpanBody(**asdict(one)) for one in reading.spans],
        "warnings": list(reading.warnings),
    }


def _tokens(reading: Reading, i: int) -> dict[str, Any]:
    """Absent rather than null where they were not asked for."""
    return {} if reading.tokens is None else {"tokens": list(reading.tokens[i])}


def logged_body(
    record: AnswerRecord,
    passages: list[Passage | None],
    aggregation: str,
    attention: tuple[float, ...],
) -> LoggedRelevanceBody:
    read = record.found or any(attention)  # scores of 0 alone: refused before reading
    relevance = Reading(record.answer, record.confidence, attention, read=read).relevance
    return LoggedRelevanceBody(
        id=record.id,
        question=record.question,
        answer=record.answer,
        confidence=record.confidence,
        found=record.found,
        aggregation=aggregation,
        generation=record.generation,
        reader=record.reader,
        reader_generation=tuning_of(record.reader),
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


def log_body(seen: Overview) -> LogBody:
    unsure = [
        UnsureQuestion(
            id=one.id, question=one.question, answer=one.answer, confidence=one.confidence
        )
        for one in seen.unsure
    ]
    return LogBody(
        answers=seen.answers, looked_at=seen.looked_at, verdicts=seen.verdicts,
        not_found=seen.not_found, unsure=unsure,
    )  # fmt: skip


def job_body(job: Job) -> JobBody:
    return JobBody(**job.to_dict())


def one_job_body(job: Job) -> OneJobBody:
    return OneJobBody(**job.to_dict(), job=job_body(job))


def _found(material: Material, i: int) -> dict[str, Any]:
    found = material.retrieved
    copies = 0 if found.copies is None else found.copies[i]
    passage = asdict(found.passages[i])
    del passage["labels"]  # whoever sees it holds them
    return {**passage, "retrieval_score": found.scores[i], "copies": copies}
