"""The reader's gate counts as a person would, and lets no worse reader and no worse teacher by."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from reread.reading import Reading, ReadRequest
from tests.trainer.reader.adapting.towns import make_towns
from trainer.loop.reader_gate import (
    ReaderFigures,
    measure_reader,
    reader_refusals,
    silence_refusals,
)
from trainer.reader.drawing.examples import ReadingExample
from trainer.settings import GateSettings

SETTINGS = GateSettings(gate_min_questions=4)


class Scripted:
    """Says what it is told to, question by question."""

    name = "scripted"

    def __init__(self, answers: dict[str, tuple[str, bool]]) -> None:
        self._answers = answers

    def read(self, requests: Sequence[ReadRequest], aggregation: str = "mean") -> list[Reading]:
        [request] = requests
        answer, first = self._answers[request.question]
        others = tuple(0.0 for _ in request.passages[1:])
        return [Reading(answer, 0.5, (1.0 if first else -1.0, *others), found=bool(answer))]


def figures(
    points: Sequence[float], said: Sequence[float] = (), first: float = 0.5
) -> ReaderFigures:
    return ReaderFigures(tuple(points), tuple(said), None, None, None, first)


def test_points_are_exact_answers_and_right_refusals() -> None:
    passages = tuple(make_towns(3))
    own = [
        ReadingExample("right", ("100",), passages, (0,)),
        ReadingExample("wrong", ("100",), passages, (0,)),
        ReadingExample("refused", ("100",), passages, (0,)),
        ReadingExample("none", (), passages, (), "none"),
        ReadingExample("none, answered", (), passages, (), "none"),
    ]
    said = [ReadingExample("said", ("Anna",), passages, (0,))]
    reader = Scripted({
        "right": ("100", True), "wrong": ("101", False), "refused": ("", True),
        "none": ("", False), "none, answered": ("7", False), "said": ("anna", False),
    })  # fmt: skip
    found = measure_reader(reader, own, said)
    assert found.points == (1.0, 0.0, 0.0, 1.0, 0.0) and found.said_points == (1.0,)
    assert found.exact == pytest.approx(2 / 4) and found.refused == pytest.approx(1 / 2)
    assert found.wrongly_refused == pytest.approx(1 / 4)
    assert found.right_first == pytest.approx(2 / 4)


def test_only_a_surely_better_reader_that_teaches_no_worse_passes() -> None:
    worse, better = figures([0, 0, 0, 1] * 10), figures([1, 0, 1, 1] * 10)
    assert reader_refusals(worse, better, SETTINGS, seed=0) == []
    for before, after in ((better, worse), (worse, worse)):
        (reason,) = reader_refusals(before, after, SETTINGS, seed=0)
        assert "held-out questions" in reason
    (unsure,) = reader_refusals(
        figures([0, 1] * 20), figures([1, 0] * 19 + [1, 1]), SETTINGS, seed=0
    )
    assert "resamples" in unsure
    (teacher,) = reader_refusals(worse, replace(better, right_first=0.4), SETTINGS, seed=0)
    assert "first by its attention for 40.0%" in teacher
    (people,) = reader_refusals(
        replace(worse, said_points=(1.0,) * 8), replace(better, said_points=(1.0, 0.0) * 4),
        SETTINGS, seed=0,
    )  # fmt: skip
    assert "people corrected it is right about 50.0%" in people
    anyhow = GateSettings(gate_min_questions=4, gate_confidence=0.0)
    assert len(reader_refusals(worse, worse, anyhow, seed=0)) == 1  # as good is not better
    (few,) = reader_refusals(figures([0, 0]), figures([1, 1]), SETTINGS, seed=0)
    assert "2 questions could be made to judge it by and the gate needs 4" in few


def test_a_reader_that_falls_silent_on_what_people_ask_does_not_pass() -> None:
    """One did: it was better at made questions, and refused three in ten of real ones."""
    served = [True] * 19 + [False]
    assert silence_refusals(served, [True] * 18 + [False] * 2) == []
    (silent,) = silence_refusals(served, [True] * 17 + [False] * 3)
    assert "answers 85% of 20 questions that people asked and the serving one 95%" in silent
    for was, now in ((8, 7), (4, 3)):  # 0.05 and no more, whatever the rounding of a quotient
        assert silence_refusals(*([True] * n + [False] * (20 - n) for n in (was, now))) == []
    assert silence_refusals([True] * 50, [True] * 46 + [False] * 4) != []
    assert silence_refusals([True] * 10, [True] * 10) == []
    (few,) = silence_refusals([True] * 9, [True] * 9)
    assert "9 asked questions are left" in few
