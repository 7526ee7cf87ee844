"""Published reader checkpoints: the converted folder computes what the file's own names say."""

import json
import os

import numpy as np
import pytest
import safetensors.torch
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from reread.errors import BadRequest, CorruptArtefact, UnknownModel
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from reread.records import Passage
from tests.worlds.fid_checkpoints import (
    T5_CONFIG,
    VOCAB,
    SlowFiD,
    reader_weights,
    t5_tokenizer,
    write_checkpoint,
)
from trainer.fid.reader import CROSS_BIAS, convert_reader

QUESTION = "who is it?"
PASSAGES = (
    Passage("1", "a tale", "somebody is here."),
    Passage("2", "b", "x"),
    Passage("3", "the end", "nobody was ever there. " * 3),
)


def segments(passages=PASSAGES, end=()):
    """Ids as transformers 3.0.2 makes them: pieces and no end token."""
    texts = [f"question: {QUESTION} title: {p.title} context: {p.text}" for p in passages]
    tokenizer = t5_tokenizer()
    return [[*tokenizer(t, add_special_tokens=False)["input_ids"], *end] for t in texts]


@pytest.fixture
def source(tmp_path):
    return write_checkpoint(tmp_path / "nq", reader_weights(), T5_CONFIG, t5_tokenizer())


def test_answers_and_scores_are_those_of_the_file(source, tmp_path):
    done = convert_reader(source, tmp_path / "out")
    slow = SlowFiD(reader_weights(), cross_bias=False)
    ids, scores = slow.read(segments(), 6)
    reader = Reader.load(str(tmp_path / "out"), device="cpu", max_answer_tokens=6)
    reading = reader.read([ReadRequest(QUESTION, PASSAGES)])[0]
    assert reading.attention == pytest.approx(scores, abs=1e-5)
    assert reading.answer == reader.tokenizer.decode(ids, skip_special_tokens=True).strip()
    assert len(ids) > 1, "an answer of one token would show little"
    assert done.tensors == len(reader_weights()) - 4


def test_stock_classes_compute_the_same_logits(source, tmp_path):
    convert_reader(source, tmp_path / "out")
    slow = SlowFiD(reader_weights(), cross_bias=False)
    model = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "out").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    (ids,) = segments(PASSAGES[:1])
    text = f"question: {QUESTION} title: a tale context: somebody is here."
    assert tokenizer(text)["input_ids"] == ids
    steps = [0, 9, 17, 4]
    with torch.no_grad():
        logits = model(
            input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([steps])
        ).logits[0]
    expected, _ = slow.decode(slow.encode(ids), steps)
    np.testing.assert_allclose(logits.numpy(), expected, atol=1e-5)


def test_the_dropped_bias_is_one_constant_for_scores_and_nothing_for_the_first_token(source):
    """The file's own code adds it: scores shift by the mean of its first row, no more."""
    weights = reader_weights()
    with_it, without = (SlowFiD(weights, cross_bias=flag) for flag in (True, False))
    _, theirs = with_it.read(segments(), 1)
    _, ours = without.read(segments(), 1)
    shift = float(weights[CROSS_BIAS][0].double().mean())
    np.testing.assert_allclose(np.array(theirs) - np.array(ours), shift, atol=1e-12)
    states = np.concatenate([with_it.encode(ids) for ids in segments()])
    first = [one.decode(states, [0, 9])[0] for one in (with_it, without)]
    np.testing.assert_allclose(first[0][0], first[1][0], atol=1e-12)
    assert np.abs(first[0][1] - first[1][1]).max() > 1e-6, "later tokens do see it"


def test_what_is_left_out_is_named_with_its_reason(source, tmp_path):
    dropped = {one.name: one.reason for one in convert_reader(source, tmp_path / "out").dropped}
    spread = (reader_weights()[CROSS_BIAS] - reader_weights()[CROSS_BIAS][:1]).abs().max()
    assert set(dropped) == {
        "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight", CROSS_BIAS,
    }  # fmt: skip
    assert "constant per head" in dropped[CROSS_BIAS]
    assert f"up to {float(spread):.3g} " in dropped[CROSS_BIAS]


def test_the_folder_is_complete_and_holds_no_pickle(source, tmp_path):
    convert_reader(source, tmp_path / "out")
    names = sorted(one.name for one in (tmp_path / "out").iterdir())
    assert names == [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip
    rules = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert (rules["max_length"], rules["decoder_start_token_id"], rules["eos_token_id"]) == (
        50, 0, 1,
    )  # fmt: skip
    assert rules.get("num_beams", 1) == 1 and not rules.get("do_sample", False)
    stored = safetensors.torch.load_file(tmp_path / "out" / "model.safetensors")
    name = "encoder.block.1.layer.1.DenseReluDense.wi.weight"
    wrapped = "encoder.encoder.block.1.module.layer.1.DenseReluDense.wi.weight"
    assert torch.equal(stored[name], reader_weights()[wrapped])


def test_segments_end_with_the_end_token_where_that_is_asked_for(source, tmp_path):
    convert_reader(source, tmp_path / "out", input_eos=True)
    _, scores = SlowFiD(reader_weights(), cross_bias=False).read(segments(end=[1]), 1)
    reader = Reader.load(str(tmp_path / "out"), device="cpu", max_answer_tokens=2)
    reading = reader.read([ReadRequest(QUESTION, PASSAGES)])[0]
    assert reading.attention == pytest.approx(scores, abs=1e-5)


def test_safetensors_and_unwrapped_names_give_the_same_folder(source, tmp_path):
    plain = {
        name.replace("encoder.encoder.", "encoder.").replace(".module.", "."): tensor.clone()
        for name, tensor in reader_weights().items()
        if name not in ("decoder.embed_tokens.weight", "lm_head.weight", CROSS_BIAS)
    }
    other = write_checkpoint(tmp_path / "other", {}, T5_CONFIG)
    safetensors.torch.save_file(plain, other / "model.safetensors")
    convert_reader(source, tmp_path / "a")
    convert_reader(other, tmp_path / "b", tokenizer=str(source))
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


class Runs:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def test_a_pickle_with_code_is_refused_and_not_run(source, tmp_path):
    trap = tmp_path / "trap"
    torch.save({**reader_weights(), "x": Runs(trap)}, source / "pytorch_model.bin")
    with pytest.raises(UnknownModel, match=r"would run code when it is loaded \(posix.mkdir\)"):
        convert_reader(source, tmp_path / "out")
    assert not trap.exists() and not (tmp_path / "out").exists()


def changed(**changes):
    weights = reader_weights()
    for name, value in changes.items():
        name = name.replace("__", ".")
        if value is None:
            del weights[name]
        else:
            weights[name] = value
    return weights


NORM = "encoder.encoder.final_layer_norm.weight"
BAD = [
    ({"extra__weight": torch.ones(1)}, r"1 unknown tensors \(extra.weight\)"),
    ({NORM: None}, r"1 missing tensors \(encoder.final_layer_norm.weight\)"),
    ({NORM: torch.ones(5)}, r"encoder.final_layer_norm.weight is 5 and not 12"),
    ({NORM: torch.full((12,), float("nan"))}, "finite numbers"),
    ({NORM: torch.ones(12, dtype=torch.int64)}, "finite numbers"),
    ({NORM: "text"}, "does not hold tensors under names"),
    ({"encoder__final_layer_norm__weight": torch.ones(12)}, "twice, wrapped and not"),
    ({"lm_head__weight": torch.ones(VOCAB, 12)}, "lm_head.weight differs from shared.weight"),
    ({"decoder__block__2__layer__0__layer_norm__weight": torch.ones(12)}, "1 unknown tensors"),
]


@pytest.mark.parametrize(("changes", "complaint"), BAD)
def test_weights_that_do_not_fit_are_refused(source, tmp_path, changes, complaint):
    torch.save(changed(**changes), source / "pytorch_model.bin")
    with pytest.raises((UnknownModel, CorruptArtefact), match=complaint):
        convert_reader(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_every_difference_is_in_one_sentence(source, tmp_path):
    weights = {f"module.{name}": tensor for name, tensor in reader_weights().items()}
    torch.save(weights, source / "pytorch_model.bin")
    with pytest.raises(UnknownModel) as caught:
        convert_reader(source, tmp_path / "out")
    text = str(caught.value)
    assert f"{len(weights)} unknown tensors" in text and "missing tensors" in text
    assert f"and {len(weights) - 8} more" in text and text.count("\n") == 0


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("pytorch_model.bin", b"hello", "is not a zip file"),
        ("pytorch_model.bin", None, "holds no weights"),
        ("config.json", None, "config.json cannot be read"),
        ("config.json", b"[]", "is not a JSON object"),
        ("config.json", b'{"model_type": "bart"}', "'bart' model"),
        ("config.json", b'{"model_type": "t5", "tie_word_embeddings": false}', "shares one"),
        ("config.json", b'{"model_type": "t5", "d_model": "x"}', "is not usable"),
        ("model.safetensors", b"hello", "cannot be read as tensors"),
    ],
)
def test_files_that_are_not_what_they_should_be(source, tmp_path, file, content, complaint):
    if content is None:
        (source / file).unlink()
    else:
        (source / file).write_bytes(content)
    with pytest.raises(UnknownModel, match=complaint):
        convert_reader(source, tmp_path / "out")


def test_half_a_download_is_refused(source, tmp_path):
    whole = (source / "pytorch_model.bin").read_bytes()
    (source / "pytorch_model.bin").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnknownModel, match="not a zip file .* or it is cut off"):
        convert_reader(source, tmp_path / "out")


def test_a_tokenizer_of_another_size_is_refused(source, tmp_path):
    config = {**T5_CONFIG, "vocab_size": 30}
    weights = reader_weights()
    for name in [one for one in weights if weights[one].shape[:1] == (VOCAB,)]:
        weights[name] = weights[name][:30]
    small = write_checkpoint(tmp_path / "small", weights, config, t5_tokenizer())
    with pytest.raises(UnknownModel, match="has 35 tokens and the model 30 embeddings"):
        convert_reader(small, tmp_path / "out")
    with pytest.raises(UnknownModel, match="holds no tokenizer"):
        convert_reader(source, tmp_path / "out", tokenizer=str(tmp_path))


def test_slow_tokenizers_need_the_flag(tmp_path):
    from transformers import ByT5Tokenizer

    from trainer.fid.reader import plain_tokenizer

    with pytest.raises(BadRequest, match="--input-eos"):
        plain_tokenizer(ByT5Tokenizer(), input_eos=False)
