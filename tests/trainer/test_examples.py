"""Which records are trained on, why the others are not, and which are held out."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from reread.artefacts.passages import PassageStore
from reread.records import AnswerRecord, Feedback, LoggedPassage, Passage
from tests.worlds.tiny import make_examples, make_passages, make_records, make_store
from trainer import examples as reasons
from trainer.examples import Example, select_examples, split_held_out


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PassageStore:
    return make_store(tmp_path_factory.mktemp("store"))


WRONG_WORD = Feedback("bad", "wrong", None, (), 0.0)


def record(passages: list[LoggedPassage], *, id: str = "a", question: str = "q") -> AnswerRecord:
    return AnswerRecord(id, question, "", 1.0, tuple(passages), 1, 1, "r", 0.0, sequence=7)


def logged(row: int | None, attention: float, *, id: str = "cat-0") -> LoggedPassage:
    return LoggedPassage(row, id, 1.0, attention)


def test_records_become_the_examples_they_were_made_from(store: PassageStore) -> None:
    records = [replace(one, sequence=n) for n, one in enumerate(make_records(20), start=1)]
    selection = select_examples(records, store, corpus=1)
    assert selection.examples == tuple(make_examples(20))
    assert selection.dropped == {}


def test_what_was_read_from_a_guarded_passage_is_not_trained_on(tmp_path: Path) -> None:
    """Nor asked of people, whoever asked it; questions of labelled keys about the open are."""
    records = [replace(one, sequence=n) for n, one in enumerate(make_records(20), start=1)]
    guarded = records[5].passages[0].id
    passages = (replace(one, labels=("hr",) * (one.id == guarded)) for one in make_passages())
    store = PassageStore.create(tmp_path, passages)
    records[0] = replace(records[0], labels=("hr",))  # asked with a key of hr
    reading = [one for one in records if guarded in {p.id for p in one.passages}]
    said = {one.id: Feedback(one.id, "correct", "x", (), 0.0) for one in reading}
    selection = select_examples(records, store, corpus=1, said=said)
    assert reading and selection.dropped[reasons.GUARDED] == len(reading)
    asked = {one.question for one in selection.examples}
    assert not asked & {one.question for one in reading}
    assert all(not one.labels for example in selection.examples for one in example.passages)
    assert not selection.people.labels()
    if records[0] not in reading:
        assert records[0].question in asked


def test_every_reason_is_counted(store: PassageStore) -> None:
    own = LoggedPassage(None, "own", None, 1.0)  # no text: nothing to encode
    records = [
        record([logged(0, math.nan), logged(1, 1.0)], question="nan"),
        record([logged(0, math.inf), logged(1, 1.0)], question="infinite"),
        record([logged(0, 1.0)], question="alone"),
        record([], question="none"),
        record([logged(0, 1.0), logged(1, 1.0)], question="flat"),
        record([own, logged(1, 0.0)], question="favourite without text"),
        record([logged(0, 1.0), logged(1, 0.0)], id="bad", question="marked"),
    ]
    selection = select_examples(records, store, corpus=1, said={"bad": WRONG_WORD})
    assert selection.examples == ()
    assert selection.dropped == {
        reasons.NOT_FINITE: 2,
        reasons.TOO_FEW: 2,
        reasons.FLAT: 1,
        reasons.VANISHED: 1,
        reasons.WRONG: 1,
    }


def test_the_latest_of_a_repeated_question_wins(store: PassageStore) -> None:
    first = record([logged(0, 1.0), logged(1, 0.0)], question="Where is  IT")
    other = record([logged(2, 1.0), logged(3, 0.0)], question="something else")
    last = record([logged(4, 1.0), logged(5, 0.0)], question="where is it")
    selection = select_examples([first, other, last], store, corpus=1)
    assert [one.rows for one in selection.examples] == [(2, 3), (4, 5)]
    assert selection.dropped == {reasons.REPEATED: 1}


def test_own_passages_are_used_with_their_text(store: PassageStore) -> None:
    own = [LoggedPassage(None, f"own-{n}", None, float(n), "title", f"text {n}") for n in (0, 1)]
    (example,) = select_examples([record(own)], store, corpus=1).examples
    assert example.rows == (None, None)
    assert example.passages == (
        Passage("own-0", "title", "text 0"),
        Passage("own-1", "title", "text 1"),
    )


def test_rows_of_an_older_corpus_are_found_by_id(store: PassageStore, tmp_path: Path) -> None:
    passages = make_passages()
    changed = [replace(passages[2], text="entirely new")]
    newer = make_store(tmp_path, [*changed, *passages[5:], passages[0], passages[1]])
    ids = [passage.id for passage in passages]

    def select(rows: list[int], *, old_is_there: bool) -> list[Example]:
        scores = [float(len(rows) - place) for place in range(len(rows))]
        listed = [logged(row, g, id=ids[row]) for row, g in zip(rows, scores, strict=True)]
        chosen = select_examples(
            [record(listed)], newer, corpus=2, open_old=lambda n: store if old_is_there else None
        )
        return list(chosen.examples)

    (kept,) = select([0, 3, 1, 5], old_is_there=True)  # row 3 is gone, and was not the favourite
    assert [passage.id for passage in kept.passages] == [ids[0], ids[1], ids[5]]
    assert kept.teacher == (4.0, 2.0, 1.0)
    assert [newer[row] for row in kept.rows if row is not None] == list(kept.passages)
    assert select([3, 0, 1], old_is_there=True) == []  # the favourite is gone
    assert select([2, 0, 1], old_is_there=True) == []  # the favourite reads differently now
    assert len(select([2, 0, 1], old_is_there=False)) == 1  # nobody can tell any more


def test_the_held_out_slice_is_stable_and_near_its_share() -> None:
    examples = make_examples(2000)
    train, held_out = split_held_out(examples, 0.2, at_least=5)
    assert len(train) + len(held_out) == 2000
    assert 340 < len(held_out) < 460
    again_train, again = split_held_out(examples[:1000], 0.2, at_least=5)
    assert {one.question for one in again} <= {one.question for one in held_out}
    assert not {one.question for one in again_train} & {one.question for one in held_out}


def test_a_small_log_still_holds_some_out_but_never_half_and_more() -> None:
    for count, expected in ((0, 0), (1, 0), (2, 1), (6, 3), (12, 5)):
        train, held_out = split_held_out(make_examples(count), 0.01, at_least=5)
        assert (len(held_out), len(train)) == (expected, count - expected)
