"""What people said becomes signal: for their question alone, agreed upon, and not of old texts."""

from dataclasses import replace
from pathlib import Path

import pytest

from reread.artefacts.passages import PassageStore
from reread.records import AnswerRecord, Feedback, LoggedPassage, Passage
from tests.worlds.tiny import make_store
from trainer import examples as reasons
from trainer.examples import Example, Selection, select_examples, with_marks
from trainer.feedback import People

TEXTS = ["Oslo has nine wells", "Riga has two wells", "Turku is old", "Lund is new", "Visby too"]
PASSAGES = [Passage(f"p{n}", "", text) for n, text in enumerate(TEXTS)]
SCORES = (3.0, 2.0, 1.0, 0.5, 0.0)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PassageStore:
    return make_store(tmp_path_factory.mktemp("store"), PASSAGES)


def record(id: str, question: str, answer: str = "nine", **other: object) -> AnswerRecord:
    read = tuple(LoggedPassage(n, f"p{n}", 1.0, score) for n, score in enumerate(SCORES))
    made = AnswerRecord(id, question, answer, 0.5, read, 1, 1, "r", 0.0)
    return replace(made, **other)  # type: ignore[arg-type]


def words(*said: tuple[str, str, str | None, tuple[str, ...]]) -> dict[str, Feedback]:
    return {id: Feedback(id, verdict, answer, ids, 0.0) for id, verdict, answer, ids in said}


def select(
    store: PassageStore, records: list[AnswerRecord], said: dict[str, Feedback], **other: object
) -> Selection:
    return select_examples(records, store, corpus=1, said=said, **other)  # type: ignore[arg-type]


def taught(selection: Selection) -> dict[str, tuple[float, ...]]:
    return {one.question: with_marks(one).teacher for one in selection.examples}


def test_a_mark_stands_beside_the_readers_favourite_for_its_question_alone(
    store: PassageStore,
) -> None:
    records = [record("a", "wells of Riga"), record("b", "wells of Oslo")]
    selection = select(store, records, words(("a", "partial", None, ("p1",))))
    assert taught(selection) == {
        "wells of Riga": (3.0, 3.0, 1.0, 0.5, 0.0),
        "wells of Oslo": SCORES,  # the same passage, another question: as the reader saw it
    }
    assert with_marks(selection.examples[0]).labels == (0.0, 1.0, 0.0, 0.0, 0.0)


def test_a_wrong_answer_with_its_right_passage_teaches_that_one(store: PassageStore) -> None:
    said = words(("a", "wrong", None, ("p3",)), ("b", "wrong", None, ()))
    selection = select(store, [record("a", "one"), record("b", "two")], said)
    assert taught(selection) == {"one": (1.0, 1.0, 1.0, 3.0, 0.0)}  # not above the middle, 1.0
    assert selection.dropped == {reasons.WRONG: 1}


def test_a_corrected_answer_marks_the_passages_that_hold_it(store: PassageStore) -> None:
    said = words(
        ("a", "wrong", "two wells", ()),  # one passage says it
        ("b", "wrong", "wells", ()),  # two of five do
        ("c", "wrong", "is", ()),
        ("d", "wrong", "nowhere said", ()),
    )
    records = [record(id, id) for id in "abcd"]
    people = select(store, records, said).people
    assert [sorted(people.marked(id)) for id in "abcd"] == [["p1"], ["p0", "p1"], ["p2", "p3"], []]
    assert people.words["d"].label is not None  # still a question to measure by
    assert people.words["d"].label.answers == ("nowhere said",)


def test_an_answer_that_most_passages_hold_marks_none(store: PassageStore) -> None:
    short = record("a", "a")
    short = replace(short, passages=short.passages[:3])
    people = select(store, [short], words(("a", "wrong", "wells", ()))).people
    assert people.marked("a") == frozenset() and people.words["a"].answers == ("wells",)


def test_of_several_peoples_words_the_shared_ones_count(store: PassageStore) -> None:
    records = [record(id, "Which ?" if id == "a" else "which") for id in "abc"]
    said = words(("a", "wrong", "2", ("p1",)), ("b", "wrong", "2.", ("p1",)))
    said |= words(("c", "wrong", "9", ("p4",)))
    people = select(store, records, said).people
    assert people.words["which"].marked == {"p1"} and people.contested == 0
    assert people.words["which"].answers == ("2",)
    said = {id: said[id] for id in "ac"}
    divided = select(store, records, said).people
    assert divided.words["which"].marked == frozenset()
    assert (divided.words["which"].label, divided.contested) == (None, 1)


def test_what_was_said_of_a_text_that_changed_is_set_aside(store: PassageStore) -> None:
    said = words(("a", "wrong", "two", ("p1",)), ("b", "correct", None, ()))
    records = [record("a", "one"), record("b", "two")]
    for gone, outdated in (({"p1"}, 1), ({"p0"}, 1), ({"p0", "p1"}, 2), (set(), 0)):
        people = select(store, records, said, gone=gone).people
        assert (people.said, people.outdated) == (2, outdated), gone
        assert ("two" in people.words) == ("p0" not in gone)  # the reader's favourite there
        assert ("one" in people.words) == ("p1" not in gone)


def test_a_mark_makes_up_for_a_favourite_that_is_gone(store: PassageStore) -> None:
    selection = select(store, [record("a", "q")], words(("a", "wrong", None, ("p1",))), gone={"p0"})
    assert taught(selection) == {"q": (2.0, 0.75, 0.5, 0.0)}


def test_confirmed_answers_measure_and_change_no_score(store: PassageStore) -> None:
    selection = select(store, [record("a", "q")], words(("a", "correct", None, ())))
    assert taught(selection) == {"q": SCORES}
    assert [one.answers for one in selection.people.labels()] == [("nine",)]


def test_examples_without_marks_are_left_as_they_are() -> None:
    plain = Example("q", tuple(PASSAGES[:2]), (0, 1), (1.0, 0.0), "r", 1)
    assert with_marks(plain) is plain
    elsewhere = replace(plain, marked=frozenset(["p9"]))
    assert with_marks(elsewhere) is elsewhere
    assert People().labels() == [] and People().marked("q") == frozenset()


def test_labels_of_questions_that_are_trained_on_measure_nothing(tmp_path: Path) -> None:
    from trainer.loop.candidate import unseen_labels

    store = make_store(tmp_path / "store", PASSAGES)
    records = [record("a", "One?"), record("b", "two")]
    said = words(("a", "correct", None, ()), ("b", "correct", None, ()))
    selection = select(store, records, said)
    left = unseen_labels(selection.people.labels(), selection.examples[:1])
    assert [one.question for one in left] == ["two"]
