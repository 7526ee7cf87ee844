"""BM25 against Lucene's formula written out."""

import math

import pytest

from reread.errors import BadRequest
from reread.records import Passage
from reread.search.words import K1, B, BM25Retriever, tokenize


def slow_scores(passages, question):
    documents = [tokenize(f"{one.title} {one.text}") for one in passages]
    average = sum(map(len, documents)) / len(documents)
    scores = []
    for words in documents:
        score = 0.0
        for word in tokenize(question):
            holding = sum(word in other for other in documents)
            if holding == 0:
                continue
            rarity = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            count = words.count(word)
            score += rarity * count / (count + K1 * (1 - B + B * len(words) / average))
        scores.append(score)
    return scores


QUESTIONS = ["Which capital lies on the Seine?", "rust of iron, iron!", "played water", "zzz", ""]


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("k", [1, 5, 12, 50])
def test_scores_and_order_equal_the_formula(twelve_passages, tmp_path, saved, k):
    retriever = BM25Retriever.build(twelve_passages)
    if saved:
        retriever.save(tmp_path / "bm25")
        retriever = BM25Retriever.load(tmp_path / "bm25")
    for question, hits in zip(QUESTIONS, retriever.search(QUESTIONS, k), strict=True):
        slow = slow_scores(twelve_passages, question)
        expected = sorted(range(12), key=lambda row: (-round(slow[row], 5), row))[:k]
        assert [hit.row for hit in hits] == expected
        assert [hit.score for hit in hits] == pytest.approx([slow[row] for row in expected], 1e-5)


def test_ties_are_ordered_by_row():
    same = [Passage(str(n), "", "equal words here") for n in range(40)]
    hits = BM25Retriever.build(same).search(["words"], 5)[0]
    assert [hit.row for hit in hits] == [0, 1, 2, 3, 4]


def test_two_builds_write_the_same_bytes(twelve_passages, tmp_path):
    for name in ("a", "b"):
        BM25Retriever.build(twelve_passages).save(tmp_path / name)
    names = sorted(one.name for one in (tmp_path / "a").iterdir())
    assert [(tmp_path / "a" / n).read_bytes() for n in names] == [
        (tmp_path / "b" / n).read_bytes() for n in names
    ]


def test_passages_without_words(tmp_path):
    retriever = BM25Retriever.build([Passage("a", "", "the of"), Passage("b", "", "!")])
    assert [hit.row for hit in retriever.search(["the", "x"], 9)[1]] == [0, 1]


def test_no_passages_or_no_hits_wanted(twelve_passages):
    with pytest.raises(BadRequest, match="ingest"):
        BM25Retriever.build([])
    with pytest.raises(BadRequest, match="top_k is 0"):
        BM25Retriever.build(twelve_passages).search(["x"], 0)


def test_plural_and_case_meet():
    assert tokenize("Whales' BOXES, studies") == tokenize("whale box study")
    folded = ["straße", "strasse", "42", "naïve", "naive", "straße_42"]
    assert tokenize("Straße_42 naïve") == folded
