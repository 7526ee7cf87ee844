"""Train a Fusion-in-Decoder reader: a plain loop over steps that can be interrupted anywhere.

Knows the order of things within a run; knows nothing about files of questions, retrieval or the
service. Table 7 of arXiv 2012.04584 for the paper's settings (trainer/reader/presets.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from reread.errors import BadRequest
from trainer.reader.batches import ReaderBatch
from trainer.reader.distributed import ALONE, Ranks
from trainer.reader.optimizer import learning_parameters, make_optimizer, set_rates
from trainer.reader.settings import ReaderTraining
from trainer.reader.step import backward_step, seed_step
from trainer.training_state import load_state, newest_step, save_state, sweep_states

__all__ = ["ReaderTraining", "saved_step", "train_reader"]

STATE = "state"  # of a run's folder: the state it goes on from
StepReport = Callable[[dict[str, float]], None]  # a line of figures, every `log_every` steps
Validate = Callable[[PreTrainedModel, int], dict[str, float]]


def train_reader(
    model: PreTrainedModel,
    batches: Iterator[ReaderBatch],
    settings: ReaderTraining,
    *,
    folder: Path,
    report: StepReport,
    clock: Callable[[], float] = time.monotonic,
    ranks: Ranks = ALONE,
    validate: Validate | None = None,
    held: Mapping[str, Any] | None = None,
) -> None:
    """Train `model` in place up to `settings.steps`; goes on from `folder/state` where it can.

    `batches` gives this rank's micro-batches, `settings.accumulation` for every step, beginning
    with step `saved_step(folder)`. A run that was interrupted and goes on ends with the same
    weights bit by bit on a CPU with the same number of threads. `validate(model, step)` is called
    every `eval_every` steps and at the end; its numbers are reported. `held` names what else must
    not differ between the two parts of a run. Raises BadRequest when something does.
    """
    optimizer = make_optimizer(model, settings)
    ranks.share_weights(model)
    held = {**settings.held(), **(held or {})}
    if ranks.writes:
        sweep_states(folder / STATE)
    saved_step(folder)
    found = load_state(folder / STATE, model, optimizer, held)
    start = found.step if found else 0
    ranks.require_same(start, model.device)
    model.train()
    tally = Tally(ranks, model.device, clock)
    for step in range(start, settings.steps):
        set_rates(optimizer, step, settings)
        seed_step(settings.seed, step, ranks.rank)
        tally.add(backward_step(model, take(batches, settings.accumulation), settings, ranks))
        learn(optimizer, settings, ranks)
        done = step + 1
        last = done == settings.steps
        if done % settings.log_every == 0 or last:
            report({"step": done, **tally.means()})
        if validate is not None and (done % settings.eval_every == 0 or last):
            report({"step": done, **validate(model, done)})
            model.train()
        if ranks.writes and (done % settings.save_every == 0 or last):
            save_state(folder / STATE, done, model, optimizer, held)
    ranks.wait()
    model.eval()


def saved_step(folder: Path) -> int:
    """Steps already done in a run's folder; 0 for a new one.

    Raises BadRequest for a folder of the form without moments, which cannot be gone on with.
    """
    if (folder / "progress.json").exists():
        raise BadRequest(
            f"{folder} was written by an earlier version, whose runs cannot be gone on with; train "
            "into another folder, with --base to begin from its weights."
        )
    return newest_step(folder / STATE)


def learn(optimizer: torch.optim.Optimizer, settings: ReaderTraining, ranks: Ranks) -> None:
    """One optimizer step with the gradient of all ranks, clipped as one vector."""
    parameters = learning_parameters(optimizer)
    ranks.sum_gradients(parameters)
    torch.nn.utils.clip_grad_norm_(parameters, settings.clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def take(batches: Iterator[ReaderBatch], count: int) -> list[ReaderBatch]:
    """The next `count` micro-batches."""
    taken = list(islice(batches, count))
    assert len(taken) == count, "the stream of batches ended before the last step"
    return taken


class Tally:
    """Losses since the last report, summed over the ranks when they are told."""

    def __init__(self, ranks: Ranks, device: torch.device, clock: Callable[[], float]) -> None:
        self._ranks, self._device, self._clock = ranks, device, clock
        self._began = clock()
        self._sums: dict[str, float] = {}
        self._steps = 0

    def add(self, losses: Mapping[str, float]) -> None:
        """One step's losses, this rank's part."""
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._steps += 1

    def means(self) -> dict[str, float]:
        """Seconds since the start, and the mean losses per step; begins a new count."""
        own = torch.tensor(list(self._sums.values()), device=self._device)
        whole = (self._ranks.sum(own) / max(1, self._steps)).tolist()
        means = dict(zip(self._sums, whole, strict=True))
        self._sums, self._steps = {}, 0
        return {"seconds": self._clock() - self._began, **means}
