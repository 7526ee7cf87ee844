"""Packed products and the encoder made of them are held to transformers' own encoder."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from transformers import BartConfig, BartForConditionalGeneration

from reread.reader.loading import STARTER, load_reader, reader_folder
from reread.reader.packed.encoder import STREAM_TOKENS, PackedEncoder, attend, fits
from reread.reader.packed.products import Product, packs
from reread.reader.probe import PASSAGES, QUESTIONS
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from tests.reread.reader.test_reader import reader_over


def tiny_bart(**changes: Any) -> BartForConditionalGeneration:
    torch.manual_seed(3)
    config = BartConfig(
        vocab_size=90, d_model=24, encoder_layers=2, decoder_layers=1, encoder_attention_heads=3,
        decoder_attention_heads=3, encoder_ffn_dim=40, decoder_ffn_dim=40, init_std=0.3,
        max_position_embeddings=300, **changes,
    )  # fmt: skip
    return BartForConditionalGeneration(config).eval()


def drawn(lengths: list[int]) -> list[list[int]]:
    random = torch.Generator().manual_seed(1)
    return [torch.randint(90, (length,), generator=random).tolist() for length in lengths]


@torch.inference_mode()
def assert_as_stock(model: BartForConditionalGeneration, segments: list[list[int]]) -> None:
    found = PackedEncoder(model).encode(segments)
    assert [len(one) for one in found] == [len(one) for one in segments]
    for segment, states in zip(segments, found, strict=True):
        alone = model.get_encoder()(input_ids=torch.tensor([segment])).last_hidden_state[0]
        torch.testing.assert_close(states, alone, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("changes", [{}, {"scale_embedding": True}])
def test_each_segment_is_encoded_as_if_alone(changes: dict[str, Any]) -> None:
    assert_as_stock(tiny_bart(**changes), drawn([7, 1, 30, 7, 211]))


def test_more_segments_than_one_stream_holds_keep_their_order() -> None:
    """And no more of them are encoded at once than `STREAM_TOKENS`, which bounds the memory."""
    lengths = [290 - n for n in range(40)]
    assert sum(lengths) > STREAM_TOKENS
    model, taken = tiny_bart(), list[int]()
    assert_as_stock(model, drawn(lengths))
    words = model.get_encoder().embed_tokens
    words.register_forward_hook(lambda module, given, found: taken.append(len(given[0])))
    PackedEncoder(model).encode(drawn(lengths))
    assert max(taken) <= STREAM_TOKENS and sum(taken) == sum(lengths)


@pytest.mark.parametrize("gelu", [False, True])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 4e-2)])
def test_a_packed_product_is_the_layer(dtype: torch.dtype, near: float, gelu: bool) -> None:
    if not packs(dtype):
        pytest.skip(f"no packed products in {dtype} here")
    torch.manual_seed(0)
    layer, x = torch.nn.Linear(24, 40), torch.randn(13, 24)
    after: Callable[..., torch.Tensor] = F.gelu if gelu else lambda y: y
    found = Product(layer.weight.to(dtype), layer.bias, gelu=gelu)(x.to(dtype))
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), after(layer(x)), atol=near, rtol=near)


def test_attention_is_each_segments_own() -> None:
    torch.manual_seed(0)
    lengths, heads, width = [5, 1, 9], 2, 6
    joined = torch.randn(sum(lengths), 3 * width)
    rows = []
    for own in joined.split(lengths):
        for row in own:
            for h in range(heads):
                part = slice(h * 3, h * 3 + 3)
                scores = [float(row[part] @ key[width:][part]) for key in own]
                weights = torch.softmax(torch.tensor(scores), 0)
                rows.append(
                    sum(w * v[2 * width :][part] for w, v in zip(weights, own, strict=True))
                )
    torch.testing.assert_close(attend(joined, lengths, heads), torch.cat(rows).view(-1, width))


@pytest.mark.parametrize("changes", [{"activation_function": "relu"}, {"model_type": "mbart"}])
def test_other_encoders_stay_stock(changes: dict[str, str]) -> None:
    model = tiny_bart()
    assert fits(model)
    for name, value in changes.items():
        setattr(model.config, name, value)
    assert not fits(model)
    for away in (torch.float16, torch.device("meta")):  # a format, and a place, without products
        assert not fits(tiny_bart().to(away))
    assert reader_over(model).pack().packed is None


def test_the_starter_packed_reads_as_the_stock_one() -> None:
    """In float32: the same answers, and the same scores but for the order of sums."""
    requests = [ReadRequest(one, PASSAGES) for one in QUESTIONS]
    stock = Reader.load(reader_folder(STARTER), device="cpu", dtype="float32")
    packed = load_reader(STARTER, device="cpu", dtype="float32")
    assert stock.info()["fast_path"].startswith("torch sdpa encoder")
    assert packed.info()["fast_path"].startswith("packed float32 encoder without padding")
    used: list[Any] = []
    packed.model.get_encoder().register_forward_hook(lambda *given: used.append(given))
    for one, other in zip(stock.read(requests), packed.read(requests), strict=True):
        assert (one.answer, one.found, one.spans) == (other.answer, other.found, other.spans)
        assert other.attention == pytest.approx(one.attention, abs=2e-4)
        assert other.confidence == pytest.approx(one.confidence, abs=1e-4)
    assert used == []  # all of it was read by the packed one
