"""Readings of held-back questions for a calibration: with what was found, and without the answer.

Each question is read with the passages retrieved for it and, where they hold an accepted answer,
once more without those that do: a question is not refused for its topic alone. Knows generations
and readers by what they can do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from evaluation.confidence.calibration import Outcome
from evaluation.measure import AnswerReader, Searchable
from evaluation.metrics import exact_match, has_answer
from evaluation.questions import LabelledQuestion
from reread.errors import BadRequest
from reread.reading import ReadRequest
from reread.records import Passage


def outcomes_of(
    generation: Searchable,
    reader: AnswerReader,
    questions: Sequence[LabelledQuestion],
    top_k: int,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Outcome]:
    """One or two outcomes for every question, in order; BadRequest of a reader without signals."""
    found = []
    for place, question in enumerate(questions):
        hits = generation.search([question.question], top_k)[0]
        passages = generation.passages.get([hit.row for hit in hits])
        for kept, answerable in variants(passages, question.answers):
            (reading,) = reader.read([ReadRequest(question.question, tuple(kept))])
            if reading.signals is None:
                raise BadRequest(f"The reader {reader.name} gives nothing to calibrate by.")
            right = answerable and exact_match(reading.draft, question.answers) > 0
            found.append(Outcome(reading.signals, right, answerable))
        progress((place + 1) / len(questions))
    return found


def variants(
    passages: Sequence[Passage], answers: Sequence[str]
) -> Iterator[tuple[list[Passage], bool]]:
    """The passages as found, and those of them that hold no answer; whether one can be given."""
    without = [one for one in passages if not has_answer(f"{one.title} {one.text}", answers)]
    answerable = bool(answers) and len(without) < len(passages)
    if passages:
        yield list(passages), answerable
    if answerable and without:
        yield without, False
