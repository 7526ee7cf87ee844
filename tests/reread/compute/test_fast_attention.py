"""Every way to compute attention gives the fused kernel's numbers and stands where it pays."""

import pytest
import torch
from torch import nn
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from reread.compute.fast_attention import (
    answers_in_bfloat16_on_cpu,
    fastest_attention,
    learns_in_bfloat16_on_cpu,
    parted_attention,
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
    out, _ = fastest_attention(Attention(False), query, key, value, mask)
    assert out.dtype == torch.bfloat16
    mean = value[1].float().mean(dim=1)  # (H, d)
    assert (out[1].float() - mean[None]).abs().max() < 0.02
    for gradient in torch.autograd.grad(out.float().square().sum(), (query, key, value)):
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("at_once", [1, 1 << 20])
def test_parts_equal_the_fused_kernel(case: str, at_once: int) -> None:
    """`at_once` 1 cuts the batch into its rows: what is cut is no part of the result."""
    causal, mask, places, options = CASES[case]
    module, (query, key, value) = Attention(causal), tensors(places)
    with torch.no_grad():
        fused, _ = sdpa_attention_forward(module, query, key, value, mask, **options)
        seen = seen_mask(module, query, key, mask, None)
        found = parted_attention(query, key, value, seen, scores_at_once=at_once, **options)
    assert found.shape == fused.shape and (found - fused).abs().max() < 1e-5


def test_parts_in_bfloat16_are_as_near_as_the_fused_kernel() -> None:
    torch.manual_seed(2)
    exact = [torch.randn(4, 3, 40, 16) for _ in range(3)]
    mask = torch.ones(4, 1, 40, 40, dtype=torch.bool)
    mask[2, :, :, 7:] = False
    wanted, _ = sdpa_attention_forward(Attention(False), *exact, mask)
    rounded = [one.bfloat16() for one in exact]
    fused, _ = sdpa_attention_forward(Attention(False), *rounded, mask)
    found, _ = fastest_attention(Attention(False), *rounded, mask)
    assert not torch.equal(found, fused), "the parts were not used"
    ours, theirs = ((one.float() - wanted).abs().mean() for one in (found, fused))
    assert ours < 1.5 * theirs < 0.01


def test_each_way_stands_where_it_pays() -> None:
    query = torch.zeros(1, 1, 16, 4, dtype=torch.bfloat16)
    assert answers_in_bfloat16_on_cpu(query, 0.0) and not learns_in_bfloat16_on_cpu(query)
    assert not answers_in_bfloat16_on_cpu(query, 0.1)
    assert not answers_in_bfloat16_on_cpu(query[:, :, :1], 0.0), "decoding keeps the fused kernel"
    assert not answers_in_bfloat16_on_cpu(query.float(), 0.0)
    query.requires_grad_()
    assert learns_in_bfloat16_on_cpu(query) and not answers_in_bfloat16_on_cpu(query, 0.0)
    assert not learns_in_bfloat16_on_cpu(query.float())
