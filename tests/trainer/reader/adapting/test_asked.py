"""A tuned reader's bound is held to what people ask."""

from dataclasses import replace
from pathlib import Path

import pytest

from reread.reader.confidence import Calibration, Logistic, ReaderNotes
from reread.reader.loading import load_reader
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from tests.reread.reader.tiny_pointing import save_tiny_pointing
from tests.trainer.reader.adapting.towns import make_towns
from trainer.reader.adapting.asked import answered_of, hold_to_asked

ASKED = [ReadRequest(f"Wells of Town {n}?", tuple(make_towns(2 + n))) for n in range(8)]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Sure of an answer by its head; refuses below the bound that a test gives it."""
    found = load_reader(save_tiny_pointing(tmp_path / "tiny"), device="cpu", dtype="float32")
    assert isinstance(found, Reader)
    even = Calibration(
        "tiny", Logistic(0.0, {}), Logistic(0.0, {"nothing": -1.0, "top": 3.0}), 0.99
    )
    found.notes = ReaderNotes(calibration=even)
    return found


def bound_of(reader: Reader) -> float:
    assert reader.notes.calibration is not None
    return reader.notes.calibration.refuse_below


@pytest.mark.parametrize("refused", [0, 1, 3])
def test_as_many_are_refused_as_were(reader: Reader, refused: int) -> None:
    reader.notes = raised(reader, 1.0)
    assert answered_of(reader, ASKED) == [False] * 8
    hold_to_asked(reader, [False] * refused + [True] * (8 - refused), ASKED)
    assert answered_of(reader, ASKED).count(False) == refused


def test_the_bound_is_never_raised_and_without_questions_or_calibration_it_stays(
    reader: Reader,
) -> None:
    reader.notes = raised(reader, 0.0)
    hold_to_asked(reader, [False] * 8, ASKED)
    assert bound_of(reader) == 0.0 and all(answered_of(reader, ASKED))
    hold_to_asked(reader, [], [])
    assert bound_of(reader) == 0.0
    reader.notes = ReaderNotes()
    hold_to_asked(reader, [True] * 8, ASKED)
    assert reader.notes == ReaderNotes()


def raised(reader: Reader, bound: float) -> ReaderNotes:
    calibration = reader.notes.calibration
    assert calibration is not None
    return replace(reader.notes, calibration=replace(calibration, refuse_below=bound))
