"""Readings of held-back questions for a calibration: with what was found, and without the answer.

Each question is read with the passages retrieved for it and, where they hold an accepted answer,
once more without those that do: a question is not refused for its topic alone. Knows generations
and readers by what they can do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from evaluation.confidence.calibration import Outcome
from evaluation.measure import AnswerReader, Searchable
from evaluation.metrics import exact_match, has_answer
from evaluation.questions import LabelledQuestion
from reread.errors import BadRequest
from reread.reading import ReadRequest
from reread.records import Passage


class HeldBack(Protocol):
    """A question that brings its passages; `positives` are the places of those that answer."""

    @property
    def question(self) -> str: ...

    @property
    def answers(self) -> tuple[str, ...]: ...

    @property
    def passages(self) -> tuple[Passage, ...]: ...

    @property
    def positives(self) -> tuple[int, ...]: ...


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
            found.append(_outcome(reader, question.question, kept, question.answers, answerable))
        progress((place + 1) / len(questions))
    return found


def outcomes_of_examples(
    reader: AnswerReader,
    examples: Sequence[HeldBack],
    progress: Callable[[float], None] = lambda share: None,
) -> list[Outcome]:
    """The same of questions that bring their passages; those that answer are known by place."""
    found = []
    for place, one in enumerate(examples):
        rest = tuple(p for at, p in enumerate(one.passages) if at not in one.positives)
        answerable = bool(one.answers) and bool(one.positives)
        read = [(one.passages, answerable)]
        if answerable and rest:
            read.append((rest, False))
        for kept, known in read:
            found.append(_outcome(reader, one.question, kept, one.answers, known))
        progress((place + 1) / len(examples))
    return found


def _outcome(
    reader: AnswerReader,
    question: str,
    passages: Sequence[Passage],
    answers: Sequence[str],
    answerable: bool,
) -> Outcome:
    (reading,) = reader.read([ReadRequest(question, tuple(passages))])
    if reading.signals is None:
        raise BadRequest(f"The reader {reader.name} gives nothing to calibrate by.")
    right = answerable and exact_match(reading.draft, answers) > 0
    return Outcome(reading.signals, right, answerable)


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
