"""Token by token: scores against a written-out loop, and what a byte per value may cost."""

from pathlib import Path

import numpy as np
import pytest

from reread.errors import CorruptArtefact
from reread.records import Hit, Passage
from reread.retriever.interaction import TextVectors, best_matches
from reread.retriever.retriever import DenseRetriever
from reread.search.tokens import CODES_FILE, TokenIndex, TokenWriter, encode
from tests.worlds.tiny import load, make_encoder, make_passages

WIDTH = 8
LENGTHS = [3, 1, 5, 2, 4, 1, 7]


def unit(random: np.random.Generator, count: int) -> np.ndarray:
    drawn = random.normal(size=(count, WIDTH)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture
def texts() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [unit(random, length) for length in LENGTHS]


@pytest.fixture
def question() -> np.ndarray:
    return unit(np.random.default_rng(1), 4)


def by_hand(question: np.ndarray, text: np.ndarray) -> float:
    """ColBERT's equation 3, over the number of the question's tokens."""
    total = 0.0
    for asked in question:
        total += max(float(np.dot(asked, token)) for token in text)
    return total / len(question)


def write(folder: Path, texts: list[np.ndarray]) -> TokenIndex:
    with TokenWriter(folder, WIDTH) as writer:
        for text in texts:
            writer.add(*encode(text))
    return TokenIndex.load(folder)


def test_a_score_is_the_mean_of_the_best_cosines(texts, question):
    starts = np.cumsum([0, *LENGTHS[:-1]])
    found = best_matches(question, np.concatenate(texts), starts)
    assert found.tolist() == pytest.approx([by_hand(question, one) for one in texts], abs=1e-6)


def test_a_byte_per_value_is_off_by_half_a_step(tmp_path, texts):
    index = write(tmp_path, texts)
    assert (len(index), index.dimension) == (len(texts), WIDTH)
    for row, text in enumerate(texts):
        steps = np.abs(text).max(axis=1, keepdims=True) / 127
        assert (np.abs(index.tokens_of(row) - text) <= steps / 2 + 1e-7).all()
    assert (tmp_path / CODES_FILE).stat().st_size == sum(LENGTHS) * WIDTH


def test_rows_are_scored_in_the_order_asked_for_and_again(tmp_path, texts, question):
    index = write(tmp_path, texts)
    rows = np.array([6, 0, 3, 3, 1])
    expected = [by_hand(question, index.tokens_of(row)) for row in rows.tolist()]
    for at_once in (2, 512):
        found = index.score(question, rows, rows_at_once=at_once)
        assert found.tolist() == pytest.approx(expected, abs=1e-6)
    assert index.score(question, np.array([], dtype=np.int64)).tolist() == []


def test_the_best_are_ordered_by_score_then_by_row(tmp_path, texts, question):
    index = write(tmp_path, [texts[2], texts[0], texts[2], texts[4]])
    rows = np.array([3, 2, 1, 0])
    scores = {row: by_hand(question, index.tokens_of(row)) for row in range(4)}
    wanted = sorted(scores, key=lambda row: (-round(scores[row], 6), row))
    found = index.best(question, rows, 3)
    assert [hit.row for hit in found] == wanted[:3]
    assert found[0] == Hit(found[0].row, pytest.approx(max(scores.values()), abs=1e-6))
    tied = [hit for hit in index.best(question, rows, 4) if hit.row in (0, 2)]
    assert [hit.row for hit in tied] == [0, 2] and tied[0].score == tied[1].score


def test_rows_taken_over_from_another_index_are_the_same_bytes(tmp_path, texts):
    index = write(tmp_path / "a", texts)
    with TokenWriter(tmp_path / "b", WIDTH) as writer:
        for row in range(len(texts)):
            writer.add(*index.coded(row))
    for name in ("codes.i8", "layout.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_files_that_do_not_belong_together_are_refused(tmp_path, texts):
    write(tmp_path, texts)
    with (tmp_path / CODES_FILE).open("ab") as file:
        file.write(b"x")
    with pytest.raises(CorruptArtefact, match=r"codes\.i8.*bytes"):
        TokenIndex.load(tmp_path)


def test_a_writer_that_failed_leaves_no_layout(tmp_path, texts):
    with pytest.raises(RuntimeError), TokenWriter(tmp_path, WIDTH) as writer:
        writer.add(*encode(texts[0]))
        raise RuntimeError
    assert [one.name for one in tmp_path.iterdir()] == [CODES_FILE]


def test_encoded_tokens_are_the_encoders_states_and_their_mean_the_vector(tmp_path):
    retriever = load(make_encoder(tmp_path))
    passages = [*make_passages()[:5], Passage("x", "", "cat")]
    made = retriever.encode_passage_tokens(passages)
    assert np.array_equal(made.pooled, retriever.encode_passages(passages))
    for place, passage in enumerate(passages):
        alone = retriever.encode_passage_tokens([passage])
        np.testing.assert_allclose(made.tokens_of(place), alone.tokens, atol=1e-5)
        words = len(passage.text.split())
        assert made.tokens_of(place).shape == (words + 2, 32)  # [CLS] and [SEP]
        assert np.linalg.norm(made.tokens_of(place), axis=1) == pytest.approx(1.0, abs=1e-5)
    states = hidden_states(retriever, passages[0].text)
    expected = states / np.linalg.norm(states, axis=1, keepdims=True)
    np.testing.assert_allclose(made.tokens_of(0), expected, atol=1e-5)
    asked = retriever.encode_question_tokens(["where is the cat"])
    assert np.array_equal(asked.pooled, retriever.encode_questions(["where is the cat"]))
    assert len(retriever.encode_question_tokens([])) == 0


def hidden_states(retriever: DenseRetriever, text: str) -> np.ndarray:
    import torch

    encoded = retriever.tokenizer([text], return_tensors="pt")
    with torch.no_grad():
        return retriever.encoder(**encoded).last_hidden_state[0].numpy()


def test_token_vectors_know_where_each_text_is():
    tokens = np.arange(6, dtype=np.float32).reshape(3, 2)
    made = TextVectors(np.zeros((2, 2), np.float32), tokens, np.array([0, 1, 3]))
    assert len(made) == 2
    assert made.tokens_of(1).tolist() == [[2.0, 3.0], [4.0, 5.0]]


def test_codes_cut_short_in_service_are_an_error_not_the_end(tmp_path, texts, question):
    index = write(tmp_path, texts)
    with (tmp_path / CODES_FILE).open("r+b") as file:
        file.truncate(WIDTH)
    with pytest.raises(CorruptArtefact, match=r"codes\.i8"):
        index.score(question, np.arange(len(texts)))
