"""The encoder's numbers against slow references, and that saving keeps every part of it."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from reread.errors import BadRequest, UnknownModel
from reread.records import Passage
from reread.retriever.retriever import (
    DenseRetriever,
    RetrieverSettings,
    resolve_default_retriever,
)


def load(folder, **settings):
    chosen = RetrieverSettings(**settings) if settings else None
    return DenseRetriever.load(folder, device="cpu", dtype="float32", settings=chosen)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize("normalize", [False, True])
def test_one_text_at_a_time_gives_the_same_vectors(
    tiny_encoder, twelve_passages, pooling, normalize
):
    retriever = load(tiny_encoder, pooling=pooling, normalize=normalize)
    together = retriever.encode_passages(twelve_passages)
    for row, passage in enumerate(twelve_passages):
        encoded = retriever.tokenizer(f"{passage.title} {passage.text}", return_tensors="pt")
        with torch.no_grad():
            hidden = retriever.encoder(
                input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]
            ).last_hidden_state[0]
        expected = hidden[0] if pooling == "cls" else hidden.mean(0)
        expected = expected / expected.norm() if normalize else expected
        np.testing.assert_allclose(together[row], expected.numpy(), atol=1e-5)


def test_order_and_neighbours_do_not_matter(tiny_encoder, twelve_passages):
    retriever = load(tiny_encoder)
    forward = retriever.encode_passages(twelve_passages)
    np.testing.assert_allclose(
        retriever.encode_passages(twelve_passages[::-1])[::-1], forward, atol=1e-5
    )
    np.testing.assert_array_equal(retriever.encode_passages(twelve_passages), forward)


def test_many_batches_equal_one(tiny_encoder):
    long = [Passage(str(n), "t", "word " * (n % 60 + 1)) for n in range(150)]
    retriever = load(tiny_encoder)
    together = retriever.encode_passages(long)
    alone = np.concatenate([retriever.encode_passages([one]) for one in long])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_projection_survives_saving_and_resuming(tiny_encoder, twelve_passages, tmp_path):
    retriever = load(tiny_encoder, projection=8, normalize=True, question_prefix="ask: ")
    with torch.no_grad():
        for parameter in retriever.projection.parameters():
            parameter.add_(0.1)
    retriever.save(tmp_path / "a")
    again = load(tmp_path / "a")
    assert (again.dimension, again.settings) == (8, retriever.settings)
    np.testing.assert_array_equal(
        again.encode_passages(twelve_passages), retriever.encode_passages(twelve_passages)
    )
    np.testing.assert_array_equal(
        again.encode_questions(["who?"]), retriever.encode_questions(["who?"])
    )


def test_a_new_projection_depends_on_the_seed_only(tiny_encoder):
    first, second = (load(tiny_encoder, projection=8) for _ in range(2))
    np.testing.assert_array_equal(
        first.encode_questions(["who?"]), second.encode_questions(["who?"])
    )


def test_saving_twice_writes_the_same_bytes_and_no_pickle(tiny_encoder, tmp_path):
    load(tiny_encoder, projection=8).save(tmp_path / "a")
    load(tmp_path / "a").save(tmp_path / "b")
    names = sorted(one.name for one in (tmp_path / "a").iterdir())
    assert "model.safetensors" in names and "projection.safetensors" in names
    assert not [one for one in names if one.endswith((".bin", ".pt", ".pkl"))]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_prefixes_and_lengths_are_applied(tiny_encoder):
    prefixed = load(tiny_encoder, question_prefix="query: ", passage_prefix="passage: ")
    plain = load(tiny_encoder)
    np.testing.assert_array_equal(
        prefixed.encode_questions(["x"]), plain.encode_questions(["query: x"])
    )
    assert prefixed.passage_text(Passage("a", "T", "x")) == "passage: T x"
    ids, mask = plain.tokenize_questions(["abc " * 500, "b"])
    assert ids.shape == mask.shape == (2, 64)
    assert mask.sum(1).tolist() == [64, 3]
    assert plain.tokenize_passages([Passage("a", "", "c " * 900)])[0].shape == (1, 256)


def test_embed_has_gradients_and_equals_encode(tiny_encoder):
    retriever = load(tiny_encoder, projection=4)
    vectors = retriever.embed(*retriever.tokenize_questions(["who?", "what is it?"]))
    np.testing.assert_allclose(
        vectors.detach().numpy(), retriever.encode_questions(["who?", "what is it?"]), atol=1e-6
    )
    vectors.sum().backward()
    assert all(one.grad is not None for one in retriever.projection.parameters())


def test_encoding_in_training_mode_uses_no_dropout_and_goes_back(tiny_encoder):
    retriever = load(tiny_encoder)
    calm = retriever.encode_questions(["who?"])
    retriever.train()
    np.testing.assert_array_equal(retriever.encode_questions(["who?"]), calm)
    assert retriever.training


def test_the_default_is_minilm_as_sentence_transformers_uses_it():
    retriever = load(resolve_default_retriever())
    assert (retriever.dimension, retriever.settings.pooling, retriever.settings.normalize) == (
        384,
        "mean",
        True,
    )
    questions = retriever.encode_questions(["Where is Paris?", "How do birds fly?"])
    passages = retriever.encode_passages(
        [Passage("1", "Paris", "The capital of France."), Passage("2", "Birds", "They fly.")]
    )
    np.testing.assert_allclose(np.linalg.norm(questions, axis=1), 1.0, atol=1e-5)
    scores = questions @ passages.T
    assert scores[0, 0] > scores[0, 1] + 0.3
    assert scores[1, 1] > scores[1, 0] + 0.3


def test_unknown_things_are_sentences(tmp_path, tiny_encoder):
    with pytest.raises(UnknownModel, match="config.json"):
        load(tmp_path)
    with pytest.raises(BadRequest, match="float64"):
        DenseRetriever.load(tiny_encoder, dtype="float64")
    with pytest.raises(BadRequest, match="'least'"):
        load(tiny_encoder, pooling="least").encode_questions(["x"])


def test_pickled_weights_are_not_read(tiny_encoder, tmp_path):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny_encoder / name).read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UnknownModel):
        load(tmp_path)


def test_nothing_to_encode(tiny_encoder):
    assert load(tiny_encoder).encode_passages([]).shape == (0, 32)


def test_half_precision_keeps_the_direction(tiny_encoder, twelve_passages):
    full = load(tiny_encoder, normalize=True)
    half = DenseRetriever.load(
        tiny_encoder, device="cpu", dtype="bfloat16", settings=RetrieverSettings(normalize=True)
    )
    cosine = np.sum(
        full.encode_passages(twelve_passages) * half.encode_passages(twelve_passages), axis=1
    )
    assert cosine.min() > 0.999
    assert half.encode_questions(["x"]).dtype == np.float32


def test_a_question_means_the_same_in_every_batch_whatever_the_dtype():
    """In bfloat16 a question's passages changed places with the questions searched beside it."""
    retriever = DenseRetriever.load(resolve_default_retriever(), device="cpu", dtype="bfloat16")
    asked = ["Who wrote it?", "In which year was the long bridge over the river finished at last?"]
    together = retriever.encode_questions(asked)
    alone = np.concatenate([retriever.encode_questions([one]) for one in asked])
    np.testing.assert_allclose(together, alone, atol=2e-6)


def test_threads_share_one_retriever(tiny_encoder):
    retriever = load(tiny_encoder)
    questions = [f"question number {n} " * (n + 1) for n in range(8)]
    alone = [retriever.encode_questions([one]) for one in questions]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda one: retriever.encode_questions([one]), questions * 5))
    for row, vectors in enumerate(together):
        np.testing.assert_allclose(vectors, alone[row % 8], atol=1e-6)


def test_a_folder_of_an_earlier_version_means_what_it_meant(tiny_encoder, tmp_path):
    """Its settings file knows neither `projected` nor `text_prefix`."""
    retriever = load(tiny_encoder, projection=8, passage_prefix="passage: ")
    retriever.save(tmp_path)
    file = tmp_path / "reread_retriever.json"
    body = json.loads(file.read_text())
    for name in ("projected", "text_prefix", "fill_questions", "fill_passages"):
        del body[name]
    file.write_text(json.dumps(body))
    again = load(tmp_path)
    assert again.settings == retriever.settings
    passages = [Passage("a", "T", "x"), Passage("b", "", "y z")]
    vectors = again.encode_passages(passages)
    np.testing.assert_array_equal(vectors, retriever.encode_passages(passages))
    with torch.no_grad():
        hidden = again.encoder(*again.tokenize_passages(passages[:1])).last_hidden_state
        expected = again.projection(hidden.mean(1))
    np.testing.assert_allclose(vectors[:1], expected.numpy(), atol=1e-5)


def test_settings_of_a_later_version_are_refused_by_name(tiny_encoder, tmp_path):
    load(tiny_encoder).save(tmp_path)
    (tmp_path / "reread_retriever.json").write_text('{"format": 1, "pooling": "cls", "magic": 1}')
    with pytest.raises(UnknownModel, match="does not know .magic."):
        load(tmp_path)
