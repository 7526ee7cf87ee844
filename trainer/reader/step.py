"""One step of reader training: forward and backward over a step's micro-batches, on every rank.

Knows the model, its losses and how they are weighted against each other; knows no optimizer and no
files. Section 3.1 of arXiv 2012.04584 for the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields

import torch
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from reread.compute.precision import autocast
from reread.reader.aggregations import mean_score
from reread.reader.fusion import CrossAttentionTap, decode_step, encode_segments, token_logits
from trainer.reader.batches import ReaderBatch
from trainer.reader.distributed import ALONE, Ranks
from trainer.reader.losses import answer_sum, count_terms, passage_sum, pointer_sum
from trainer.reader.settings import ReaderTraining

TERMS = ("answer", "pointer", "passage")
ROWS = 32  # segments per encoder call: better than 12 on two cores, no different on one


def backward_step(
    model: PreTrainedModel,
    batches: Sequence[ReaderBatch],
    settings: ReaderTraining,
    ranks: Ranks = ALONE,
) -> dict[str, float]:
    """Add the gradient of one step's mean losses to the weights; returns this rank's part of them.

    Every term is a mean over all that counts in the whole step: over the micro-batches and the
    ranks, so cutting a step differently changes nothing but rounding. The gradients are still to be
    summed over the ranks.
    """
    weights = term_weights(settings)
    counts = step_counts(batches, weights, model.device, ranks)
    told = dict.fromkeys(weights, 0.0)
    for batch in batches:
        with autocast(model.device, settings.bf16):
            sums = reader_sums(
                model, to_device(batch, model.device), smoothing=settings.smoothing,
                terms=tuple(weights), checkpointing=settings.checkpointing,
            )  # fmt: skip
        terms = [weights[name] * sums[name] / max(1, counts[name]) for name in weights]
        torch.autograd.backward(torch.stack(terms).sum())
        for name in weights:
            told[name] += float(sums[name].detach()) / max(1, counts[name])
    return told


def term_weights(settings: ReaderTraining) -> dict[str, float]:
    """The terms that are trained on; those of weight 0 are not even computed."""
    weights = (1.0, settings.pointer_weight, settings.passage_weight)
    return {name: weight for name, weight in zip(TERMS, weights, strict=True) if weight}


def step_counts(
    batches: Sequence[ReaderBatch], terms: Mapping[str, float], device: torch.device, ranks: Ranks
) -> dict[str, int]:
    """What each term's sum is divided by: its counts over all micro-batches and ranks."""
    counts = [count_terms(batch) for batch in batches]
    own = [sum(one[name] for one in counts) for name in terms]
    whole = ranks.sum(torch.tensor(own, device=device)).tolist()
    return dict(zip(terms, whole, strict=True))


def reader_losses(
    model: PreTrainedModel, batch: ReaderBatch, *, smoothing: float = 0.0
) -> dict[str, torch.Tensor]:
    """The mean losses of one batch alone: `answer`, `pointer`, `passage`."""
    counts = count_terms(batch)
    sums = reader_sums(model, to_device(batch, model.device), smoothing=smoothing)
    return {name: value / max(1, counts[name]) for name, value in sums.items()}


def reader_sums(
    model: PreTrainedModel,
    batch: ReaderBatch,
    *,
    smoothing: float = 0.0,
    terms: Sequence[str] = TERMS,
    checkpointing: bool = False,
) -> dict[str, torch.Tensor]:
    """The losses of one batch as sums; the batch stands on the model's device."""
    count, width, length = batch.input_ids.shape
    ids, mask = batch.input_ids.flatten(0, 1), batch.attention_mask.flatten(0, 1)
    states = encode_by_length(model, ids, mask, checkpointing=checkpointing)  # (B * K, L, d)
    fused = states.view(count, width * length, -1)
    tap = CrossAttentionTap(model) if len(terms) > 1 else None
    hidden = decode_step(
        model, batch.decoder_ids, fused, batch.attention_mask.flatten(1), tap=tap
    )  # (B, T, d)
    sums = {
        "answer": answer_sum(token_logits(model, hidden).float(), batch.labels, smoothing),
    }
    if tap is not None and "pointer" in terms:
        sums["pointer"] = pointer_sum(tap.weights[max(tap.weights)].float(), batch.pointers)
    if tap is not None and "passage" in terms:
        first = tap.stacked_scores()[:, :, :, 0].float()  # (B, layers, H, S)
        by_passage = first.view(*first.shape[:3], width, length)
        scores = mean_score(by_passage, batch.attention_mask.bool())
        sums["passage"] = passage_sum(scores, batch.positives, batch.present)
    return sums


def encode_by_length(
    model: PreTrainedModel,
    ids: torch.Tensor,
    mask: torch.Tensor,
    rows: int = ROWS,
    *,
    checkpointing: bool = False,
) -> torch.Tensor:
    """Encode (N, L) ids in groups of near-equal length; empty rows give zeros.

    Same result as one padded call, without computing on most of the padding. With `checkpointing` a
    group keeps only its states and is encoded again, same dropout, in the backward pass: at most
    one group's activations are in memory.
    """
    lengths = mask.sum(dim=1)
    order = torch.argsort(lengths, descending=True)
    falling = lengths[order].tolist()  # once: every look at a GPU's numbers waits for it
    used = sum(length > 0 for length in falling)
    parts = []
    for start in range(0, used, rows):
        chunk, longest = order[start : min(start + rows, used)], falling[start]
        inputs = (model, ids[chunk, :longest], mask[chunk, :longest])
        if checkpointing:
            states = checkpoint(encode_segments, *inputs, use_reentrant=False)
        else:
            states = encode_segments(*inputs)
        parts.append(F.pad(states, (0, 0, 0, ids.shape[1] - longest)))
    joined = torch.cat(parts)
    empty = joined.new_zeros(len(order) - used, *joined.shape[1:])
    return torch.cat([joined, empty])[torch.argsort(order)]


def to_device(batch: ReaderBatch, device: torch.device) -> ReaderBatch:
    """The same batch where the model is."""
    return ReaderBatch(
        *(getattr(batch, one.name).to(device, non_blocking=True) for one in fields(batch))
    )


def seed_step(seed: int, step: int, rank: int) -> None:
    """Draw one step's dropout from (seed, step, rank) alone: no generator's state need be kept."""
    digest = hashlib.sha256(f"{seed}/{step}/{rank}".encode()).digest()
    torch.manual_seed(int.from_bytes(digest[:8], "big") >> 1)
