"""The student's scores of a batch: every different text embedded once, with gradient.

Knows a retriever and batches of token ids; knows no objective, no teacher and no optimizer.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from reread.compute.padding import pad_by_length
from reread.retriever.retriever import DenseRetriever
from trainer.settings import DistilSettings
from trainer.student.batches import Batch, TokenIds

UNIT_TEMPERATURE = 0.05  # cosines differ by tenths: over sqrt(d) their softmax would be flat
LATE_TEMPERATURE = 0.04  # their mean over the question's tokens differs by less
TOKENS_AT_ONCE = 4096  # per encoder call; larger ones fall out of a CPU's cache
TOKENS_KEPT = 32_768  # of one batch: some gigabytes of a small encoder's activations

Places = list[int]  # of a chunk's texts among all


def score(
    retriever: DenseRetriever, batch: Batch, temperature: float, *, tokens_kept: int = TOKENS_KEPT
) -> tuple[Tensor, ...]:
    """What `score_all` gives, of every question's own passages (B, K); of padding 0."""
    everything = score_all(retriever, batch, temperature, tokens_kept=tokens_kept)
    return tuple(own_scores(one, batch) for one in everything)


def own_scores(scores: Tensor, batch: Batch) -> Tensor:
    """(B, P) -> (B, K) with 0 for padding."""
    return _mask(scores.gather(1, batch.places.to(scores.device)), batch)


def score_all(
    retriever: DenseRetriever, batch: Batch, temperature: float, *, tokens_kept: int = TOKENS_KEPT
) -> tuple[Tensor, ...]:
    """The scores (B, P) of every question with every passage of the batch, with gradient.

    One tensor for single vectors: S(q, p) over the temperature. Late interaction has two: its own
    over the temperature, and S(q, p) of the pooled vectors, since these choose the passages that
    are compared token by token. Of a batch with more than `tokens_kept` tokens no activations are
    kept: they are computed again in the backward pass, with the same dropout.
    """
    tokens = sum(len(ids) for ids in batch.questions) + sum(len(ids) for ids in batch.passages)
    recompute = tokens > tokens_kept and torch.is_grad_enabled()
    if retriever.interaction.by_token:
        return _score_late(retriever, batch, temperature, recompute=recompute)
    embed = retriever.embed
    questions, passages = (
        _restore((places, made) for places, made, _ in _embed(retriever, texts, embed, recompute))
        for texts in (batch.questions, batch.passages)
    )  # (B, D), (P, D)
    return (questions @ passages.T / temperature,)


def count_scores(retriever: DenseRetriever) -> int:
    """How many tensors `score` gives."""
    return 2 if retriever.interaction.by_token else 1


def count_agreements(student: Tensor, teacher: Tensor, mask: Tensor) -> int:
    """Questions whose best passage is the same for both; (B, K) each."""
    floor = torch.finfo(student.dtype).min
    best = [scores.masked_fill(~mask, floor).argmax(dim=1) for scores in (student, teacher)]
    return int((best[0] == best[1]).sum())


def _score_late(
    retriever: DenseRetriever, batch: Batch, temperature: float, *, recompute: bool
) -> tuple[Tensor, Tensor]:
    embed = retriever.embed_tokens
    asked = list(_embed(retriever, batch.questions, embed, recompute))
    questions = _restore((places, pooled) for places, (pooled, _), _ in asked)  # (B, D)
    vectors = torch.cat([tokens[mask.bool()] for _, (_, tokens), mask in asked])  # (S, D)
    owners = _owners(asked, vectors.device)  # (S,)
    best: list[tuple[Places, Tensor]] = []
    pooled: list[tuple[Places, Tensor]] = []
    for places, (vector, tokens), mask in _embed(retriever, batch.passages, embed, recompute):
        alike = torch.einsum("sd,ptd->pst", vectors, tokens)
        alike = alike.masked_fill(~mask.bool().unsqueeze(1), -torch.inf)
        best.append((places, alike.max(dim=-1).values))  # (p, S)
        pooled.append((places, vector))
    per_token = _restore(best).T  # (S, P)
    sums = per_token.new_zeros(len(questions), per_token.shape[1])
    sums = sums.index_add(0, owners, per_token)  # (B, P)
    means = sums / torch.bincount(owners, minlength=len(questions)).unsqueeze(1)
    single = questions @ _restore(pooled).T / _pooled_temperature(retriever)  # (B, P)
    return means / temperature, single


def _mask(scores: Tensor, batch: Batch) -> Tensor:
    return scores.masked_fill(~batch.mask.to(scores.device), 0.0)


def _owners(asked: Iterable[tuple[Places, Any, Tensor]], device: torch.device) -> Tensor:
    """(S,) which question each of the tokens belongs to, chunk by chunk."""
    owners = [
        torch.tensor(places).repeat_interleave(mask.sum(1).cpu()) for places, _, mask in asked
    ]
    return torch.cat(owners).to(device)


def _embed(
    retriever: DenseRetriever,
    texts: list[TokenIds],
    embed: Callable[[Tensor, Tensor], Any],
    recompute: bool,
) -> Iterator[tuple[Places, Any, Tensor]]:
    """Chunk by chunk: places, what `embed` made of the chunk, and its mask."""
    pad_id = retriever.tokenizer.pad_token_id or 0
    for chunk, ids, mask in pad_by_length(texts, pad_id, TOKENS_AT_ONCE):
        ids, mask = ids.to(retriever.device), mask.to(retriever.device)
        if recompute:
            yield chunk, checkpoint(embed, ids, mask, use_reentrant=False), mask
        else:
            yield chunk, embed(ids, mask), mask


def _restore(chunks: Iterable[tuple[Places, Tensor]]) -> Tensor:
    """The chunks' rows as one tensor, in the order of their places."""
    pairs = list(chunks)
    places = [place for chunk, _ in pairs for place in chunk]
    back = torch.empty(len(places), dtype=torch.int64)
    back[torch.tensor(places)] = torch.arange(len(places))
    stacked = torch.cat([rows for _, rows in pairs])
    return stacked[back.to(stacked.device)]


def student_temperature(retriever: DenseRetriever, settings: DistilSettings) -> float:
    """What the student's own scores are divided by, unless the settings say so.

    Inner products: T for unit vectors, T * sqrt(d) otherwise. Late interaction compares cosines
    whatever the pooled vectors are.
    """
    if retriever.interaction.by_token:
        return settings.student_temperature or LATE_TEMPERATURE
    if retriever.settings.normalize:
        return settings.student_temperature or UNIT_TEMPERATURE
    return float((settings.student_temperature or 1.0) * retriever.dimension**0.5)


def _pooled_temperature(retriever: DenseRetriever) -> float:
    return UNIT_TEMPERATURE if retriever.settings.normalize else float(retriever.dimension**0.5)
