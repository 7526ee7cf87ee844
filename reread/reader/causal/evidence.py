"""One question's attention over blocks, laid out by passage and token as the aggregations want it.

Knows taps, lengths and shapes; knows no model and no text.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from reread.errors import BadRequest
from reread.reader.aggregations import AttentionEvidence, token_mean
from reread.reader.causal.attention import BlockTap
from reread.reader.confidence import HeadWeights


class Gathering:
    """The first step's scores, and running means over all steps; `columns` leaves the rest out."""

    def __init__(self, prefix: int, lengths: Sequence[int]) -> None:
        self._prefix = prefix
        self._lengths = list(lengths)
        self._first: torch.Tensor | None = None
        self._scores: torch.Tensor | None = None
        self._weights: torch.Tensor | None = None
        self._steps = 0

    def add(self, tap: BlockTap) -> None:
        """One step's attention; only what lies on blocks is kept."""
        own = slice(self._prefix, self._prefix + sum(self._lengths))
        scores = torch.stack([one[:, own] for one in tap.scores])  # (layers, H, S)
        weights = torch.stack([one[:, own] for one in tap.weights])
        self._steps += 1
        if self._first is None:
            self._first, self._scores, self._weights = scores, scores, weights
            return
        assert self._scores is not None and self._weights is not None
        self._scores, self._weights = self._scores + scores, self._weights + weights

    def evidence(self, norms: torch.Tensor) -> AttentionEvidence:
        """Everything as (layers, H, K, L); `norms` (layers, G, S) are of all values so far."""
        assert self._first is not None and self._scores is not None and self._weights is not None
        mask, index = block_places(self._lengths)
        place = self._first.device
        index = index.to(place)
        heads = self._first.shape[1]
        own = norms[:, :, self._prefix : self._prefix + sum(self._lengths)]
        spread = own.repeat_interleave(heads // own.shape[1], dim=1)  # (layers, H, S)
        return AttentionEvidence(
            self._first[..., index],
            (self._scores / self._steps)[..., index],
            (self._weights / self._steps)[..., index],
            spread[..., index],
            mask.to(place),
            torch.zeros_like(mask).to(place),
        )


def weigh_heads(evidence: AttentionEvidence, weights: HeadWeights) -> tuple[float, ...]:
    """G of every passage by the heads that a reader learnt to trust, (K,).

    BadRequest where the weights are of another number of layers or heads.
    """
    shape = (len(weights.means), len(weights.means[0]))
    if shape != tuple(evidence.scores.shape[:2]):
        raise BadRequest(
            f"The reader's head weights are of {shape[0]} layers of {shape[1]} heads and it has "
            f"{evidence.scores.shape[0]} of {evidence.scores.shape[1]}; remove its reader.json."
        )
    scores = evidence.scores  # (layers, H, K, L)
    means = token_mean(scores, evidence.mask)  # (layers, H, K)
    masses = torch.logsumexp(scores.masked_fill(~evidence.mask, float("-inf")), dim=-1)
    place = scores.device
    by_mean = torch.tensor(weights.means, device=place)[..., None]
    by_mass = torch.tensor(weights.masses, device=place)[..., None]
    return tuple((by_mean * means + by_mass * masses).sum(dim=(0, 1)).tolist())


def block_places(lengths: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """(K, L) each: which places hold a token, and where it stands among all blocks' tokens.

    >>> [one.tolist() for one in block_places([2, 1])]
    [[[True, True], [True, False]], [[0, 1], [2, 0]]]
    """
    counts = torch.tensor(list(lengths))
    place = torch.arange(int(counts.max()))
    mask = place[None, :] < counts[:, None]
    starts = torch.cumsum(counts, 0) - counts
    return mask, (starts[:, None] + place[None, :]) * mask
