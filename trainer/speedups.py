"""What makes a student's training step fast on a CPU and leaves what it computes as it is.

Knows the modules of a stock encoder and how attention and dropout are best computed; knows no
loss, no batch and no optimiser. Everything is put back when the block ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from reread.fusion import plain_attention
from reread.retriever import DenseRetriever

ATTENTION_NAME = "reread_student"
DRAWS = 1 << 16  # dropout compares 16-bit draws, so a share is exact to 1 / 65,536


@contextmanager
def fast_training(retriever: DenseRetriever) -> Iterator[None]:
    """Inside the block the encoder trains with the attention and dropout of this module."""
    with _attention_of(retriever.encoder), _dropout_of(retriever):
        yield


def student_attention(
    module: nn.Module,
    query: Tensor,  # (B, H, T, d)
    key: Tensor,  # (B, H, S, d)
    value: Tensor,  # (B, H, S, d)
    attention_mask: Tensor | None,  # (B, 1, T, S) bool, True = seen
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, Tensor | None]:
    """Explicit products for bfloat16 on a CPU, torch's fused attention everywhere else.

    Forward both are equally fast; backward the fused kernel took three times as long with 12 heads
    of 32 in bfloat16 (one Sapphire Rapids core, torch 2.13). In float32 it is the faster one.
    """
    if dropout or query.dtype != torch.bfloat16 or query.device.type != "cpu":
        fused: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
        return fused
    return plain_attention(query, key, value, attention_mask, scaling=scaling), None


class DrawnDropout(nn.Module):
    """`nn.Dropout` with cheaper masks: four draws from each 64-bit random number.

    torch draws one number per element, which was 11% of a training step. The generator is torch's
    own, so seeds, forked generators and recomputed activations behave as they do with `nn.Dropout`.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return values
        if values.device.type != "cpu":
            return nn.functional.dropout(values, self.p, training=True)
        return values * draw_mask(values, self.p)


def draw_mask(values: Tensor, share: float) -> Tensor:
    """Independent 0 with the chance `share`, else 1 / (1 - share), in the shape of `values`."""
    count = values.numel()
    words = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    dropped = round(share * DRAWS)
    kept = words.view(torch.int16)[:count] >= dropped - DRAWS // 2
    return kept.view(values.shape).to(values.dtype).mul_(DRAWS / (DRAWS - dropped))


@contextmanager
def _attention_of(encoder: nn.Module) -> Iterator[None]:
    before = getattr(getattr(encoder, "config", None), "_attn_implementation", None)
    if before != "sdpa":  # chosen by hand, or no stock transformer
        yield
        return
    AttentionInterface.register(ATTENTION_NAME, student_attention)
    AttentionMaskInterface.register(ATTENTION_NAME, sdpa_mask)
    stock: Any = encoder
    stock.set_attn_implementation(ATTENTION_NAME)
    try:
        yield
    finally:
        stock.set_attn_implementation(before)


@contextmanager
def _dropout_of(retriever: nn.Module) -> Iterator[None]:
    """Attention modules only read their dropout's share, so theirs stays."""
    swapped = [
        (parent, name, child)
        for parent in retriever.modules()
        for name, child in parent.named_children()
        if type(child) is nn.Dropout and child.p > 0.0
    ]
    for parent, name, child in swapped:
        setattr(parent, name, DrawnDropout(child.p).train(child.training))
    try:
        yield
    finally:
        for parent, name, child in swapped:
            child.train(parent.training)
            setattr(parent, name, child)
