"""What a pointing reader is taught: the places of the answer's own characters."""

from random import Random

import pytest
from transformers import AutoTokenizer

from reread.reader.loading import SMALL_STARTER, reader_folder
from reread.records import Passage
from trainer.reader.drawing.drawing import Drawing, without_right
from trainer.reader.drawing.examples import ReadingExample
from trainer.reader.pointing.tasks import PointDrawer, PointTask

LONG = " ".join(f"word{n}" for n in range(90))
SPAN = ReadingExample(
    "How much does it move?",
    ("1,250 litres",),
    (
        Passage("0", "1,250 litres", f"{LONG} It moves 1,250 litres, yes: 1,250 litres. {LONG}"),
        Passage("1", "", "Another moves 1,250 litres too."),
        Passage("2", "", "Rain fell."),
    ),
    (0,),
)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(reader_folder(SMALL_STARTER))


def shown(task: PointTask) -> set[str]:
    """The characters between each beginning and its end."""
    tokens = [(one, at) for one in task.segments for at in range(len(one.ids))]
    found = set()
    for begin, end in zip(task.begins, task.ends, strict=True):
        (segment, first), (same, last) = tokens[begin], tokens[end]
        assert segment is same
        assert segment.offsets[first][0] >= segment.body, "not in the question, not in the title"
        found.add(segment.text[segment.offsets[first][0] : segment.offsets[last][1]])
    return found


def test_every_place_in_right_passages_alone(tokenizer) -> None:
    drawer = PointDrawer({"a": [SPAN]}, {"a": 1.0}, tokenizer, 102,
                         Drawing(passages=(3,), weights=(1,), crop_share=0.0))  # fmt: skip
    tasks = [drawer.draw(Random(n)) for n in range(12)]
    drawn = [one for one in tasks if one is not None]
    assert drawn and {len(one.begins) for one in drawn} == {2}
    assert all(shown(one) == {"1,250 litres"} for one in drawn)
    whole = drawn[0]
    tokens = [k for k, one in enumerate(whole.segments) for _ in one.ids]
    assert {tokens[place] for place in whole.begins} == set(whole.right)
    assert tokenizer.decode(list(whole.target)) == "1, 250 litres [SEP]"


def test_windows_hold_the_answer(tokenizer) -> None:
    drawer = PointDrawer({"a": [SPAN]}, {"a": 1.0}, tokenizer, 102,
                         Drawing(passages=(2,), weights=(1,), crop_share=1.0))  # fmt: skip
    drawn = [one for n in range(12) if (one := drawer.draw(Random(n))) is not None]
    assert len(drawn) == 12 and all(shown(one) == {"1,250 litres"} for one in drawn)


@pytest.mark.parametrize(
    ("kind", "answers", "positives", "slot"),
    [("none", (), (), 0), ("yesno", ("yes",), (1,), 1), ("yesno", ("no",), (1,), 2)],
)
def test_verdicts_stand_behind_the_tokens(tokenizer, kind, answers, positives, slot) -> None:
    example = ReadingExample("Does it rain?", answers, SPAN.passages, positives, kind)
    task = PointDrawer({"a": [example]}, {"a": 1.0}, tokenizer, 102).draw(Random(1))
    assert task is not None
    assert task.begins == task.ends == (task.tokens + slot,)


def test_steps_are_drawn_from_seed_and_number(tokenizer) -> None:
    drawer = PointDrawer({"a": [SPAN]}, {"a": 1.0}, tokenizer, 102)
    assert drawer.step(1, 5, 900) == drawer.step(1, 5, 900) != drawer.step(1, 6, 900)
    assert sum(one.tokens for one in drawer.step(1, 5, 900)) >= 900


def test_right_passages_taken_away_are_refused_where_no_other_answers() -> None:
    """Passage 1 holds the answer too, in other letters: without it alone nothing answers."""
    near = Passage("1", "", "Another moves 1,250 LITRES too.")
    far = Passage("2", "", "Rain fell.")
    tempting = ReadingExample("How much?", ("1,250 litres",), (SPAN.passages[0], near, far), (0,))
    bare, places = without_right(tempting, [2, 0])
    assert (bare.answers, bare.positives, bare.kind, places) == ((), (), "none", [2])
    assert without_right(tempting, [1, 0, 2]) == (tempting, [1, 0, 2])
    capital = ReadingExample("Where?", ("LOG_DIR",), (Passage("0", "", "In log_dir."), far), (1,))
    assert without_right(capital, [0, 1]) == (capital, [0, 1])
    assert without_right(tempting, [0]) == (tempting, [0]), "nothing to read is not a question"
    said = ReadingExample("Does it rain?", ("no",), (near, Passage("3", "", "No.")), (0,), "yesno")
    assert without_right(said, [0, 1])[0].kind == "none", "a verdict's word is not its evidence"


def test_the_share_taken_away_is_the_drawings(tokenizer) -> None:
    example = ReadingExample("How much does it move?", SPAN.answers,
                             (SPAN.passages[0], SPAN.passages[2]), (0,))  # fmt: skip
    shares = []
    for share in (0.0, 0.25, 1.0):
        drawing = Drawing(passages=(2,), weights=(1,), crop_share=1.0, removed_share=share)
        drawer = PointDrawer({"a": [example]}, {"a": 1.0}, tokenizer, 102, drawing)
        drawn = [one for n in range(200) if (one := drawer.draw(Random(n))) is not None]
        refused = [one for one in drawn if one.kind == "none"]
        assert all(one.begins == (one.tokens + 0,) and not one.right for one in refused)
        shares.append(len(refused) / len(drawn))
    assert shares[0] == 0.0 and 0.15 < shares[1] < 0.35 and shares[2] == 1.0
