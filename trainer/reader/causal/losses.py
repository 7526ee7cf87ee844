"""What a causal reader learns from: answers word by word, and the right passage by its scores.

Knows outcomes and streams; knows no weights beyond the vocabulary's. Formulas: docs/fid.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from trainer.reader.causal.forward import Outcome
from trainer.reader.causal.settings import CausalTraining
from trainer.reader.causal.stream import Stream
from trainer.reader.losses import passage_loss


@dataclass(frozen=True, slots=True)
class Losses:
    """`total` is what is learnt; `hits`: share whose right passage is first
    by the scores that weigh each head."""

    total: torch.Tensor
    answer: torch.Tensor
    passage: torch.Tensor
    heads: torch.Tensor
    hits: float


def losses(
    outcome: Outcome,
    stream: Stream,
    head: torch.Tensor,
    heads: torch.Tensor,
    training: CausalTraining,
) -> Losses:
    """All of a step's losses; `head` (V, D) gives logits, `heads` (2, layers, H) weighs heads."""
    answer = answer_loss(outcome.states, stream, head)
    scores = outcome.mean.mean(dim=(0, 2))  # (N,) over layers and heads
    by_mean, _ = passage_loss(scores, stream.owners, stream.right)
    by_heads, hits = passage_loss(weighed(outcome, heads), stream.owners, stream.right)
    total = answer + training.passage_weight * by_mean + training.heads_weight * by_heads
    return Losses(total, answer, by_mean, by_heads, hits)


def weighed(outcome: Outcome, heads: torch.Tensor) -> torch.Tensor:
    """A score for each block (N,): means and log-sum-exps of all heads, each with its weight."""
    mean, summed = heads[:, :, None]
    scores: torch.Tensor = (outcome.mean * mean + outcome.summed * summed).sum(dim=(0, 2))
    return scores


def answer_loss(states: torch.Tensor, stream: Stream, head: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the answers' tokens, each weighted by one over the root of its answer's
    length: a long list must not drown ten short answers."""
    logits = F.linear(states[stream.predicts], head).float()
    each = F.cross_entropy(logits, stream.targets, reduction="none")
    return (each * stream.weights).sum() / stream.weights.sum()
