"""Evaluation and rereading with a reader and a search whose results can be counted by hand."""

import json
from pathlib import Path

import pytest

from evaluation.measure import evaluate, usable_depths
from evaluation.questions import LabelledQuestion
from reread.artefacts.passages import PassageStore
from reread.errors import BadRequest
from reread.records import Passage
from tests.worlds.fakes import EchoReader
from tests.worlds.tiny import EncoderSearch, WordSearch, load, make_encoder, make_examples
from tests.worlds.tiny import make_store as store_of
from trainer.teacher.attention import AttentionTeacher
from trainer.teacher.rereading import retrieve_again
from trainer.teacher.teacher import teach

PASSAGES = [
    Passage("sea", "Sea", "the blue whale swims in the sea"),
    Passage("land.1", "Land", "the grey elephant walks on land"),
    Passage("land.2", "Whale", "nothing about them here"),
    Passage("sky", "Sky", "the red kite flies in the sky"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PassageStore:
    return store_of(tmp_path_factory.mktemp("store"), PASSAGES)


QUESTIONS = [
    LabelledQuestion("1", "who swims in the sea", ("the blue whale swims in",), ("sea",)),
    LabelledQuestion("2", "what walks", ("elephant",), ("land",)),
    LabelledQuestion("3", "the red kite flies", ("blue whale",), ("absent",)),
    LabelledQuestion("4", "who swims in the sea", ("Whale!",)),
]


def test_every_figure_is_what_counting_gives(store: PassageStore) -> None:
    shares: list[float] = []
    found = evaluate(WordSearch(store), EchoReader(), QUESTIONS, 1, shares.append)
    assert [one.answer for one in found.results] == [
        "the blue whale swims in",
        "the grey elephant walks on",
        "the red kite flies in",
        "the blue whale swims in",
    ]
    assert [(one.gold_rank, one.answer_rank) for one in found.results] == [
        (1, 1), (1, 1), (None, 2), (None, None)
    ]  # fmt: skip
    assert found.metrics == {
        "questions": 4,
        "top_k": 1,
        "em": 0.25,
        "f1": pytest.approx((1.0 + 2 / 5 + 0.0 + 2 / 5) / 4),
        "recall_at": {
            "passage": {"1": pytest.approx(2 / 3), "5": pytest.approx(2 / 3), "20": 2 / 3},
            "answer": {"1": 0.5, "5": 0.75, "20": 0.75},
        },
    }
    assert (found.depths, found.searched, found.corpus_passages) == ((1, 5, 20), 20, 4)
    assert found.results[1].retrieved == ("land.1", "sea", "land.2", "sky")
    assert shares == [1.0]
    json.dumps(found.to_json())


def test_depths_beyond_the_corpus_are_left_out(store: PassageStore) -> None:
    found = evaluate(WordSearch(store), None, QUESTIONS, 1, depths=(3, 1, 4, 5, 9))
    assert (found.depths, found.searched) == ((1, 3, 4, 5), 5)
    assert list(found.metrics["recall_at"]["answer"]) == ["1", "3", "4", "5"]
    deep = evaluate(WordSearch(store), EchoReader(), QUESTIONS, 3, depths=(1,))
    assert (deep.searched, len(deep.results[0].retrieved)) == (3, 3)  # what is read is searched
    assert usable_depths((1, 5, 20, 100), 100) == (1, 5, 20, 100)
    with pytest.raises(BadRequest, match="4 passages, fewer than the smallest recall depth 9"):
        evaluate(WordSearch(store), None, QUESTIONS, 1, depths=(9,))
    with pytest.raises(BadRequest, match=r"\[0, 5\]"):
        usable_depths((0, 5), 100)


def test_retrieval_alone_has_no_answers(store: PassageStore) -> None:
    found = evaluate(WordSearch(store), None, QUESTIONS[:1], 1)
    assert (found.metrics["em"], found.results[0].answer) == (None, None)
    assert found.metrics["recall_at"]["answer"]["1"] == 1.0


def test_a_batch_gives_what_one_by_one_gives(store: PassageStore) -> None:
    many = [*QUESTIONS, *QUESTIONS, *QUESTIONS]
    together = evaluate(WordSearch(store), EchoReader(), many, 2)
    alone = [evaluate(WordSearch(store), EchoReader(), [one], 2).results[0] for one in many]
    assert list(together.results) == alone


def test_rereading_brings_fresh_passages_and_scores(tmp_path: Path) -> None:
    store = store_of(tmp_path / "store")
    search = EncoderSearch(load(make_encoder(tmp_path / "encoder")), store)
    reader, shares = EchoReader(), list[float]()
    found = retrieve_again(search, make_examples(20), 7)
    fresh = teach(AttentionTeacher(reader), found, progress=shares.append)
    assert [one.question for one in fresh] == [one.question for one in make_examples(20)]
    hits = search.search([fresh[11].question], 7)[0]
    assert fresh[11].rows == tuple(hit.row for hit in hits)
    assert fresh[11].passages == tuple(store.get([hit.row for hit in hits]))
    asked = set(fresh[11].question.split())
    shared = [float(len(asked & set(one.text.split()))) for one in fresh[11].passages]
    assert fresh[11].teacher == tuple(shared)
    assert {one.reader for one in fresh} == {"echo"}
    assert shares == pytest.approx([0.0, 0.4, 0.8])


def test_rereading_leaves_out_what_finds_one_passage(tmp_path: Path) -> None:
    search = WordSearch(store_of(tmp_path, PASSAGES[:1]))
    assert retrieve_again(search, make_examples(3), 5) == []
