"""Train a Fusion-in-Decoder reader: a plain loop over batches, with resumable checkpoints.

Knows the model, the losses and the optimiser; knows nothing about files of questions, retrieval or
the service. Section 3.1 of arXiv 2012.04584 for the model; Table 7 for the paper's settings.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.nn import functional as F
from transformers import PreTrainedModel

from reread.attention import mean_score
from reread.fusion import CrossAttentionTap, decode_step, encode_segments, token_logits
from trainer.reader_batches import ReaderBatch
from trainer.reader_losses import answer_loss, passage_loss, pointer_loss


@dataclass(frozen=True, slots=True)
class ReaderTraining:
    """How one stage of reader training goes."""

    steps: int
    learning_rate: float = 5e-4  # decoder
    encoder_learning_rate: float = 2e-4
    warmup_steps: int = 40
    final_share: float = 0.0  # the rate ends at this share of its peak
    weight_decay: float = 0.01
    clip: float = 1.0
    pointer_weight: float = 1.0  # 0 turns the two extra terms off: the paper's training
    passage_weight: float = 1.0
    smoothing: float = 0.0
    freeze_embeddings: bool = True
    freeze_encoder_layers: int = 0
    bf16: bool = False  # autocast: bfloat16 products, float32 weights, losses and scores
    log_every: int = 20
    save_every: int = 200


def reader_losses(
    model: PreTrainedModel, batch: ReaderBatch, *, smoothing: float = 0.0
) -> dict[str, torch.Tensor]:
    """The three losses of one batch: `answer`, `pointer`, `passage`."""
    count, width, length = batch.input_ids.shape
    ids, mask = batch.input_ids.flatten(0, 1), batch.attention_mask.flatten(0, 1)
    states = encode_by_length(model, ids, mask)  # (B * K, L, d)
    fused = states.view(count, width * length, -1)
    tap = CrossAttentionTap(model)
    hidden = decode_step(
        model, batch.decoder_ids, fused, batch.attention_mask.flatten(1), tap=tap
    )  # (B, T, d)
    first = tap.stacked_scores()[:, :, :, 0].float()  # (B, layers, H, S)
    scores = mean_score(first.view(*first.shape[:3], width, length), batch.attention_mask.bool())
    last = max(tap.weights)
    return {
        "answer": answer_loss(token_logits(model, hidden).float(), batch.labels, smoothing),
        "pointer": pointer_loss(tap.weights[last].float(), batch.pointers),
        "passage": passage_loss(scores, batch.positives, batch.present),
    }


def encode_by_length(
    model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor, rows: int = 12
) -> torch.Tensor:
    """Encode (N, L) ids in groups of near-equal length; empty rows give zeros.

    Same result as one padded call, without computing on most of the padding.
    """
    lengths = mask.sum(dim=1)
    order = torch.argsort(lengths, descending=True)
    used = order[: int((lengths > 0).sum())]
    parts = []
    for chunk in used.split(rows):
        longest = int(lengths[chunk[0]])
        states = encode_segments(model, ids[chunk, :longest], mask[chunk, :longest])
        parts.append(F.pad(states, (0, 0, 0, ids.shape[1] - longest)))
    joined = torch.cat(parts)
    empty = joined.new_zeros(len(order) - len(used), *joined.shape[1:])
    return torch.cat([joined, empty])[torch.argsort(order)]


def make_optimizer(model: PreTrainedModel, settings: ReaderTraining) -> torch.optim.AdamW:
    """AdamW with one rate for the encoder and one for the rest; biases and norms do not decay."""
    encoder = {id(p) for p in model.get_encoder().parameters()}
    embeddings = model.get_input_embeddings().weight
    embeddings.requires_grad_(not settings.freeze_embeddings)
    freeze_lower_layers(model, settings.freeze_encoder_layers)
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in encoder, parameter.dim() > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": settings.encoder_learning_rate if inside else settings.learning_rate,
                "weight_decay": settings.weight_decay if matrix else 0.0,
            }
            for (inside, matrix), parameters in groups.items()
        ],
        betas=(0.9, 0.98),
        fused=True,
    )


def freeze_lower_layers(model: PreTrainedModel, count: int) -> None:
    """Keep the first `count` encoder layers as they are; saves their backward pass."""
    encoder = model.get_encoder()
    layers = encoder.block if hasattr(encoder, "block") else encoder.layers
    for layer in layers[:count]:
        layer.requires_grad_(False)


def rate_at(step: int, settings: ReaderTraining) -> float:
    """Linear warm-up, then linear fall to `final_share`; a factor on the peak rate."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    left = (settings.steps - step) / max(1, settings.steps - settings.warmup_steps)
    return settings.final_share + (1.0 - settings.final_share) * max(0.0, left)


def train_reader(
    model: PreTrainedModel,
    batches: Iterator[ReaderBatch],
    settings: ReaderTraining,
    *,
    folder: Path,
    report: Callable[[dict[str, float]], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run one stage; writes weights as safetensors and the step they belong to into `folder`.

    Interrupted runs start again from the last saved weights with the remaining steps; the optimiser
    state is not kept (its moments are rebuilt within the warm-up).
    """
    start = saved_step(folder)
    optimizer = make_optimizer(model, settings)
    peaks = [group["lr"] for group in optimizer.param_groups]
    model.train()
    sums: dict[str, float] = {}
    began = clock()
    for step in range(start, settings.steps):
        factor = rate_at(step, settings) * min(1.0, (step - start + 1) / settings.warmup_steps)
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * factor
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bf16):
            losses = reader_losses(model, next(batches), smoothing=settings.smoothing)
        total = (
            losses["answer"]
            + settings.pointer_weight * losses["pointer"]
            + settings.passage_weight * losses["passage"]
        )
        total.backward()
        torch.nn.utils.clip_grad_norm_(
            [p for g in optimizer.param_groups for p in g["params"]], settings.clip
        )
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if (step + 1) % settings.log_every == 0:
            means = {k: v / settings.log_every for k, v in sums.items()}
            report({"step": step + 1, "seconds": clock() - began, **means})
            sums = {}
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            save_progress(model, folder, step + 1, settings)
    model.eval()


def save_progress(
    model: PreTrainedModel, folder: Path, step: int, settings: ReaderTraining
) -> None:
    """Weights first, then the step that they belong to."""
    model.save_pretrained(folder)
    state = {"step": step, "settings": asdict(settings)}
    (folder / "progress.json").write_text(json.dumps(state, indent=1))


def saved_step(folder: Path) -> int:
    """Steps already done in this folder; 0 for a new one."""
    path = folder / "progress.json"
    return int(json.loads(path.read_text())["step"]) if path.exists() else 0
