"""Attention without scores to keep, by whichever way is the fastest where it runs.

Torch's fused kernel, except in bfloat16 on a CPU: there it takes three times as long backward, and
forward nearly twice as long as products over a few rows at a time, whose scores stay in the cache.
Knows tensors and the attention interface of transformers; knows no reader and no retriever.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION_NAME = "reread_fastest"
LOW = -1e30  # stands for "masked" where infinities would turn an all-masked row into NaN
SCORES_AT_ONCE = 1 << 20  # of one part: 4 MB in float32
LEAST_ROWS = 16  # below this the fused kernel has little to do


def install_fastest_attention(encoder: Any) -> None:
    """Make a stock encoder use `fastest_attention`; one whose attention was chosen stays as it is.

    Registering the name twice is harmless.
    """
    if getattr(getattr(encoder, "config", None), "_attn_implementation", None) != "sdpa":
        return
    AttentionInterface.register(ATTENTION_NAME, fastest_attention)
    AttentionMaskInterface.register(ATTENTION_NAME, sdpa_mask)
    encoder.set_attn_implementation(ATTENTION_NAME)


def fastest_attention(
    module: nn.Module,
    query: torch.Tensor,  # (B, H, T, d)
    key: torch.Tensor,  # (B, H, S, d)
    value: torch.Tensor,  # (B, H, S, d)
    attention_mask: torch.Tensor | None,  # (B, 1, T, S) or broadcastable; True = seen, or additive
    dropout: float = 0.0,
    scaling: float | None = None,
    position_bias: torch.Tensor | None = None,  # (1, H, T, S)
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """softmax(q k' + bias + mask) v, (B, T, H, d); transformers' form of an attention function."""
    plainly = learns_in_bfloat16_on_cpu(query)
    if not plainly and not answers_in_bfloat16_on_cpu(query, dropout):
        fused: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask,
            dropout=dropout, scaling=scaling, position_bias=position_bias, **kwargs,
        )  # fmt: skip
        return fused
    mask = seen_mask(module, query, key, attention_mask, kwargs.get("is_causal"))
    if plainly:
        found = plain_attention(
            query, key, value, mask, dropout=dropout, scaling=scaling, position_bias=position_bias
        )
    else:
        found = parted_attention(
            query, key, value, mask, scaling=scaling, position_bias=position_bias
        )
    return found, None


def learns_in_bfloat16_on_cpu(query: torch.Tensor) -> bool:
    """Where the fused kernel's backward pass is slower than three plain products."""
    return query.requires_grad and query.device.type == "cpu" and query.dtype == torch.bfloat16


def answers_in_bfloat16_on_cpu(query: torch.Tensor, dropout: float) -> bool:
    """Where the fused kernel is slower than products in parts: many rows, nothing to learn."""
    able = query.device.type == "cpu" and query.dtype == torch.bfloat16 and not query.requires_grad
    return able and not dropout and query.shape[2] >= LEAST_ROWS


def seen_mask(
    module: nn.Module,
    query: torch.Tensor,  # (B, H, T, d)
    key: torch.Tensor,  # (B, H, S, d)
    mask: torch.Tensor | None,
    is_causal: bool | None,
) -> torch.Tensor | None:
    """The mask as given, or the triangle that a fused kernel would make without one."""
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    rows, columns = query.shape[2], key.shape[2]
    if mask is not None or not causal or rows == 1:
        return mask
    return torch.ones(rows, columns, dtype=torch.bool, device=query.device).tril()  # (T, S)


def plain_attention(
    query: torch.Tensor,  # (B, H, T, d)
    key: torch.Tensor,  # (B, H, S, d)
    value: torch.Tensor,  # (B, H, S, d)
    mask: torch.Tensor | None,  # (B, 1, T, S) or broadcastable; True = seen, or additive
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    position_bias: torch.Tensor | None = None,  # (1, H, T, S)
) -> torch.Tensor:
    """softmax(q k' + bias + mask) v, all in the query's dtype, (B, T, H, d).

    A row that sees nothing gets the mean of all values instead of NaN. `dropout` is applied to the
    weights as given: the module passes 0 outside training.

    >>> one = torch.ones(1, 1, 1, 2)
    >>> plain_attention(one, one, 3 * one, torch.zeros(1, 1, 1, 1, dtype=torch.bool)).tolist()
    [[[[3.0, 3.0]]]]
    """
    scale = query.size(-1) ** -0.5 if scaling is None else scaling
    scores = (query * scale if scale != 1.0 else query) @ key.transpose(2, 3)  # (B, H, T, S)
    if position_bias is not None:
        scores = scores + position_bias.to(scores.dtype)
    if mask is not None:
        scores = scores + to_additive(mask).to(scores.dtype)
    weights = torch.softmax(scores, dim=-1)
    if dropout:
        weights = nn.functional.dropout(weights, p=dropout)
    return (weights @ value).transpose(1, 2).contiguous()


def parted_attention(
    query: torch.Tensor,  # (B, H, T, d)
    key: torch.Tensor,  # (B, H, S, d)
    value: torch.Tensor,  # (B, H, S, d)
    mask: torch.Tensor | None,  # (B, 1, T, S) or broadcastable; True = seen, or additive
    *,
    scaling: float | None = None,
    position_bias: torch.Tensor | None = None,  # (1, H, T, S)
    scores_at_once: int = SCORES_AT_ONCE,
) -> torch.Tensor:
    """`plain_attention` for a few of the B at a time, the softmax in float32; (B, T, H, d).

    >>> one = torch.ones(2, 1, 1, 2)
    >>> parted_attention(one, one, 3 * one, None).flatten().tolist()
    [3.0, 3.0, 3.0, 3.0]
    """
    scale = query.size(-1) ** -0.5 if scaling is None else scaling
    additive = None if mask is None else to_additive(mask)
    batched = additive is not None and additive.dim() == 4 and len(additive) > 1
    step = max(1, scores_at_once // (query.shape[1] * query.shape[2] * key.shape[2]))
    found = query.new_empty(query.shape[0], query.shape[2], query.shape[1], value.shape[3])
    for first in range(0, len(query), step):
        part = slice(first, first + step)
        scores = ((query[part] * scale) @ key[part].transpose(2, 3)).float()  # (b, H, T, S)
        if position_bias is not None:
            scores += position_bias
        if additive is not None:
            scores += additive[part] if batched else additive
        weights = torch.softmax(scores, dim=-1).to(value.dtype)
        found[part] = (weights @ value[part]).transpose(1, 2)
    return found


def to_additive(mask: torch.Tensor) -> torch.Tensor:
    """A boolean mask (True = seen) as numbers to add; any other mask as it is."""
    return torch.where(mask, 0.0, LOW) if mask.dtype == torch.bool else mask
