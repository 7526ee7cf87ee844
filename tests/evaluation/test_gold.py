"""Questions whose gold passages a corpus does not hold are counted and named."""

from pathlib import Path

import pytest

from command.terminal.figures import evaluation_lines
from evaluation.gold import absent_gold
from evaluation.questions import LabelledQuestion
from reread.artefacts.passages import PassageStore
from reread.records import Passage

IDS = ["sea", "land.1", "land.2", "sky.x", "3.11"]
GOLD = [("sea",), ("land", "moon"), ("sky",), (), ("moon", "stars"), ("sun",), ("3",), ("land.2",)]


@pytest.fixture
def store(tmp_path: Path) -> PassageStore:
    return PassageStore.create(tmp_path, [Passage(id, "T", f"text of {id}") for id in IDS])


def questions(gold: list[tuple[str, ...]]) -> list[LabelledQuestion]:
    return [LabelledQuestion(str(n), "q", ("a",), ids) for n, ids in enumerate(gold)]


def test_absent_ids_are_those_no_passage_or_part_has(store: PassageStore) -> None:
    found = absent_gold(store, questions(GOLD))
    assert found is not None and found.to_json() == {
        "absent": 4,  # moon, sky, stars, sun; land and 3 are there in parts
        "named": 8,
        "questions": 4,
        "first": ("moon", "sky", "stars"),
    }


def test_nothing_is_said_where_all_are_there(store: PassageStore) -> None:
    assert absent_gold(store, questions([("sea",), ("land",), ()])) is None


def test_a_person_reads_how_many_which_and_that_they_are_misses(store: PassageStore) -> None:
    # Questions of another corpus gave a recall of 0 and nobody was told why.
    found = absent_gold(store, questions(GOLD))
    assert found is not None
    metrics = {
        "questions": 8, "labelled_questions": 7, "top_k": 1, "searched": 1, "corpus_passages": 5,
        "bootstrap": {"confidence": 0.95}, "intervals": {}, "absent_gold": found.to_json(),
    }  # fmt: skip
    assert evaluation_lines(1, metrics)[-1] == (
        "4 of 8 gold passages, of 4 questions, are not in this corpus (moon, sky, stars, ...): "
        "they count as misses. `reread documents` lists the ids there are."
    )
