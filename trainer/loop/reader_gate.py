"""The reader's gate: a tuned reader serves only if it answers better than the one that serves.

Both read the same held-out questions. An answerable one counts 1 where the answer is exact, one
without an answer where it is refused. Accepted when all of these hold:

1. the mean is above the incumbent's, and in `gate_confidence` of 1,000 paired resamples;
2. of questions that people corrected, the mean does not fall in as many resamples;
3. the right passage stands first by attention no less often, up to `gate_recall_tolerance`: it
   teaches the retriever, and must not become a worse teacher for a better answer;
4. of questions that people asked it leaves no more unanswered, up to MOST_SILENT: made questions
   are easier than theirs, and a reader that passed the rest refused three in ten of them.

There is no way around it: a forced round keeps the reader that serves unless the other is better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.measure import AnswerReader
from evaluation.metrics import exact_match
from reread.reading import Reading, ReadRequest
from trainer.loop.gate import better_share
from trainer.reader.drawing.examples import ReadingExample
from trainer.settings import GateSettings

MOST_SILENT = 0.05  # share of asked questions that may go unanswered beyond those that do now
FEWEST_ASKED = 10  # fewer say nothing of silence


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """`points`: 1 or 0 of each question; `said_points` of those that people corrected."""

    points: tuple[float, ...]
    said_points: tuple[float, ...]
    exact: float | None  # share of answerable questions
    refused: float | None  # share of those without an answer, rightly
    wrongly_refused: float | None  # share of the answerable
    right_first: float | None  # share of the answerable, by attention

    def to_json(self) -> dict[str, Any]:
        return {
            "questions": len(self.points), "points": _mean(self.points),
            "said_questions": len(self.said_points), "said_points": _mean(self.said_points),
            "exact": self.exact, "refused": self.refused,
            "wrongly_refused": self.wrongly_refused, "right_first": self.right_first,
        }  # fmt: skip


def measure_reader(
    reader: AnswerReader,
    own: Sequence[ReadingExample],
    said: Sequence[ReadingExample],
    check: Callable[[float], None] = lambda share: None,
) -> ReaderFigures:
    """Reads each question by itself; `check` gets the share done and may raise to stop."""
    readings: list[Reading] = []
    questions = [*own, *said]
    for place, one in enumerate(questions):
        readings += reader.read([ReadRequest(one.question, one.passages)])
        check((place + 1) / len(questions))
    points = [_points(one, reading) for one, reading in zip(questions, readings, strict=True)]
    answerable = [pair for pair in zip(questions, readings, strict=True) if pair[0].answers]
    return ReaderFigures(
        tuple(points[: len(own)]),
        tuple(points[len(own) :]),
        _mean([_points(*pair) for pair in answerable]),
        _mean([float(not got.found) for one, got in zip(questions, readings, strict=True)
               if not one.answers]),
        _mean([float(not got.found) for _, got in answerable]),
        _mean([_is_right_first(*pair) for pair in answerable]),
    )  # fmt: skip


def reader_refusals(
    before: ReaderFigures, after: ReaderFigures, settings: GateSettings, *, seed: int
) -> list[str]:
    """A sentence for each condition that the tuned reader fails; none = accepted."""
    if few := too_few(len(before.points), settings):
        return [few]
    refusals = []
    was, now = np.mean(before.points), np.mean(after.points)
    share = better_share(before.points, after.points, seed=seed)
    if now <= was or share < settings.gate_confidence:
        refusals.append(
            f"It is right about {now:.1%} of held-out questions and the serving one about "
            f"{was:.1%}; it is better in {share:.0%} of resamples, and "
            f"{settings.gate_confidence:.0%} are needed."
        )
    if len(before.said_points) >= settings.gate_min_questions:
        worse = better_share(after.said_points, before.said_points, seed=seed)
        if worse >= settings.gate_confidence:
            refusals.append(
                f"Of questions that people corrected it is right about "
                f"{np.mean(after.said_points):.1%} and the serving one about "
                f"{np.mean(before.said_points):.1%}, in {worse:.0%} of resamples."
            )
    first, firsts = before.right_first, after.right_first
    if first is not None and (firsts or 0.0) < first - settings.gate_recall_tolerance - 1e-12:
        refusals.append(
            f"The right passage stands first by its attention for {firsts or 0.0:.1%} and by the "
            f"serving one's for {first:.1%}; {settings.gate_recall_tolerance} is tolerated."
        )
    return refusals


def silence_refusals(before: Sequence[bool], after: Sequence[bool]) -> list[str]:
    """Of the same asked questions, whether each was answered."""
    if len(before) < FEWEST_ASKED:
        return [
            f"{len(before)} asked questions are left to tell by whether it falls silent and "
            f"{FEWEST_ASKED} are needed: ask more first."
        ]
    was, now = sum(before) / len(before), sum(after) / len(after)
    if now >= was - MOST_SILENT - 1e-12:
        return []
    return [
        f"It answers {now:.0%} of {len(before)} questions that people asked and the serving one "
        f"{was:.0%}; {MOST_SILENT} is tolerated."
    ]


def too_few(questions: int, settings: GateSettings) -> str:
    """Why so many questions judge nothing; empty where they are enough."""
    if questions >= settings.gate_min_questions:
        return ""
    return (
        f"{questions} questions could be made to judge it by and the gate needs "
        f"{settings.gate_min_questions}: add documents, or raise adapt_questions."
    )


def _points(one: ReadingExample, reading: Reading) -> float:
    if not one.answers:
        return float(not reading.found)
    return float(exact_match(reading.answer, one.answers)) if reading.found else 0.0


def _is_right_first(one: ReadingExample, reading: Reading) -> float:
    return float(int(np.argmax(reading.attention)) in one.positives)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
