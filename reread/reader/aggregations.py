"""From cross-attention tensors to one score per passage: the paper's G and its relatives.

Pure functions of tensors; knows no model and no strings. Reference: section 3.2 and Table 6 of
arXiv 2012.04584; `value_norm` is the post-softmax signal of Atlas, normalised by real counts.
Shapes: `scores` (layers, H, K, L) pre-softmax, `mask` (K, L) true on the tokens of a passage,
results (K,). A passage without a counted token scores 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from reread.errors import BadRequest
from reread.reading import AGGREGATIONS, check_aggregation


@dataclass(frozen=True, slots=True)
class AttentionEvidence:
    """All that one question's reading left behind, enough for every aggregation.

    The means over output tokens are taken before anything else: everything that looks beyond the
    first token is linear in them, and they are as small as one token's scores.
    """

    scores: torch.Tensor  # (layers, H, K, L) pre-softmax, at the first output token
    mean_scores: torch.Tensor  # (layers, H, K, L) pre-softmax, mean over the output tokens
    mean_weights: torch.Tensor  # (layers, H, K, L) post-softmax, mean over the output tokens
    value_norms: torch.Tensor | None  # (layers, H, K, L)
    mask: torch.Tensor  # (K, L) bool, all tokens of each segment
    question_mask: torch.Tensor  # (K, L) bool, the question's own tokens


def token_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over the last axis where `mask` is true; (..., K, L) and (K, L) -> (..., K).

    >>> token_mean(torch.tensor([[1.0, 3.0, 9.0]]), torch.tensor([[True, True, False]])).tolist()
    [2.0]
    """
    weights = mask.to(values.dtype)
    return (values * weights).sum(dim=-1) / weights.sum(dim=-1).clamp_min(1.0)


def mean_score(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """G of a batch: scores (B, layers, H, K, L), mask (B, K, L) -> (B, K)."""
    return token_mean(scores.mean(dim=(1, 2)), mask)


def mean(e: AttentionEvidence) -> torch.Tensor:
    """Table 6 (0): mean over tokens, layers and heads at the first output token.

    >>> mean(toy_evidence()).tolist()
    [2.0, 5.0]
    """
    return token_mean(e.scores.mean(dim=(0, 1)), e.mask)


def max_tokens(e: AttentionEvidence) -> torch.Tensor:
    """Table 6 (1): maximum over tokens, mean over layers and heads of these maxima.

    >>> max_tokens(toy_evidence()).tolist()
    [3.0, 5.0]
    """
    best = e.scores.masked_fill(~e.mask, float("-inf")).amax(dim=-1).mean(dim=(0, 1))  # (K,)
    return torch.where(e.mask.any(dim=-1), best, best.new_zeros(()))


def all_outputs(e: AttentionEvidence) -> torch.Tensor:
    """Table 6 (2): as `mean`, averaged over every output token.

    >>> all_outputs(toy_evidence()).tolist()
    [3.0, 6.0]
    """
    return token_mean(e.mean_scores.mean(dim=(0, 1)), e.mask)


def last_layers(e: AttentionEvidence) -> torch.Tensor:
    """Table 6 (3): as `mean`, over the last half of the layers (six of twelve in the paper).

    >>> last_layers(toy_evidence()).tolist()
    [2.5, 5.5]
    """
    half = len(e.scores) // 2
    return token_mean(e.scores[half:].mean(dim=(0, 1)), e.mask)


def max_layers(e: AttentionEvidence) -> torch.Tensor:
    """Table 6 (4): maximum over layers, mean over tokens and heads of these maxima.

    >>> max_layers(toy_evidence()).tolist()
    [2.5, 5.5]
    """
    return token_mean(e.scores.amax(dim=0).mean(dim=0), e.mask)


def max_heads(e: AttentionEvidence) -> torch.Tensor:
    """Table 6 (5): maximum over heads, mean over tokens and layers of these maxima.

    >>> max_heads(toy_evidence()).tolist()
    [2.0, 5.0]
    """
    return token_mean(e.scores.amax(dim=1).mean(dim=0), e.mask)


def without_question(e: AttentionEvidence) -> torch.Tensor:
    """As `mean`, the question's own tokens not counted (Atlas `woquery`).

    >>> without_question(toy_evidence()).tolist()
    [3.0, 5.0]
    """
    return token_mean(e.scores.mean(dim=(0, 1)), e.mask & ~e.question_mask)


def value_norm(e: AttentionEvidence) -> torch.Tensor:
    """Atlas ADist: post-softmax weight times the value's norm, summed over a passage's tokens and
    averaged over output tokens, layers and heads.

    >>> value_norm(toy_evidence()).tolist()
    [1.0, 1.0]
    """
    if e.value_norms is None:
        raise BadRequest(
            "value_norm needs the norms of the values; read with a tap that keeps them."
        )
    return ((e.mean_weights * e.value_norms).mean(dim=(0, 1)) * e.mask).sum(dim=-1)


Aggregation = Callable[[AttentionEvidence], torch.Tensor]
_BY_NAME: dict[str, Aggregation] = {
    f.__name__: f
    for f in (
        mean, max_tokens, all_outputs, last_layers, max_layers, max_heads, without_question,
        value_norm,
    )
}  # fmt: skip


def aggregate(evidence: AttentionEvidence) -> dict[str, tuple[float, ...]]:
    """Every aggregation's scores by its name.

    >>> aggregate(toy_evidence())["last_layers"]
    (2.5, 5.5)
    """
    rows = torch.stack([of(evidence) for of in _BY_NAME.values()]).tolist()  # one copy from a GPU
    return {name: tuple(row) for name, row in zip(AGGREGATIONS, rows, strict=True)}


def aggregation_named(name: str) -> Aggregation:
    """The aggregation of that name; an unknown one is a BadRequest that lists the valid ones."""
    check_aggregation(name)
    return _BY_NAME[name]


def toy_evidence() -> AttentionEvidence:
    """Two passages of two and one tokens, two layers, one head, two steps; for the examples above.

    The second layer scores one higher than the first, the second step two higher than the first.
    """
    base = torch.tensor([[1.0, 3.0], [5.0, 99.0]])  # (K, L), the last place is padding
    scores = torch.stack([base - 0.5, base + 0.5]).unsqueeze(1)  # (layers, H, K, L)
    mask = torch.tensor([[True, True], [True, False]])
    question = torch.tensor([[True, False], [False, False]])
    weights = torch.tensor([[0.25, 0.25], [0.5, 0.0]]).expand_as(scores)
    norms = torch.full_like(scores, 2.0)
    return AttentionEvidence(scores, scores + 1.0, weights, norms, mask, question)
