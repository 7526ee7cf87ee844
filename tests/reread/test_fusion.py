"""The explicit products for learning in bfloat16 on a CPU, against the fused kernel in fp32."""

import pytest
import torch
from torch import nn
from transformers import BartConfig, BartForConditionalGeneration, T5Config
from transformers import T5ForConditionalGeneration as T5
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from reread.fusion import (
    decode_step,
    encode_segments,
    fusion_attention,
    install_fusion_attention,
    learns_in_bfloat16_on_cpu,
    plain_attention,
    seen_mask,
)

ROWS, HEADS, STEPS, PLACES, WIDTH = 2, 3, 4, 5, 8


class Attention(nn.Module):
    def __init__(self, is_causal: bool) -> None:
        super().__init__()
        self.is_causal = is_causal


def tensors(places: int = PLACES) -> list[torch.Tensor]:
    torch.manual_seed(1)
    return [
        torch.randn(ROWS, HEADS, count, WIDTH, requires_grad=True)
        for count in (STEPS, places, places)
    ]


def both(module: Attention, mask, places: int = PLACES, **options):
    """Outputs and the three gradients of the explicit products and of the fused kernel."""
    query, key, value = tensors(places)
    weigh = torch.randn(ROWS, STEPS, HEADS, WIDTH)
    results = []
    for fused in (False, True):
        if fused:
            out, _ = sdpa_attention_forward(module, query, key, value, mask, **options)
        else:
            seen = seen_mask(module, query, key, mask, None)
            out = plain_attention(query, key, value, seen, **options)
        results.append((out, *torch.autograd.grad((out * weigh).sum(), (query, key, value))))
    return results


def some_mask() -> torch.Tensor:
    mask = torch.rand(ROWS, 1, STEPS, PLACES) > 0.4
    mask[..., 0] = True
    return mask


CASES = {
    "no mask": (False, None, PLACES, {}),
    "scaled otherwise": (False, None, PLACES, {"scaling": 1.0}),
    "masked": (False, some_mask(), PLACES, {"scaling": 1.0}),
    "added": (False, torch.randn(ROWS, 1, STEPS, PLACES), PLACES, {}),
    "causal": (True, None, STEPS, {}),
    "biased": (False, some_mask(), PLACES, {"position_bias": torch.randn(1, HEADS, STEPS, PLACES)}),
    "causal, biased": (
        True, None, STEPS, {"position_bias": torch.randn(1, HEADS, STEPS, STEPS), "scaling": 1.0},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_explicit_products_equal_the_fused_kernel(case: str) -> None:
    causal, mask, places, options = CASES[case]
    ours, theirs = both(Attention(causal), mask, places, **options)
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).abs().max() < 1e-5


def test_a_row_that_sees_nothing_gives_the_mean_of_the_values_and_no_nan() -> None:
    query, key, value = (one.detach().bfloat16().requires_grad_() for one in tensors())
    mask = torch.ones(ROWS, 1, STEPS, PLACES, dtype=torch.bool)
    mask[1] = False
    out, _ = fusion_attention(Attention(False), query, key, value, mask)
    assert out.dtype == torch.bfloat16
    mean = value[1].float().mean(dim=1)  # (H, d)
    assert (out[1].float() - mean[None]).abs().max() < 0.02
    for gradient in torch.autograd.grad(out.float().square().sum(), (query, key, value)):
        assert torch.isfinite(gradient).all()


def test_explicit_products_are_used_for_learning_in_bfloat16_alone() -> None:
    query = torch.zeros(1, 1, 2, 4, dtype=torch.bfloat16)
    assert not learns_in_bfloat16_on_cpu(query), "answering keeps the fused kernel"
    assert learns_in_bfloat16_on_cpu(query.requires_grad_())
    assert not learns_in_bfloat16_on_cpu(query.float())


def models():
    torch.manual_seed(0)
    yield BartForConditionalGeneration(
        BartConfig(
            vocab_size=60, d_model=32, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=64,
            encoder_attention_heads=4, decoder_attention_heads=4, decoder_ffn_dim=64, dropout=0.0,
        )
    )  # fmt: skip
    yield T5(
        T5Config(vocab_size=60, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
                 dropout_rate=0.0)
    )  # fmt: skip


@pytest.mark.parametrize("model", models(), ids=["bart", "t5"])
def test_a_model_learning_in_bfloat16_stays_near_its_exact_states(model) -> None:
    """Causal decoding and masked segments through the whole model, explicit against fused fp32."""
    install_fusion_attention(model)
    model.train()
    ids = torch.randint(4, 60, (3, 7))
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0

    def states() -> torch.Tensor:
        encoded = encode_segments(model, ids, mask)
        fused = encoded.reshape(1, 21, -1)
        return decode_step(model, ids[:1, :5], fused, mask.reshape(1, 21)).float()

    with torch.no_grad():
        exact = states()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = states()
    assert rough.requires_grad
    assert (rough - exact).norm() / exact.norm() < 0.03
