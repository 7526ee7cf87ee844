"""The loop that trains a pointing reader: draw, read, learn, save; an interrupted run goes on.

Every step's questions and dropout come from the seed and the step alone. Knows no recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from reread.compute.precision import autocast
from reread.reader.fusion import install_fusion_attention
from reread.reader.pointing.pointer import SpanHead
from trainer.dropout import set_dropout
from trainer.reader.pointing.forward import PointLosses, losses_of
from trainer.reader.pointing.settings import PointTraining
from trainer.reader.pointing.tasks import PointDrawer
from trainer.reader.step import seed_step
from trainer.schedule import linear_rate
from trainer.training_state import load_state, save_state, sweep_states

STATE = "state"
Report = Callable[[dict[str, float]], None]


class PointingReader(nn.Module):
    """The reader and its head as one module, for states and optimizers."""

    def __init__(self, reader: PreTrainedModel, head: SpanHead) -> None:
        super().__init__()
        install_fusion_attention(reader)
        self.reader, self.head = reader, head


def train_pointing(
    model: PointingReader,
    drawer: PointDrawer,
    training: PointTraining,
    *,
    folder: Path,
    report: Report,
    held: Mapping[str, Any],
) -> None:
    """Train reader and head (float32) in place, from where `folder` stands.

    Raises BadRequest where `folder` holds a run with other settings or data (`held`).
    """
    reader = model.reader
    set_dropout(reader, training.dropout)
    optimizer = make_optimizer(model, training)
    kept = {**training.held(), **held}
    sweep_states(folder / STATE)
    found = load_state(folder / STATE, model, optimizer, kept)
    recent: list[dict[str, float]] = []
    model.train()
    for step in range(found.step if found else 0, training.steps):
        tasks = drawer.step(training.seed, step, training.tokens)
        seed_step(training.seed, step, 0)
        with autocast(reader.device, training.bf16):
            losses = losses_of(reader, model.head, tasks, decoded=training.decoded)
        learn(model, optimizer, losses, training, step)
        recent.append(_line(losses, len(tasks)))
        done = step + 1
        if done % training.log_every == 0 or done == training.steps:
            report({"step": done, **_means(recent)})
            recent = []
        if done % training.save_every == 0 or done == training.steps:
            save_state(folder / STATE, done, model, optimizer, kept)
    model.eval()


def make_optimizer(model: PointingReader, training: PointTraining) -> torch.optim.AdamW:
    """Encoder, decoder and head at rates of their own; word embeddings do not learn."""
    reader = model.reader
    reader.get_input_embeddings().weight.requires_grad_(False)
    encoder = [one for one in reader.get_encoder().parameters() if one.requires_grad]
    seen = {id(one) for one in encoder}
    rest = [one for one in reader.parameters() if one.requires_grad and id(one) not in seen]
    groups = [
        {"params": encoder, "peak": training.encoder_rate},
        {"params": rest, "peak": training.decoder_rate},
        {"params": list(model.head.parameters()), "peak": training.head_rate},
    ]
    return torch.optim.AdamW(
        groups, lr=0.0, betas=(0.9, 0.98), weight_decay=training.weight_decay, fused=True
    )


def learn(
    model: PointingReader,
    optimizer: torch.optim.Optimizer,
    losses: PointLosses,
    training: PointTraining,
    step: int,
) -> None:
    """One step down the weighted sum of the losses."""
    total = losses.point
    total = total + training.answer_weight * losses.answer
    total = total + training.passage_weight * losses.passage
    torch.autograd.backward(total)
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    torch.nn.utils.clip_grad_norm_(parameters, training.clip)
    rate = linear_rate(step, training.steps, training.warmup_steps)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * rate
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def _line(losses: PointLosses, questions: int) -> dict[str, float]:
    return {
        "point": float(losses.point.detach()),
        "answer": float(losses.answer.detach()),
        "passage": float(losses.passage.detach()),
        "right_first": losses.right_first,
        "exact": losses.exact,
        "questions": questions,
    }


def _means(lines: list[dict[str, float]]) -> dict[str, float]:
    return {name: sum(one[name] for one in lines) / len(lines) for name in lines[0]}
