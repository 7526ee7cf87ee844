"""The loop that trains a causal reader: draw, read, learn, save; an interrupted run goes on.

Every step's questions come from the seed and the step alone, so a run that was killed and one that
was not end with the same weights, bit by bit, on the same machine. Knows no recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from trainer.reader.causal.forward import compiled_kernels, forward, plain_kernels, shape_of
from trainer.reader.causal.heads import HeadWeights
from trainer.reader.causal.losses import Losses, losses
from trainer.reader.causal.settings import CausalTraining, rate_at
from trainer.reader.causal.stream import lay_out
from trainer.reader.causal.tasks import TaskDrawer
from trainer.reader.causal.working import WorkingCopy
from trainer.training_state import load_state, save_state, sweep_states

STATE = "state"  # of a stage's folder
StepReport = Callable[[dict[str, float]], None]


def train_causal(
    model: PreTrainedModel,
    drawer: TaskDrawer,
    training: CausalTraining,
    *,
    folder: Path,
    report: StepReport,
    held: Mapping[str, Any],
) -> HeadWeights:
    """Train `model` (float32) in place through the stage's steps, from where `folder` stands.

    Returns the weights of heads that were learnt beside it; a stage begins with none of another's.
    Raises BadRequest where `folder` holds a run with other settings or data (`held`), or where the
    model has another shape than can be trained.
    """
    shape = shape_of(model)
    states = folder / STATE
    sweep_states(states)
    dtype = torch.bfloat16 if training.bf16 else torch.float32
    copy = WorkingCopy(model, dtype, training.frozen_layers)
    optimizer = make_optimizer(copy, training)
    kept = {**training.held(), **held}
    heads = HeadWeights.of(model, training)
    found = load_state(states, model, optimizer, kept)
    if found:
        heads.restore(found.beside)
    first = found.step if found else 0
    copy.refresh()
    kernels = compiled_kernels() if training.compiled else plain_kernels()
    pad = int(model.config.pad_token_id or 0)
    recent: list[dict[str, float]] = []
    for step in range(first, training.steps):
        tasks = drawer.step(training.seed, step, training.tokens)
        stream = lay_out(tasks, drawer.prefix, pad).to(model.device)
        outcome = forward(copy.weights, shape, stream, kernels)
        loss = losses(outcome, stream, copy.weights.head, heads.weights, training)
        norm = learn(copy, optimizer, loss, training, step)
        heads.learn()
        recent.append(_line(loss, norm, len(tasks)))
        done = step + 1
        if done % training.log_every == 0 or done == training.steps:
            report({"step": done, **_means(recent), "rate": rate_at(step, training)})
            recent = []
        if done % training.save_every == 0 or done == training.steps:
            save_state(states, done, model, optimizer, kept, beside=heads.state())
    return heads


def make_optimizer(copy: WorkingCopy, training: CausalTraining) -> torch.optim.AdamW:
    """AdamW over all that learns."""
    return torch.optim.AdamW(
        copy.learning(),
        lr=training.learning_rate,
        betas=(0.9, training.beta2),
        weight_decay=training.weight_decay,
        fused=True,
    )


def learn(
    copy: WorkingCopy,
    optimizer: torch.optim.Optimizer,
    found: Losses,
    training: CausalTraining,
    step: int,
) -> float:
    """One step down the loss; returns the gradient's norm before it was clipped."""
    torch.autograd.backward(found.total)
    copy.hand_over()
    norm = torch.nn.utils.clip_grad_norm_(copy.learning(), training.clip)
    for group in optimizer.param_groups:
        group["lr"] = rate_at(step, training)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    copy.refresh()
    return float(norm)


def _line(found: Losses, norm: float, questions: int) -> dict[str, float]:
    return {
        "answer": float(found.answer.detach()),
        "passage": float(found.passage.detach()),
        "heads": float(found.heads.detach()),
        "right_first": found.hits,
        "norm": norm,
        "questions": questions,
    }


def _means(lines: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: sum(one[name] for one in lines) / len(lines) for name in lines[0]}
