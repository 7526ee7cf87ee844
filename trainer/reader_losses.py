"""What a reader is trained on: the answer, and - where the source is known - where to look.

Pure functions of tensors. The answer's cross-entropy is the only term of the paper; `pointer_loss`
and `passage_loss` are this project's additions for readers that start without a pretrained decoder.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from trainer.reader_batches import IGNORED

FLOOR = 1e-6


def answer_loss(logits: torch.Tensor, labels: torch.Tensor, smoothing: float = 0.0) -> torch.Tensor:
    """Mean cross-entropy of the target tokens; logits (B, T, V), labels (B, T)."""
    return F.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, label_smoothing=smoothing
    )


def pointer_loss(weights: torch.Tensor, pointers: torch.Tensor) -> torch.Tensor:
    """-log of the attention mass on the places of the token to be produced.

    `weights` (B, H, T, S) after softmax, `pointers` (B, T, S); steps whose token stands nowhere in
    the sources do not count. Heads are averaged first, so some may look elsewhere.

    >>> w = torch.tensor([[[[0.5, 0.5]], [[0.5, 0.5]]]])
    >>> round(pointer_loss(w, torch.tensor([[[True, False]]])).item(), 4)
    0.6931
    """
    mass = (weights.mean(dim=1) * pointers).sum(dim=-1)  # (B, T)
    known = pointers.any(dim=-1)
    if not known.any():
        return weights.sum() * 0.0
    return -torch.log(mass[known].clamp_min(FLOOR)).mean()


def passage_loss(
    scores: torch.Tensor, positives: torch.Tensor, present: torch.Tensor
) -> torch.Tensor:
    """-log of the share softmax(G) gives to answering passages; all (B, K), G before softmax.

    >>> g = torch.zeros(1, 2)
    >>> round(passage_loss(g, torch.tensor([[True, False]]), torch.ones(1, 2).bool()).item(), 4)
    0.6931
    """
    usable = positives.any(dim=-1) & ((~positives) & present).any(dim=-1)
    if not usable.any():
        return scores.sum() * 0.0
    scores = scores.masked_fill(~present, -1e9)[usable]
    whole = torch.logsumexp(scores, dim=-1)
    right = torch.logsumexp(scores.masked_fill(~positives[usable], -1e9), dim=-1)
    return (whole - right).mean()
