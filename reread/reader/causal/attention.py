"""Attention of a causal reader: blocks see themselves, the question sees every block and itself.

Knows the attention interface of transformers and nothing else. There is no padding between what is
cached and what asks, so no mask is needed: a query sees all cached tokens and its own past. Scores
leave through a `BlockTap` that the caller makes for one call.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel

ATTENTION_NAME = "reread_blocks"


class BlockTap:
    """Collects the last query's attention over all keys, layer by layer.

    `scores[l]` (H, S): q.k as the module computes it, scaled (and soft-capped where the model
    does), before softmax.  `weights[l]` (H, S): after softmax over all keys.
    """

    def __init__(self) -> None:
        self.scores: list[torch.Tensor] = []
        self.weights: list[torch.Tensor] = []

    def take(self, scores: torch.Tensor, weights: torch.Tensor) -> None:
        """Keep one layer's last row; both (H, T, S)."""
        self.scores.append(scores[:, -1].float())
        self.weights.append(weights[:, -1].float())


def install_block_attention(model: PreTrainedModel) -> None:
    """Make a stock causal model use `block_attention`; registering the name twice is harmless."""
    AttentionInterface.register(ATTENTION_NAME, block_attention)
    AttentionMaskInterface.register(ATTENTION_NAME, no_mask)
    model.set_attn_implementation(ATTENTION_NAME)


def no_mask(*_: Any, **__: Any) -> None:
    """The mask transformers would build: none, `block_attention` knows what is seen."""


def block_attention(
    module: nn.Module,
    query: torch.Tensor,  # (B, H, T, d)
    key: torch.Tensor,  # (B, G, S, d), G key-value heads
    value: torch.Tensor,  # (B, G, S, d)
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    softcap: float | None = None,
    tap: BlockTap | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """softmax(q k' scaling) v over what came before, (B, T, H, d); groups share keys and values."""
    scale = query.size(-1) ** -0.5 if scaling is None else scaling
    fresh = query.size(2) == key.size(2)
    if tap is None and fresh and softcap is None:
        fused = nn.functional.scaled_dot_product_attention(
            query, key, value, is_causal=True, scale=scale, enable_gqa=True
        )
        return fused.transpose(1, 2).contiguous(), None
    scores = grouped_scores(query, key) * scale  # (B, H, T, S)
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    weights = causal_softmax(scores)
    if tap is not None:
        tap.take(scores[0], weights[0])
    return grouped_sum(weights, value).transpose(1, 2).contiguous(), None


def grouped_scores(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """(B, H, T, d) x (B, G, S, d) -> (B, H, T, S); the H/G heads of a group follow one another.

    >>> q, k = torch.ones(1, 2, 1, 3), torch.full((1, 1, 2, 3), 2.0)
    >>> grouped_scores(q, k).tolist()
    [[[[6.0, 6.0]], [[6.0, 6.0]]]]
    """
    batch, heads, rows, width = query.shape
    groups, columns = key.shape[1], key.shape[2]
    joined = query.reshape(batch, groups, heads // groups * rows, width)
    return (joined @ key.transpose(2, 3)).view(batch, heads, rows, columns)


def grouped_sum(weights: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """(B, H, T, S) x (B, G, S, d) -> (B, H, T, d)."""
    batch, heads, rows, columns = weights.shape
    groups, width = value.shape[1], value.shape[3]
    joined = weights.reshape(batch, groups, heads // groups * rows, columns)
    return (joined @ value).view(batch, heads, rows, width)


def causal_softmax(scores: torch.Tensor) -> torch.Tensor:
    """Softmax in float32 where the last T of S columns are the T rows' own tokens.

    >>> causal_softmax(torch.zeros(1, 1, 2, 3)).tolist()
    [[[[0.5, 0.5, 0.0], [0.3333333432674408, 0.3333333432674408, 0.3333333432674408]]]]
    """
    rows, columns = scores.shape[-2:]
    if rows > 1:
        place = torch.arange(columns, device=scores.device)
        own = torch.arange(rows, device=scores.device) + columns - rows
        scores = scores.masked_fill(place[None, :] > own[:, None], float("-inf"))
    return torch.softmax(scores, dim=-1, dtype=torch.float32).to(scores.dtype)
