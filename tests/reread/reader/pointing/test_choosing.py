"""What is chosen among the places that were tried, and what a reading tells of it."""

import math

import pytest

from reread.reader.confidence import ReaderNotes
from reread.reader.pointing.pointed import reading_of
from reread.reader.pointing.pointer import Pointed, Stands, choose
from reread.records import Passage

PASSAGES = tuple(Passage(name, "", "Snow fell.") for name in "abc")


def test_a_reading_tells_of_the_next_best_answer_and_of_its_passages_share() -> None:
    pointed = Pointed("Snow", 0.1, (0.5, 0.8), 1, 0, 4, rival=0.25)
    scores = {"mean": (math.log(4), math.log(1), math.log(3))}
    signals = reading_of(pointed, PASSAGES, scores, "mean", ReaderNotes(), None).signals
    assert signals["rival"] == pytest.approx(math.log(0.25))
    assert signals["agreed"] == pytest.approx(math.log(1 / 4))  # of the largest, 4


def test_without_a_place_a_verdict_is_left_however_unlikely() -> None:
    """Passages without a word, and a head so sure of nothing that yes and no are 0."""
    assert choose([], 1.0, 0.0, 0.0) == Pointed("yes", 1.0, (0.0,), rival=1.0)
    assert choose([], 0.9, 0.02, 0.08) == Pointed("no", 0.9, (0.08,), rival=0.25)


def test_one_place_alone_has_the_likelier_verdict_for_a_rival() -> None:
    snow = Stands("Snow", 2, 0, 4)
    found = choose([(0.4, 0.8, snow)], 0.3, 0.1, 0.2)
    assert (found.text, found.place, found.end) == ("Snow", 2, 4)
    assert found.chances == pytest.approx((0.5, 0.8)) and found.rival == pytest.approx(0.5)
