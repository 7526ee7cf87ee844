"""Labelled questions -> the same with retrieved passages and a score for each, for offline use.

Knows a generation's search and a reader's attention; does not know the file they are written to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from evaluation.measure import QUESTIONS_AT_ONCE, AnswerReader, Searchable
from evaluation.questions import LabelledQuestion
from reread.errors import BadRequest
from reread.reading import ReadRequest
from trainer.fid.files import ScoredQuestion


def retrieve_questions(
    generation: Searchable,
    questions: Sequence[LabelledQuestion],
    top_k: int,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[ScoredQuestion]:
    """Each question with its passages, best first, and the generation's own search scores.

    Raises BadRequest where two questions have one id, which no reader of the result could tell
    apart. A question that finds nothing is left out.
    """
    _refuse_repeated_ids(questions)
    for start in range(0, len(questions), QUESTIONS_AT_ONCE):
        progress(start / len(questions))
        batch = questions[start : start + QUESTIONS_AT_ONCE]
        found = generation.search([one.question for one in batch], top_k)
        for one, hits in zip(batch, found, strict=True):
            if hits:
                yield ScoredQuestion(
                    one.id, one.question, one.answers, one.target,
                    tuple(generation.passages.get([hit.row for hit in hits])),
                    tuple(hit.score for hit in hits),
                    one.passage_ids,
                )  # fmt: skip


def first_passages(
    questions: Sequence[ScoredQuestion],
    count: int,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[ScoredQuestion]:
    """Each question with its first `count` passages; the others are left out, not kept unscored.

    A file of passages scored on two scales cannot be told from a good one.
    """
    for number, one in enumerate(questions):
        progress(number / len(questions))
        scores = None if one.scores is None else one.scores[:count]
        yield replace(one, passages=one.passages[:count], scores=scores)


def attended_questions(
    reader: AnswerReader, questions: Iterator[ScoredQuestion], generation: int | None
) -> Iterator[ScoredQuestion]:
    """The same with the reader's attention G(q, p) as scores, in the order of the passages.

    `read_with` keeps what the scores depend on: reader, generation (None where the passages were
    given), aggregation, and the ids of the passages in the order they were read (FiD-KD, section
    3.2: the decoder reads all at once).
    """
    while batch := list(islice(questions, QUESTIONS_AT_ONCE)):
        readings = reader.read([ReadRequest(one.question, one.passages) for one in batch])
        for one, reading in zip(batch, readings, strict=True):
            read_with = {
                "reader": reader.name,
                "generation": generation,
                "aggregation": "mean",
                "passages": [passage.id for passage in one.passages],
                "retrieval_scores": list(one.scores or ()),
            }
            yield replace(one, scores=reading.attention, read_with=read_with)


def _refuse_repeated_ids(questions: Sequence[LabelledQuestion]) -> None:
    seen: set[str] = set()
    for number, one in enumerate(questions, 1):
        if one.id in seen:
            raise BadRequest(
                f"Question {number} has the id {one.id!r} of an earlier one; give each its own."
            )
        seen.add(one.id)
