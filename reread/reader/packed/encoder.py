"""A BART encoder over segments side by side: packed products, no padding in anything.

Computes what transformers' encoder computes, in fewer and larger products: query, key and value in
one, the tokens of all segments in one stream; only attention is by segment, whose scores stay in
the cache. For answering alone: the weights are copies, so a model that goes on learning is not read
with it. Knows weights and token ids; knows no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers import PreTrainedModel

from reread.reader.packed.products import Product, packs

STREAM_TOKENS = 8192  # tokens of one pass: bounds memory, fills the cores


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer; norms come behind the sums."""

    qkv: Product
    out: Product
    norm1: nn.LayerNorm
    up: Product
    down: Product
    norm2: nn.LayerNorm


def fits(model: PreTrainedModel) -> bool:
    """Whether `PackedEncoder` computes what this model's encoder does, and can here."""
    return (
        model.config.model_type == "bart"
        and model.config.activation_function == "gelu"
        and model.device.type == "cpu"
        and packs(model.dtype)
    )


class PackedEncoder:
    """Holds an encoder's weights in the model's own number format."""

    def __init__(self, model: PreTrainedModel) -> None:
        encoder: Any = model.get_encoder()
        self.heads = int(model.config.encoder_attention_heads)
        self.dtype = model.dtype
        self.width = int(model.config.d_model)
        self._words = encoder.embed_tokens
        positions = encoder.embed_positions
        self._positions = positions.weight.detach()[positions.offset :]
        self._norm: nn.LayerNorm = encoder.layernorm_embedding
        self._layers = [_pack(layer) for layer in encoder.layers]

    @property
    def path(self) -> str:
        """What /info says."""
        return f"packed {str(self.dtype).removeprefix('torch.')} encoder without padding"

    @torch.inference_mode()
    def encode(self, segments: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """States (L, d) of each segment's L tokens."""
        found: list[torch.Tensor] = []
        for stream in streams([len(one) for one in segments], STREAM_TOKENS):
            found += self._stream(segments[stream])
        return found

    def _stream(self, segments: Sequence[Sequence[int]]) -> Sequence[torch.Tensor]:
        lengths = [len(segment) for segment in segments]
        ids = torch.tensor([token for segment in segments for token in segment])
        places = torch.cat([torch.arange(length) for length in lengths])
        x = _normed(self._norm, self._words(ids) + self._positions[places])  # (S, d)
        for layer in self._layers:
            seen = attend(layer.qkv(x), lengths, self.heads)
            x = _normed(layer.norm1, layer.out(seen).add_(x))
            x = _normed(layer.norm2, layer.down(layer.up(x)).add_(x))
        return torch.split(x, lengths)


def streams(lengths: Sequence[int], tokens: int) -> Iterator[slice]:
    """Neighbours that are at most so many tokens together; a longer one is alone.

    >>> list(streams([3, 4, 1, 9, 2], tokens=8))
    [slice(0, 3, None), slice(3, 4, None), slice(4, 5, None)]
    """
    first, held = 0, 0
    for place, length in enumerate(lengths):
        if place > first and held + length > tokens:
            yield slice(first, place)
            first, held = place, 0
        held += length
    if lengths:
        yield slice(first, len(lengths))


def attend(joined: torch.Tensor, lengths: Sequence[int], heads: int) -> torch.Tensor:
    """Each segment's attention over itself, (S, d); `joined` (S, 3 d) are queries, scaled, keys and
    values. The softmax is in float32.

    Scores are written to the same memory for every segment: fresh memory of that size comes from
    the system page by page, which takes several times as long as the softmax.
    """
    width = joined.shape[1] // 3
    found = joined.new_empty(len(joined), width)
    most = heads * max(lengths) ** 2
    narrow, wide = joined.new_empty(most), joined.new_empty(most, dtype=torch.float32)
    parts = zip(*(torch.split(one, list(lengths)) for one in (joined, found)), strict=True)
    for own, place in parts:
        shape = (heads, len(own), len(own))
        query, key, value = own.view(len(own), 3, heads, -1).permute(1, 2, 0, 3).contiguous()
        scores, weights = (room[: heads * len(own) ** 2].view(shape) for room in (narrow, wide))
        torch.matmul(query, key.transpose(1, 2), out=scores)
        torch.softmax(scores, dim=-1, dtype=torch.float32, out=weights)
        seen = scores.copy_(weights) @ value  # (H, L, d / H)
        place.view(len(own), heads, -1).copy_(seen.transpose(0, 1))
    return found


def _pack(layer: Any) -> Layer:
    own = layer.self_attn
    weight = [own.q_proj.weight * own.scaling, own.k_proj.weight, own.v_proj.weight]
    bias = [own.q_proj.bias * own.scaling, own.k_proj.bias, own.v_proj.bias]
    return Layer(
        Product(torch.cat(weight), torch.cat(bias)),
        Product(own.out_proj.weight, own.out_proj.bias),
        layer.self_attn_layer_norm,
        Product(layer.fc1.weight, layer.fc1.bias, gelu=True),
        Product(layer.fc2.weight, layer.fc2.bias),
        layer.final_layer_norm,
    )


def _normed(norm: nn.LayerNorm, x: torch.Tensor) -> torch.Tensor:
    return F.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
