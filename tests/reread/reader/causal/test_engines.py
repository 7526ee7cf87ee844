"""Causal readers against a slow oracle: one row of everything under an explicit mask."""

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    GemmaConfig,
    LlamaConfig,
    PhiConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

from reread.reader.causal.attention import BlockTap
from reread.reader.causal.packed import PackedEngine, fits
from reread.reader.causal.stock import StockEngine

SIZES = {
    "vocab_size": 97, "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 3,
    "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 512,
    "head_dim": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
CONFIGS = {
    "llama": LlamaConfig(**SIZES),
    "qwen2": Qwen2Config(**SIZES),
    "qwen3": Qwen3Config(**SIZES),
    "gemma": GemmaConfig(**SIZES),
    "phi": PhiConfig(**{**SIZES, "num_key_value_heads": 6}),
}
PREFIX = [1, 5]
BLOCKS = [(7, 8, 9, 10, 11), (12, 13), (14, 15, 16, 17, 18, 19, 20)]
QUESTION = [30, 31, 32, 33]


def tiny_model(family: str) -> PreTrainedModel:
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(CONFIGS[family], attn_implementation="eager")
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0.0, 0.2) if weight.dim() > 1 else weight.normal_(1.0, 0.2)
    return model.eval()


def slow_logits(model: PreTrainedModel) -> torch.Tensor:
    """Everything in one row: which token sees which is written out, token by token."""
    ids, positions, block = [], [], []
    for token in PREFIX:
        ids.append(token), positions.append(len(positions)), block.append("prefix")
    for number, tokens in enumerate(BLOCKS):
        for place, token in enumerate(tokens):
            ids.append(token), positions.append(len(PREFIX) + place), block.append(number)
    start = len(PREFIX) + max(map(len, BLOCKS))
    for place, token in enumerate(QUESTION):
        ids.append(token), positions.append(start + place), block.append("question")
    sees = torch.full((len(ids), len(ids)), float("-inf"))
    for i in range(len(ids)):
        for j in range(i + 1):
            if block[i] == "question" or block[j] == "prefix" or block[i] == block[j]:
                sees[i, j] = 0.0
    with torch.no_grad():
        return model(
            input_ids=torch.tensor([ids]), position_ids=torch.tensor([positions]),
            attention_mask=sees[None, None], use_cache=False,
        ).logits[0, -1]  # fmt: skip


def read_with(engine, tap=None) -> torch.Tensor:
    with torch.inference_mode():
        states = engine.encode(PREFIX, BLOCKS)
        session = engine.open([engine.prefix(PREFIX), *states], 16)
        return session.feed(QUESTION, len(PREFIX) + max(map(len, BLOCKS)), tap)


@pytest.mark.parametrize("family", CONFIGS)
def test_blocks_question_and_mask_equal_one_row_under_an_explicit_mask(family):
    expected = slow_logits(tiny_model(family))
    found = read_with(StockEngine(tiny_model(family)))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_the_packed_engine_equals_the_slow_row_and_its_scores_the_stock_ones(family):
    model = tiny_model(family)
    assert fits(model.config)
    stock_tap, packed_tap = BlockTap(), BlockTap()
    packed = read_with(PackedEngine(model, torch.float32), packed_tap)
    stock = read_with(StockEngine(tiny_model(family)), stock_tap)
    torch.testing.assert_close(packed, slow_logits(tiny_model(family)), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(packed, stock, atol=1e-4, rtol=1e-4)
    for one, other in zip(packed_tap.scores, stock_tap.scores, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_families_with_other_norms_or_rotations_do_not_fit_the_packed_engine():
    assert [family for family in CONFIGS if fits(CONFIGS[family])] == ["llama", "qwen2"]


@pytest.mark.parametrize("family", ["llama", "phi"])
def test_one_block_alone_equals_the_stock_model_without_any_of_this(family):
    model = tiny_model(family)
    row = [*PREFIX, *BLOCKS[0], *QUESTION, 40]
    with torch.no_grad():
        expected = model(torch.tensor([row])).logits[0]
    engine = StockEngine(tiny_model(family))
    with torch.inference_mode():
        session = engine.open([engine.prefix(PREFIX), *engine.encode(PREFIX, BLOCKS[:1])], 8)
        start = len(PREFIX) + len(BLOCKS[0])
        asked = session.feed(QUESTION, start)
        answered = session.feed([40], start + len(QUESTION))
    torch.testing.assert_close(asked, expected[-2], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(answered, expected[-1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_scores_are_the_models_own_before_softmax(family):
    """Softmax of the scores equals the weights that transformers' eager attention returns."""
    model = tiny_model(family)
    row = [*PREFIX, *BLOCKS[0], *QUESTION]
    with torch.no_grad():
        weights = model(torch.tensor([row]), output_attentions=True).attentions
    tap = BlockTap()
    engine = StockEngine(tiny_model(family))
    with torch.inference_mode():
        states = engine.encode(PREFIX, BLOCKS[:1])
        session = engine.open([engine.prefix(PREFIX), *states], 8)
        session.feed(QUESTION, len(PREFIX) + len(BLOCKS[0]), tap)
    for scores, expected in zip(tap.scores, weights, strict=True):
        torch.testing.assert_close(scores.softmax(-1), expected[0, :, -1], atol=1e-5, rtol=1e-4)


def test_blocks_of_unequal_length_are_encoded_as_if_alone():
    for engine in (
        StockEngine(tiny_model("llama")),
        PackedEngine(tiny_model("llama"), torch.float32),
    ):
        with torch.inference_mode():
            together = engine.encode(PREFIX, BLOCKS)
            alone = [engine.encode(PREFIX, [block])[0] for block in BLOCKS]
        for one, other in zip(together, alone, strict=True):
            torch.testing.assert_close(one.keys, other.keys, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(one.values, other.values, atol=1e-5, rtol=1e-4)
