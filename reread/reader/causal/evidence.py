"""One question's attention over blocks, laid out by passage and token as the aggregations want it.

Knows taps, lengths and shapes; knows no model and no text.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from reread.reader.aggregations import AttentionEvidence
from reread.reader.causal.attention import BlockTap


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
