"""Questions with passages and scores, from real searches and a real reader."""

import pytest
from transformers import ByT5Tokenizer

from evaluation.questions import LabelledQuestion
from reread.errors import BadRequest
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from tests.reread.reader.test_reader import tiny_t5
from tests.worlds.slow_reader import slow_read
from tests.worlds.tiny import WordSearch, make_store
from trainer.fid.files import read_scored_questions, write_scored_questions
from trainer.fid.retrieved_questions import attended_questions, retrieve_questions

ANIMALS = ["cat", "dog", "fox", "owl", "bee", "ant", "elk", "yak", "hen", "cow"]
QUESTIONS = [
    LabelledQuestion(f"q{n}", f"where is the {animal}", (animal,), (f"{animal}-3",))
    for n, animal in enumerate(ANIMALS)
]


@pytest.fixture
def search(tmp_path):
    return WordSearch(make_store(tmp_path / "corpus"))


def test_passages_and_scores_are_those_of_the_search_in_its_order(search):
    shares = []
    found = list(retrieve_questions(search, QUESTIONS, 3, shares.append))
    assert [one.id for one in found] == [one.id for one in QUESTIONS]
    for asked, one in zip(QUESTIONS, found, strict=True):
        (hits,) = search.search([asked.question], 3)
        assert list(one.passages) == search.passages.get([hit.row for hit in hits])
        assert list(one.scores) == [hit.score for hit in hits] and one.read_with is None
        assert (one.answers, one.passage_ids) == (asked.answers, asked.passage_ids)
    assert shares == [0.0, 0.8]


def test_attention_is_the_readers_over_the_set_that_is_named(search, tmp_path):
    model, tokenizer = tiny_t5(), ByT5Tokenizer()
    reader = Reader(model, tokenizer, name="tiny", max_answer_tokens=2)
    found = retrieve_questions(search, QUESTIONS, 3)
    write_scored_questions(tmp_path / "d.json", attended_questions(reader, found, 7))
    entries = read_scored_questions(tmp_path / "d.json").entries
    assert len(entries) == len(QUESTIONS)
    for one in entries:
        slow = slow_read(tiny_t5(), tokenizer, one.question, one.passages, 1)
        assert one.scores == pytest.approx(slow.attention, abs=1e-4)
        assert one.read_with == {
            "reader": "tiny", "generation": 7, "aggregation": "mean",
            "passages": [passage.id for passage in one.passages],
            "retrieval_scores": [1.0, 1.0, 1.0],
        }  # fmt: skip
    direct = reader.read([ReadRequest(entries[0].question, entries[0].passages)])[0]
    assert entries[0].scores == pytest.approx(direct.attention, abs=1e-6)


def test_two_questions_of_one_id_are_refused(search):
    with pytest.raises(BadRequest, match="Question 3 has the id 'q0'"):
        list(retrieve_questions(search, [*QUESTIONS[:2], QUESTIONS[0]], 3))
