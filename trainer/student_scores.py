"""The student's scores of a batch: every different text embedded once, with gradient.

Knows a retriever and batches of token ids; knows no objective, no teacher and no optimiser.
"""

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from reread.retriever import DenseRetriever
from trainer.batches import Batch, pad_by_length
from trainer.settings import DistilSettings

UNIT_TEMPERATURE = 0.05  # cosines differ by tenths: over sqrt(d) their softmax would be flat
TOKENS_AT_ONCE = 4096  # per encoder call; larger ones fall out of a CPU's cache
TOKENS_KEPT = 32_768  # of one batch: some gigabytes of a small encoder's activations


def score(
    retriever: DenseRetriever, batch: Batch, temperature: float, *, tokens_kept: int = TOKENS_KEPT
) -> Tensor:
    """S(q, p) of every question with its passages, with gradient; padding scores are 0.

    Of a batch with more than `tokens_kept` tokens no activations are kept: they are computed again
    in the backward pass, with the same dropout.
    """
    tokens = sum(len(ids) for ids in batch.questions) + sum(len(ids) for ids in batch.passages)
    recompute = tokens > tokens_kept
    questions = _embed(retriever, batch.questions, recompute=recompute)  # (B, D)
    passages = _embed(retriever, batch.passages, recompute=recompute)  # (P, D)
    own = passages[batch.places.to(passages.device)]  # (B, K, D)
    scores = torch.einsum("bd,bkd->bk", questions, own) / temperature  # (B, K)
    return scores.masked_fill(~batch.mask.to(scores.device), 0.0)


def _embed(retriever: DenseRetriever, texts: list[list[int]], *, recompute: bool) -> Tensor:
    places: list[int] = []
    pieces: list[Tensor] = []
    pad_id = retriever.tokenizer.pad_token_id or 0
    for chunk, ids, mask in pad_by_length(texts, pad_id=pad_id, tokens_at_once=TOKENS_AT_ONCE):
        ids, mask = ids.to(retriever.device), mask.to(retriever.device)
        places += chunk
        if recompute and torch.is_grad_enabled():
            pieces.append(checkpoint(retriever.embed, ids, mask, use_reentrant=False))
        else:
            pieces.append(retriever.embed(ids, mask))
    back = torch.empty(len(places), dtype=torch.int64)
    back[torch.tensor(places)] = torch.arange(len(places))
    stacked = torch.cat(pieces)
    return stacked[back.to(stacked.device)]  # (N, D), in the order given


def student_temperature(retriever: DenseRetriever, settings: DistilSettings) -> float:
    """What inner products are divided by: T for unit vectors, T * sqrt(d) otherwise."""
    if retriever.settings.normalize:
        return settings.student_temperature or UNIT_TEMPERATURE
    return float((settings.student_temperature or 1.0) * retriever.dimension**0.5)
