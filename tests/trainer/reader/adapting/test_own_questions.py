"""Questions of a home's own are true, and told apart by passage in every round."""

from dataclasses import replace
from random import Random

import pytest

from evaluation.questions import LabelledQuestion
from reread.records import Passage
from tests.trainer.reader.adapting.towns import WordSearch, make_towns
from trainer.examples import Example
from trainer.feedback import question_key
from trainer.reader.adapting.asking import Asked, ask, facts_of
from trainer.reader.adapting.own_questions import Parts, make_own, make_said, mix_of

PROSE = Passage(
    "p", "Mill", "The mill was built by three brothers in a dry year. It has 14 wheels at work now."
)


def all_of(parts: Parts) -> list[list]:  # type: ignore[type-arg]
    return [parts.learnt, parts.calibrated, parts.judged]


def test_what_is_asked_stands_once_in_the_passage_and_in_no_passage_beside_it() -> None:
    towns = make_towns(60)
    parts = make_own(WordSearch(towns), 60, 0, lambda share: None)
    assert parts.count == 60 and all(all_of(parts))
    refused = 0
    for one in [*parts.learnt, *parts.calibrated, *parts.judged]:
        if not one.answers:
            refused += 1
            assert one.positives == () and len(one.passages) >= 2
            continue
        (answer,), (source, *others) = one.answers, one.passages
        assert one.positives == (0,) and source.text.count(answer) == 1
        assert not any(answer in other.text for other in others)
    assert 4 <= refused <= 30  # a fourth, as far as there are passages to refuse from


def test_a_passage_is_in_the_same_part_in_every_round() -> None:
    search = WordSearch(make_towns(60))
    first, second = (make_own(search, 60, seed, lambda share: None) for seed in (0, 1))
    places = []
    for parts in (first, second):
        found = {}
        for name, part in zip("lcj", all_of(parts), strict=True):
            found |= {one.passages[0].id: name for one in part if one.answers}
        places.append(found)
    both = places[0].keys() & places[1].keys()
    assert len(both) > 20 and all(places[0][id] == places[1][id] for id in both)


def test_passages_under_access_labels_are_neither_asked_about_nor_shown() -> None:
    towns = [replace(one, labels=("board",)) if n % 2 else one
             for n, one in enumerate(make_towns(40))]  # fmt: skip
    parts = make_own(WordSearch(towns), 40, 0, lambda share: None)
    assert 0 < parts.count <= 20
    assert not any(p.labels for part in all_of(parts) for one in part for p in one.passages)


def test_a_label_twice_and_a_value_twice_are_not_asked_for() -> None:
    text = "Colour: red\nColour: blue\nBasin: left\nOutlet: left\nDepth: 4 m"
    assert facts_of(Passage("1", "Tap", text)) == [("Depth", "4 m")]
    assert ask(Passage("1", "Tap", "Nothing."), Random(0)) is None
    found = [ask(PROSE, Random(seed)) for seed in range(20)]
    assert any(one is not None for one in found)
    assert all(one is None or PROSE.text.count(one.answer) == 1 for one in found)


def test_a_passage_with_the_label_under_the_same_name_may_answer_too() -> None:
    asked = Asked("wells of town 1", "17", "label_value", "Wells", "Town 1")
    assert asked.is_answered_by(Passage("a", "Atlas > Town 1", "Wells: 18"))
    assert asked.is_answered_by(Passage("b", "Other", "There are 17."))
    assert not asked.is_answered_by(Passage("c", "Atlas > Town 2", "Wells: 18"))
    assert not asked.is_answered_by(Passage("d", "Atlas > Town 1", "Mayor: Anna"))


def test_corrected_answers_become_questions_where_they_stand_in_a_passage_read() -> None:
    towns = make_towns(5)
    example = Example(
        "Wells in town 3?", tuple(towns), (0, 1, 2, 3, 4), (0.0,) * 5, "r", 1, answer="wrong"
    )
    label = LabelledQuestion("x", "wells in town 3", ("103",), ())
    parts = make_said([example], [label])
    (found,) = [*parts.learnt, *parts.judged]
    assert found.answers == ("103",) and found.positives == (0,)
    assert [one.id for one in found.passages] == ["town-3", "town-0", "town-1", "town-2", "town-4"]
    assert make_said([example], [replace(label, answers=("a thousand",))]).count == 0
    assert make_said([example], [replace(label, question="another")]).count == 0


def test_a_fifth_is_judged_by_and_a_fifth_calibrated_by_but_of_corrected_ones_none() -> None:
    parts = Parts()
    drawn = [parts.of(f"passage {n}") for n in range(2000)]
    for part in (parts.judged, parts.calibrated):
        assert sum(one is part for one in drawn) / 2000 == pytest.approx(0.2, abs=0.03)
    asked = [f"Wells in town 3, time {n}?" for n in range(30)]
    passages = tuple(make_towns(5))
    said = make_said(
        [Example(one, passages, (0, 1, 2, 3, 4), (0.0,) * 5, "r", 1) for one in asked],
        [LabelledQuestion("x", one, ("103",), ()) for one in asked],
    )
    assert said.count == 30 and said.calibrated == []
    for name, part in (("judged", said.judged), ("learnt", said.learnt)):
        assert part and all((parts.of(question_key(one.question)) is parts.judged)
                            == (name == "judged") for one in part)  # fmt: skip


def test_shares_of_empty_sets_go_to_the_others() -> None:
    own = make_own(WordSearch(make_towns(5)), 5, 0, lambda share: None).learnt
    assert mix_of({"own": own, "said": []}, {"own": 0.5, "said": 0.2}) == {"own": 1.0}
