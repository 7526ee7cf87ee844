"""Published retriever checkpoints: converted vectors are those the file's own names say."""

import numpy as np
import pytest
import torch

from reread.errors import UnknownModel
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever, RetrieverSettings
from tests.worlds.fid_checkpoints import (
    BERT_CONFIG,
    SlowRetriever,
    bert_tokenizer,
    retriever_weights,
    write_checkpoint,
)
from trainer.fid.retriever import convert_retriever

QUESTIONS = ["a b c", "x", "q r s t u v w x y z a b c"]
PASSAGES = [
    Passage("1", "t", "a b"),
    Passage("2", "", "c"),
    Passage("3", "u v", " ".join("abcdefghijklmnopqrstuvwxyz")),
]


@pytest.fixture
def source(tmp_path):
    return write_checkpoint(tmp_path / "nq", retriever_weights(), BERT_CONFIG, bert_tokenizer())


def convert(source, tmp_path):
    convert_retriever(source, tmp_path / "out")
    return DenseRetriever.load(tmp_path / "out", device="cpu", dtype="float32")


def token_ids(text, limit):
    """[CLS] words [SEP], cut as BERT's tokenizer cuts."""
    words = text.replace(":", " : ").split()
    vocabulary = bert_tokenizer().get_vocab()
    return [2, *[vocabulary.get(word, 1) for word in words][: limit - 2], 3]


def slow_vectors(**options):
    slow = SlowRetriever(retriever_weights())
    texts = [f"title: {p.title} context: {p.text}" for p in PASSAGES]
    return (
        np.array([slow.embed(token_ids(f"question: {q}", 10), 10, **options) for q in QUESTIONS]),
        np.array([slow.embed(token_ids(text, 30), 30, **options) for text in texts]),
    )


def test_vectors_and_scores_are_those_of_the_file(source, tmp_path):
    retriever = convert(source, tmp_path)
    questions, passages = slow_vectors()
    ours = retriever.encode_questions(QUESTIONS), retriever.encode_passages(PASSAGES)
    np.testing.assert_allclose(ours[0], questions, atol=1e-5)
    np.testing.assert_allclose(ours[1], passages, atol=1e-5)
    np.testing.assert_allclose(ours[0] @ ours[1].T, questions @ passages.T, atol=1e-4, rtol=1e-5)
    assert retriever.dimension == 7


def test_projecting_after_the_mean_would_be_something_else(source, tmp_path):
    """What a folder without `projected` says: the two must not be taken for each other."""
    retriever = convert(source, tmp_path)
    right = retriever.encode_questions(QUESTIONS)
    values = {name: getattr(retriever.settings, name) for name in RetrieverSettings.__slots__}
    pooled = RetrieverSettings(**{**values, "projected": "pooled"})
    wrong = DenseRetriever.load(tmp_path / "out", device="cpu", dtype="float32", settings=pooled)
    assert np.abs(wrong.encode_questions(QUESTIONS) - right).max() > 1e-2


def test_settings_are_those_of_config_json(source, tmp_path):
    assert convert(source, tmp_path).settings == RetrieverSettings(
        pooling="mean", normalize=False, projection=7, projected="tokens",
        question_prefix="question: ", passage_prefix="title: ", text_prefix="context: ",
        question_tokens=10, passage_tokens=30,
    )  # fmt: skip


def test_first_token_and_no_projection(tmp_path):
    folder = write_checkpoint(
        tmp_path / "a", retriever_weights(), {**BERT_CONFIG, "extract_cls": True}, bert_tokenizer()
    )
    ours = convert(folder, tmp_path).encode_questions(QUESTIONS)
    np.testing.assert_allclose(ours, slow_vectors(first_only=True)[0], atol=1e-5)
    weights = {k: v for k, v in retriever_weights().items() if k.startswith("model.")}
    config = {**BERT_CONFIG, "projection": False, "indexing_dimension": 768}
    plain = write_checkpoint(tmp_path / "b", weights, config, bert_tokenizer())
    convert_retriever(plain, tmp_path / "plain")
    ours = DenseRetriever.load(tmp_path / "plain", device="cpu", dtype="float32")
    slow = SlowRetriever(weights)
    wanted = [slow.embed(token_ids(f"question: {q}", 10), 10) for q in QUESTIONS]
    np.testing.assert_allclose(ours.encode_questions(QUESTIONS), wanted, atol=1e-5)


def test_weights_trained_without_masks_read_their_padding(tmp_path):
    config = {k: v for k, v in BERT_CONFIG.items() if k != "apply_question_mask"}
    folder = write_checkpoint(
        tmp_path / "a", retriever_weights(), {**config, "apply_passage_mask": False},
        bert_tokenizer(),
    )  # fmt: skip
    retriever = convert(folder, tmp_path)
    questions, passages = slow_vectors(masked=False)
    np.testing.assert_allclose(retriever.encode_questions(QUESTIONS), questions, atol=1e-5)
    np.testing.assert_allclose(retriever.encode_passages(PASSAGES), passages, atol=1e-5)
    assert np.abs(questions - slow_vectors()[0]).max() > 1e-2


def test_positions_are_left_out_only_where_they_count(source, tmp_path):
    (dropped,) = convert_retriever(source, tmp_path / "out").dropped
    assert dropped.name == "model.embeddings.position_ids" and "0, 1, 2" in dropped.reason
    weights = retriever_weights()
    weights[dropped.name] = weights[dropped.name].flip(-1)
    torch.save(weights, source / "pytorch_model.bin")
    with pytest.raises(UnknownModel, match="1 unknown tensors .model.embeddings.position_ids"):
        convert_retriever(source, tmp_path / "other")


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"model_type": "t5"}, "'t5' model, not a BERT"),
        ({"indexing_dimension": 256}, "proj.weight is 7x12 and not 256x12"),
        ({"projection": False}, "4 unknown tensors .norm.bias, norm.weight, proj.bias"),
        ({"num_hidden_layers": 3}, "16 missing tensors .model.encoder.layer.2"),
        ({"hidden_size": "x"}, "is not usable"),
        ({"question_maxlength": 0}, "question_maxlength 0"),
        ({"passage_maxlength": 600}, "passage_maxlength 600"),
        ({"indexing_dimension": "many"}, "indexing_dimension 'many'"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, config, complaint):
    folder = write_checkpoint(
        tmp_path / "nq", retriever_weights(), {**BERT_CONFIG, **config}, bert_tokenizer()
    )
    with pytest.raises(UnknownModel, match=complaint):
        convert_retriever(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_saving_and_training_go_on_from_the_projection(source, tmp_path):
    """The published trainer made it anew at every start; here it is weights like the others."""
    retriever = convert(source, tmp_path)
    retriever.save(tmp_path / "again")
    again = DenseRetriever.load(tmp_path / "again", device="cpu", dtype="float32")
    np.testing.assert_array_equal(
        again.encode_questions(QUESTIONS), retriever.encode_questions(QUESTIONS)
    )
    retriever.embed(*retriever.tokenize_passages(PASSAGES)).sum().backward()
    assert all(float(one.grad.abs().sum()) > 0 for one in retriever.projection[1:].parameters())
