"""What a reader is trained on: the answer, and - where the source is known - where to look.

Pure functions of tensors. The answer's cross-entropy is the only term of the paper; the pointer and
passage losses are this project's additions for readers that start without a pretrained decoder.
Each is a sum over what counts, with its count beside it, so that micro-batches and ranks add up to
the mean over a whole step.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from trainer.reader.batches import IGNORED, ReaderBatch

FLOOR = 1e-6


def count_terms(batch: ReaderBatch) -> dict[str, int]:
    """Over how many tokens, tokens and questions the three losses of a batch are meant."""
    return {
        "answer": int((batch.labels != IGNORED).sum()),
        "pointer": int(batch.pointers.any(dim=-1).sum()),
        "passage": int(_contrasting(batch.positives, batch.present).sum()),
    }


def answer_sum(logits: torch.Tensor, labels: torch.Tensor, smoothing: float = 0.0) -> torch.Tensor:
    """Sum of the target tokens' cross-entropy; logits (B, T, V), labels (B, T)."""
    return F.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, label_smoothing=smoothing,
        reduction="sum",
    )  # fmt: skip


def pointer_sum(weights: torch.Tensor, pointers: torch.Tensor) -> torch.Tensor:
    """Sum of -log of the attention mass on the places of the token to be produced.

    `weights` (B, H, T, S) after softmax, `pointers` (B, T, S); steps whose token stands nowhere in
    the sources do not count. Heads are averaged first, so some may look elsewhere.

    >>> w = torch.tensor([[[[0.5, 0.5]], [[0.5, 0.5]]]])
    >>> round(pointer_sum(w, torch.tensor([[[True, False]]])).item(), 4)
    0.6931
    """
    mass = (weights.mean(dim=1) * pointers).sum(dim=-1)  # (B, T)
    known = pointers.any(dim=-1)
    if not known.any():
        return weights.sum() * 0.0
    return -torch.log(mass[known].clamp_min(FLOOR)).sum()


def passage_sum(
    scores: torch.Tensor, positives: torch.Tensor, present: torch.Tensor
) -> torch.Tensor:
    """Sum of -log of the share softmax(G) gives to answering passages; all (B, K), G raw.

    >>> g = torch.zeros(1, 2)
    >>> round(passage_sum(g, torch.tensor([[True, False]]), torch.ones(1, 2).bool()).item(), 4)
    0.6931
    """
    usable = _contrasting(positives, present)
    if not usable.any():
        return scores.sum() * 0.0
    scores = scores.masked_fill(~present, -1e9)[usable]
    whole = torch.logsumexp(scores, dim=-1)
    right = torch.logsumexp(scores.masked_fill(~positives[usable], -1e9), dim=-1)
    return (whole - right).sum()


def passage_loss(
    scores: torch.Tensor, owners: torch.Tensor, right: torch.Tensor
) -> tuple[torch.Tensor, float]:
    """Mean over questions of -log of the probability on right blocks, under softmax of the scores
    (N,) of a question's blocks; and the share of questions with a right block first.

    Questions with one block, or none that is right, teach nothing here.

    >>> loss, hits = passage_loss(torch.zeros(2), torch.tensor([0, 0]), torch.tensor([True, False]))
    >>> round(float(loss), 4), hits
    (0.6931, 1.0)
    """
    found, hits = [], 0
    for question in sorted(set(owners.tolist())):
        own = owners == question
        good = right[own]
        if len(good) < 2 or not good.any():
            continue
        logs = torch.log_softmax(scores[own], dim=0)
        found.append(-torch.logsumexp(logs[good], dim=0))
        hits += int(good[logs.argmax()])
    if not found:
        return scores.sum() * 0.0, 0.0
    return torch.stack(found).mean(), hits / len(found)


def _contrasting(positives: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Questions (B,) with a passage that answers and one that does not."""
    return positives.any(dim=-1) & ((~positives) & present).any(dim=-1)
