"""A Llama-shaped model over a stream of blocks and questions: answers' states, blocks' scores.

Computes what the causal reader's engines compute, with gradients: products over the whole stream
at once, attention apart for each group of blocks and for the questions. Knows weights and streams;
knows no text, no loss and no optimizer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from transformers import PreTrainedModel

from reread.errors import BadRequest
from reread.reader.causal.packed import FAMILIES, fits
from trainer.reader.causal.stream import NEVER, Stream

Rotation = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the computation must know of a model's configuration."""

    heads: int
    groups: int  # of heads that share keys and values
    width: int  # of a head
    eps: float
    theta: float


class Layer(NamedTuple):
    """One layer's weights as they compute: queries, keys and values joined, gate and up joined."""

    norm1: torch.Tensor
    qkv: torch.Tensor
    bias: torch.Tensor | None
    out: torch.Tensor
    norm2: torch.Tensor
    gate_up: torch.Tensor
    down: torch.Tensor


@dataclass(frozen=True, slots=True)
class Weights:
    """All of a model."""

    embedding: torch.Tensor
    head: torch.Tensor
    norm: torch.Tensor
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Kernels:
    """The three pieces of a layer; compiled ones may stand in for them."""

    before: Callable[..., tuple[torch.Tensor, torch.Tensor, torch.Tensor]]
    attend: Callable[..., torch.Tensor]
    behind: Callable[..., torch.Tensor]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`states` (B * T, D) behind the last norm; `mean` and `summed` (layers, N, H): each block's
    scores from its question's asking token, averaged over its tokens and as log-sum-exp."""

    states: torch.Tensor
    mean: torch.Tensor
    summed: torch.Tensor


def shape_of(model: PreTrainedModel) -> Shape:
    """BadRequest where the model is none that this computes exactly."""
    config = model.config
    if not fits(config):
        raise BadRequest(
            f"Training knows models shaped like {', '.join(FAMILIES)} and this is a "
            f"{config.model_type}; tune one of those, or use this one untuned."
        )
    heads = int(config.num_attention_heads)
    return Shape(
        heads,
        int(config.num_key_value_heads),
        int(getattr(config, "head_dim", None) or config.hidden_size // heads),
        float(config.rms_norm_eps),
        float(config.rope_parameters["rope_theta"]),
    )


def plain_kernels() -> Kernels:
    """The pieces as they stand below."""
    return Kernels(project, attend, finish)


def compiled_kernels() -> Kernels:
    """The pieces through torch.compile, for any length of stream."""
    plain = plain_kernels()
    return replace(
        plain,
        before=torch.compile(plain.before, dynamic=True),
        attend=torch.compile(plain.attend, dynamic=True),
        behind=torch.compile(plain.behind, dynamic=True),
    )


def forward(
    weights: Weights, shape: Shape, stream: Stream, kernels: Kernels | None = None
) -> Outcome:
    """Run the stream through all layers."""
    pieces = kernels or plain_kernels()
    rotation = rotation_of(stream.positions, shape)
    x = F.embedding(stream.ids, weights.embedding)
    sizes = [group.rows * group.length for group in stream.groups]
    sizes.append(stream.questions * stream.length)
    means, sums = [], []
    for layer in weights.layers:
        query, key, value = pieces.before(x, layer, rotation, shape)
        queries, keys, values = (torch.split(one, sizes) for one in (query, key, value))
        asking = queries[-1][stream.asks]  # (B, H, d)
        attended = []
        for at, group in enumerate(stream.groups):
            rows = [
                one[at].view(group.rows, group.length, *one[at].shape[1:])
                for one in (queries, keys, values)
            ]
            attended.append(pieces.attend(*rows, group.causal, shape.width**-0.5))
            mean, summed = block_scores(
                _repeated(asking, group.owners), rows[1], group.own, shape.width**-0.5
            )
            means.append(mean)
            sums.append(summed)
        own = queries[-1].view(stream.questions, stream.length, *query.shape[1:])
        attended.append(
            pieces.attend(own, key[stream.seen], value[stream.seen], stream.mask, shape.width**-0.5)
        )
        x = pieces.behind(x, torch.cat(attended), layer, shape)
    states = normed(x[sum(sizes[:-1]) :], weights.norm, shape.eps)
    count = len(stream.groups)
    return Outcome(
        states,
        _by_block(means, count, stream.order),
        _by_block(sums, count, stream.order),
    )


def project(
    x: torch.Tensor, layer: Layer, rotation: Rotation, shape: Shape
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rotated queries (M, H, d) and keys (M, G, d), and values (M, G, d) of a stream (M, D)."""
    joined = F.linear(normed(x, layer.norm1, shape.eps), layer.qkv, layer.bias)
    inner, shared = shape.heads * shape.width, shape.groups * shape.width
    query, key, value = torch.split(joined, [inner, shared, shared], dim=-1)
    return (
        rotate(query.view(-1, shape.heads, shape.width), rotation),
        rotate(key.view(-1, shape.groups, shape.width), rotation),
        value.view(-1, shape.groups, shape.width),
    )


def attend(
    query: torch.Tensor,  # (n, T, H, d)
    key: torch.Tensor,  # (n, S, G, d)
    value: torch.Tensor,  # (n, S, G, d)
    mask: torch.Tensor,  # broadcast to (n, H, T, S), added
    scale: float,
) -> torch.Tensor:
    """Attention of heads in groups that share keys and values, (n * T, H * d)."""
    count, rows, heads, width = query.shape
    columns, groups = key.shape[1:3]
    share = heads // groups
    asked = query.view(count, rows, groups, share, width).permute(0, 2, 3, 1, 4)
    asked = asked.reshape(count * groups, share * rows, width)
    held = key.permute(0, 2, 3, 1).reshape(count * groups, width, columns)
    scores = (asked @ held).float().view(count, heads, rows, columns) * scale + mask
    chances = torch.softmax(scores, dim=-1).to(value.dtype)
    carried = value.permute(0, 2, 1, 3).reshape(count * groups, columns, width)
    found = chances.view(count * groups, share * rows, columns) @ carried
    found = found.view(count, groups, share, rows, width).permute(0, 3, 1, 2, 4)
    return found.reshape(count * rows, heads * width)


def finish(x: torch.Tensor, attended: torch.Tensor, layer: Layer, shape: Shape) -> torch.Tensor:
    """The stream after a layer: attention's output and the feed-forward added."""
    x = x + F.linear(attended, layer.out)
    gate, up = F.linear(normed(x, layer.norm2, shape.eps), layer.gate_up).chunk(2, dim=-1)
    return x + F.linear((F.silu(gate.float()) * up.float()).to(x.dtype), layer.down)


def block_scores(
    asking: torch.Tensor, key: torch.Tensor, own: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scaled q.k of each row's asking token (n, H, d) with its block's keys (n, L, G, d), over the
    block's own tokens: the mean and the log-sum-exp, (n, H) each."""
    count, heads, width = asking.shape
    length, groups = key.shape[1:3]
    joined = asking.view(count, groups, heads // groups, width)
    scores = (joined @ key.permute(0, 2, 3, 1)).float().reshape(count, heads, length) * scale
    mean = (scores * own[:, None]).sum(-1) / own.sum(1)[:, None]
    return mean, torch.logsumexp(scores.masked_fill(~own[:, None], NEVER), dim=-1)


def normed(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """RMS norm in float32, (M, D)."""
    wide = x.float()
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps) * weight).to(x.dtype)


def rotation_of(positions: torch.Tensor, shape: Shape) -> Rotation:
    """Cosines and sines of positions (M,): (M, 1, d/2) each, float32."""
    steps = torch.arange(0, shape.width, 2, dtype=torch.float32, device=positions.device)
    angles = positions.float()[:, None] * shape.theta ** -(steps / shape.width)
    return angles.cos()[:, None], angles.sin()[:, None]


def rotate(x: torch.Tensor, rotation: Rotation) -> torch.Tensor:
    """Rotary position embedding of (M, heads, d) in float32, the halves of d forming the pairs."""
    cosine, sine = rotation
    left, right = x.float().chunk(2, dim=-1)
    turned = torch.cat([left * cosine - right * sine, right * cosine + left * sine], dim=-1)
    return turned.to(x.dtype)


def _repeated(asking: torch.Tensor, owners: torch.Tensor) -> torch.Tensor:
    """asking[owners] as a product, whose gradient is summed in the same order every time."""
    chosen = F.one_hot(owners, len(asking)).to(asking.dtype)
    repeated: torch.Tensor = (chosen @ asking.flatten(1)).view(-1, *asking.shape[1:])
    return repeated


def _by_block(parts: list[torch.Tensor], groups: int, order: torch.Tensor) -> torch.Tensor:
    """Parts in order of layer, then group -> (layers, N, H) in the blocks' own order."""
    layers = [torch.cat(parts[at : at + groups]) for at in range(0, len(parts), groups)]
    return torch.stack(layers)[:, torch.argsort(order)]
