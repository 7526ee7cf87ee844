"""Where an interrupted reader training goes on: weights, optimizer moments, step, settings.

`state/<step>/` below a run's folder is complete or absent and replaces the one before. Tensors are
safetensors, the rest is JSON. Knows no data: every batch and every dropout mask is drawn from the
seed and the step, so no generator's state has to be kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel

from reread.commit import committed_dir, remove_dir, sweep_scratch
from reread.errors import BadRequest, CorruptArtefact
from reread.home import numbers

STATE = "state"
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def saved_step(folder: Path) -> int:
    """Steps already done in this folder; 0 for a new one.

    Raises BadRequest for a folder of the form without moments, which cannot be gone on with.
    """
    if (folder / "progress.json").exists():
        raise BadRequest(
            f"{folder} was written by an earlier version, whose runs cannot be gone on with; train "
            "into another folder, with --base to begin from its weights."
        )
    return max(numbers(folder / STATE), default=0)


def save_state(
    folder: Path,
    step: int,
    model: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    held: Mapping[str, Any],
    beside: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Commit the state after `step` steps, then remove older ones.

    `beside`: tensors that learn without being the model's.
    """
    states = folder / STATE
    with committed_dir(states / str(step)) as scratch:
        model.save_pretrained(scratch, max_shard_size="1TB")
        save_file(dict(_moments(model, optimizer)), scratch / "optimizer.safetensors")
        if beside:
            save_file(dict(beside), scratch / "beside.safetensors")
        facts = {"step": step, "held": dict(held)}
        (scratch / "progress.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    for older in numbers(states):
        if older < step:
            remove_dir(states / str(older))


def load_state(
    folder: Path,
    model: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    held: Mapping[str, Any],
) -> int:
    """Bring model and optimizer to the saved step and return it; 0 where nothing is saved.

    Raises BadRequest naming the first setting that differs from the interrupted run's.
    """
    step = saved_step(folder)
    if step == 0:
        return 0
    place = folder / STATE / str(step)
    require_same_settings(folder, held)
    saved = type(model).from_pretrained(place, dtype=model.dtype)
    model.load_state_dict(saved.state_dict())
    _restore_moments(place / "optimizer.safetensors", model, optimizer)
    return step


def load_beside(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors saved beside the model; none where nothing is saved."""
    step = saved_step(folder)
    return dict(load_file(folder / STATE / str(step) / "beside.safetensors")) if step else {}


def require_same_settings(folder: Path, held: Mapping[str, Any]) -> None:
    """BadRequest where a saved run of this folder was made with another setting."""
    step = saved_step(folder)
    if step == 0:
        return
    text = (folder / STATE / str(step) / "progress.json").read_text(encoding="utf-8")
    before = json.loads(text)["held"]
    now = json.loads(json.dumps(dict(held)))
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            raise BadRequest(
                f"{folder} holds a run with {name} = {before.get(name)!r} and this one has "
                f"{now.get(name)!r}; use the same value to go on, or another --output to start "
                "anew."
            )


def sweep_states(folder: Path) -> None:
    """Remove what a killed run left half-written."""
    sweep_scratch(folder / STATE)


def _named(
    model: PreTrainedModel, optimizer: torch.optim.Optimizer
) -> Iterator[tuple[str, nn.Parameter]]:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            yield names[id(parameter)], parameter


def _moments(
    model: PreTrainedModel, optimizer: torch.optim.Optimizer
) -> Iterator[tuple[str, torch.Tensor]]:
    """`<weight>.<moment>` of every weight that has had a gradient."""
    for name, parameter in _named(model, optimizer):
        state = optimizer.state.get(parameter, {})
        for moment in MOMENTS:
            if moment in state:
                yield f"{name}.{moment}", state[moment].contiguous()


def _restore_moments(file: Path, model: PreTrainedModel, optimizer: torch.optim.Optimizer) -> None:
    tensors = load_file(file)
    for name, parameter in _named(model, optimizer):
        found = {m: tensors.pop(f"{name}.{m}") for m in MOMENTS if f"{name}.{m}" in tensors}
        if found:
            optimizer.state[parameter] = {
                moment: tensor.to(parameter.device) for moment, tensor in found.items()
            }
    if tensors:
        raise CorruptArtefact.mismatch(
            file, "moments of", "weights that learn", next(iter(tensors))
        )
