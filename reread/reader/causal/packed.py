"""The fast engine for Llama-shaped models: weights joined and kept in one number format.

Computes what stock.py computes, in fewer and larger products: query, key and value in one, gate and
up in one, the tokens of all blocks in one stream without padding in any product. Knows weights and
tensors; knows no text. Which models it fits is said by `fits`; `Reader` checks it against the stock
engine before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from transformers import PreTrainedModel

from reread.reader.causal.attention import (
    BlockTap,
    causal_softmax,
    grouped_scores,
    grouped_sum,
)
from reread.reader.causal.states import States

FAMILIES = ("llama", "mistral", "qwen2")
GROUP_TOKENS = 2048  # padded tokens whose attention is computed at once
STREAM_TOKENS = 6144  # tokens of one pass: bounds memory, fills the cores


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's weights; `bias` is of query, key and value where the family has one."""

    norm1: torch.Tensor
    qkv: torch.Tensor
    bias: torch.Tensor | None
    out: torch.Tensor
    norm2: torch.Tensor
    gate: torch.Tensor
    up: torch.Tensor
    down: torch.Tensor


def fits(config: Any) -> bool:
    """Whether a model of this config computes exactly what `PackedEngine` does."""
    rope = getattr(config, "rope_parameters", None) or {}
    return (
        config.model_type in FAMILIES
        and getattr(config, "hidden_act", "silu") == "silu"
        and not getattr(config, "mlp_bias", False)
        and rope.get("rope_type", "default") == "default"
        and rope.get("partial_rotary_factor", 1.0) == 1.0
        and not (config.model_type == "llama" and getattr(config, "attention_bias", False))
    )


class PackedEngine:
    """Holds a model's weights in `dtype` and runs them on the device they lie on."""

    def __init__(self, model: PreTrainedModel, dtype: torch.dtype) -> None:
        config = model.config
        self.heads = int(config.num_attention_heads)
        self.groups = int(config.num_key_value_heads)
        self.width = int(getattr(config, "head_dim", None) or config.hidden_size // self.heads)
        self.eps = float(config.rms_norm_eps)
        self.dtype = dtype
        self.device = model.device
        body = model.base_model
        self.embedding = body.embed_tokens.weight.detach().to(dtype)
        head = model.get_output_embeddings().weight.detach()
        tied = head.data_ptr() == body.embed_tokens.weight.data_ptr()
        self.head = self.embedding if tied else head.to(dtype)
        self.norm = body.norm.weight.detach().to(dtype)
        self.layers = [_pack(layer, dtype) for layer in body.layers]
        theta = float(config.rope_parameters["rope_theta"])
        steps = torch.arange(0, self.width, 2, dtype=torch.float32, device=self.device)
        self._frequencies = theta ** -(steps / self.width)  # (d/2,)

    @property
    def path(self) -> str:
        """What /info says."""
        return f"packed {str(self.dtype).removeprefix('torch.')}, block attention"

    def prefix(self, prefix: Sequence[int]) -> States:
        """The states of the prefix itself."""
        return self._stream([], [list(prefix)])[0]

    def encode(self, prefix: Sequence[int], blocks: Sequence[Sequence[int]]) -> list[States]:
        """The states of each block behind the prefix, the prefix's own left out."""
        order = sorted(range(len(blocks)), key=lambda i: -len(blocks[i]))
        found: dict[int, States] = {}
        while order:
            taken, tokens = 0, 0
            while taken < len(order) and (not taken or tokens < STREAM_TOKENS):
                tokens += len(prefix) + len(blocks[order[taken]])
                taken += 1
            chunk, order = order[:taken], order[taken:]
            states = self._stream(list(prefix), [list(blocks[i]) for i in chunk])
            found.update(zip(chunk, states, strict=True))
        return [found[i] for i in range(len(blocks))]

    def open(self, parts: Sequence[States], room: int) -> PackedSession:
        """A session over these states side by side, with room for so many further tokens."""
        return PackedSession(self, parts, room)

    def rotation(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines of positions (M,): (M, 1, d/2) each, float32."""
        angles = positions.float()[:, None] * self._frequencies
        return angles.cos()[:, None], angles.sin()[:, None]

    def project(
        self, layer: Layer, x: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Rotated queries (M, H, d) and keys (M, G, d), and values (M, G, d) of a stream (M, D)."""
        joined = F.linear(self.normed(x, layer.norm1), layer.qkv, layer.bias)
        ends = [self.heads * self.width, self.groups * self.width, self.groups * self.width]
        query, key, value = torch.split(joined, ends, dim=-1)
        count = len(x)
        return (
            rotate(query.view(count, self.heads, self.width), rotation),
            rotate(key.view(count, self.groups, self.width), rotation),
            value.view(count, self.groups, self.width),
        )

    def finish(self, layer: Layer, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """The stream after a layer: attention's output (M, H*d) and the feed-forward added."""
        x = x + F.linear(attended, layer.out)
        inner = self.normed(x, layer.norm2)
        gated = F.silu(F.linear(inner, layer.gate), inplace=True).mul_(F.linear(inner, layer.up))
        return x + F.linear(gated, layer.down)

    def normed(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """RMS norm, its mean in float32."""
        square = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        scale = torch.rsqrt(square.pow(2) / x.shape[-1] + self.eps)
        return (x * scale.to(x.dtype)).mul_(weight)

    def _stream(self, prefix: list[int], rows: list[list[int]]) -> list[States]:
        """The states of rows, longest first, each behind the prefix; products see no padding."""
        behind = [[*prefix, *row] for row in rows]
        groups = _near_lengths([len(row) for row in behind])
        tokens = torch.tensor([i for row in behind for i in row], device=self.device)
        positions = torch.cat([torch.arange(len(row)) for row in behind]).to(self.device)
        rotation = self.rotation(positions)
        x = F.embedding(tokens, self.embedding)
        kept: list[tuple[torch.Tensor, torch.Tensor]] = []
        for layer in self.layers:
            query, key, value = self.project(layer, x, rotation)
            kept.append((key, value))
            attended = [
                _within(query[at:end], key[at:end], value[at:end], lengths)
                for at, end, lengths in groups
            ]
            x = self.finish(layer, x, torch.cat(attended))
        keys = torch.stack([key for key, _ in kept]).transpose(1, 2)  # (layers, G, M, d)
        values = torch.stack([value for _, value in kept]).transpose(1, 2)
        states, at = [], 0
        for row in behind:
            own = slice(at + len(prefix), at + len(row))
            states.append(States(keys[:, :, own].contiguous(), values[:, :, own].contiguous()))
            at += len(row)
        return states


class PackedSession:
    """One question over some states: feeds tokens, gives the next token's logits."""

    def __init__(self, engine: PackedEngine, parts: Sequence[States], room: int) -> None:
        self._engine = engine
        self._filled = sum(part.length for part in parts)
        layers, groups, _, width = parts[0].keys.shape
        self._keys = parts[0].keys.new_empty(layers, groups, self._filled + room, width)
        self._values = torch.empty_like(self._keys)
        torch.cat([part.keys for part in parts], 2, out=self._keys[:, :, : self._filled])
        torch.cat([part.values for part in parts], 2, out=self._values[:, :, : self._filled])

    def feed(self, ids: Sequence[int], position: int, tap: BlockTap | None = None) -> torch.Tensor:
        """Logits (V,) behind the last of `ids`, the first of which stands at `position`."""
        engine = self._engine
        count, end = len(ids), self._filled + len(ids)
        tokens = torch.tensor(list(ids), device=engine.device)
        x = F.embedding(tokens, engine.embedding)
        rotation = engine.rotation(torch.arange(position, position + count, device=engine.device))
        scale = engine.width**-0.5
        for place, layer in enumerate(engine.layers):
            query, key, value = engine.project(layer, x, rotation)
            self._keys[place, :, self._filled : end] = key.transpose(0, 1)
            self._values[place, :, self._filled : end] = value.transpose(0, 1)
            keys, values = self._keys[place : place + 1, :, :end], self._values[place, :, :end]
            scores = grouped_scores(query.transpose(0, 1)[None], keys).mul_(scale)
            weights = causal_softmax(scores)
            if tap is not None:
                tap.take(scores[0], weights[0])
            attended = grouped_sum(weights, values[None])[0]  # (H, T, d)
            x = engine.finish(layer, x, attended.transpose(0, 1).reshape(count, -1))
        self._filled = end
        last = engine.normed(x[-1:], engine.norm)
        return F.linear(last, engine.head)[0].float()

    def value_norms(self) -> torch.Tensor:
        """Norms of all values so far, (layers, G, S)."""
        norms: torch.Tensor = self._values[:, :, : self._filled].float().norm(dim=-1)
        return norms


def rotate(x: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Rotary position embedding of (M, heads, d), the halves of d forming the pairs."""
    cosine, sine = (one.to(x.dtype) for one in rotation)
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cosine - right * sine, right * cosine + left * sine], dim=-1)


def _within(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: list[int]
) -> torch.Tensor:
    """Causal attention inside each of several runs of tokens, (M, H, d) -> (M, H*d)."""
    if len(set(lengths)) == 1:
        shape = (len(lengths), lengths[0])
        parts = [one.view(*shape, *one.shape[1:]) for one in (query, key, value)]
        return _attend(*parts).reshape(len(query), -1)
    padded = [
        torch.nn.utils.rnn.pad_sequence(list(torch.split(one, lengths)), batch_first=True)
        for one in (query, key, value)
    ]
    found = _attend(*padded)  # (N, L, H, d)
    return torch.cat([found[i, :n] for i, n in enumerate(lengths)]).flatten(1)


def _attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    return F.scaled_dot_product_attention(
        query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2),
        is_causal=True, enable_gqa=True,
    ).transpose(1, 2)  # fmt: skip


def _near_lengths(lengths: list[int]) -> list[tuple[int, int, list[int]]]:
    """Neighbours in the stream whose attention is computed at once: (first, end, lengths)."""
    groups: list[tuple[int, int, list[int]]] = []
    at, taken = 0, 0
    while taken < len(lengths):
        count = max(1, GROUP_TOKENS // lengths[taken])
        near = [n for n in lengths[taken : taken + count] if n * 5 >= lengths[taken] * 4]
        groups.append((at, at + sum(near), near))
        at, taken = at + sum(near), taken + len(near)
    return groups


def _pack(layer: Any, dtype: torch.dtype) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    parts = (attention.q_proj, attention.k_proj, attention.v_proj)
    biased = parts[0].bias is not None
    return Layer(
        layer.input_layernorm.weight.detach().to(dtype),
        torch.cat([one.weight.detach() for one in parts]).to(dtype),
        torch.cat([one.bias.detach() for one in parts]).to(dtype) if biased else None,
        attention.o_proj.weight.detach().to(dtype),
        layer.post_attention_layernorm.weight.detach().to(dtype),
        mlp.gate_proj.weight.detach().to(dtype),
        mlp.up_proj.weight.detach().to(dtype),
        mlp.down_proj.weight.detach().to(dtype),
    )
