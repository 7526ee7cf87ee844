"""A half-finished training run on disk: complete or absent, the newest alone, no pickle.

`<folder>/<step>/` holds weights.safetensors, moments.safetensors and state.json, beside.safetensors
where something learns that is not the model's. Knows tensors, where a run stands and what it must
have in common with the run that goes on; knows no loss, no batch and no schedule.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from reread.commit import committed_dir, remove_dir, sweep_scratch
from reread.errors import BadRequest, CorruptArtefact
from reread.home import numbers

FORMAT = 1
_WEIGHTS, _MOMENTS, _BESIDE = "weights.safetensors", "moments.safetensors", "beside.safetensors"
_STATE = "state.json"
_KINDS = ("step", "exp_avg", "exp_avg_sq")  # what AdamW keeps of each parameter


@dataclass(frozen=True, slots=True)
class SavedState:
    """Where a run stands: `progress` and `beside` as they were saved."""

    step: int
    progress: Mapping[str, Any]
    beside: Mapping[str, Tensor] = field(default_factory=dict)


def save_state(
    folder: Path,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    held: Mapping[str, Any],
    progress: Mapping[str, Any] | None = None,
    beside: Mapping[str, Tensor] | None = None,
) -> None:
    """Durable on return; the state of an earlier step is removed after it.

    `held` is what a run that goes on must have in common with this one.
    """
    body = {"format": FORMAT, "held": dict(held), "step": step, **(progress or {})}
    with committed_dir(folder / str(step)) as scratch:
        save_file(_weights(model), scratch / _WEIGHTS)
        save_file(dict(_moments(optimizer)), scratch / _MOMENTS)
        if beside:
            save_file(dict(beside), scratch / _BESIDE)
        (scratch / _STATE).write_text(json.dumps(body, indent=1), encoding="utf-8")
    for older in numbers(folder):
        if older != step:
            remove_dir(folder / str(older))


def newest_step(folder: Path) -> int:
    """Steps already done in this folder; 0 for a new one."""
    return max(numbers(folder), default=0)


def load_state(
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, held: Mapping[str, Any]
) -> SavedState | None:
    """Put weights and moments back; where the run stood, None = nothing was saved.

    Raises BadRequest naming the first of `held` that differs, CorruptArtefact where the state
    cannot be read.
    """
    step = newest_step(folder)
    if step == 0:
        return None
    place = folder / str(step)
    try:
        body = _read_body(place)
        require_same(place, body["held"], held)
        _set_weights(model, load_file(place / _WEIGHTS))
        _set_moments(optimizer, load_file(place / _MOMENTS))
        beside = load_file(place / _BESIDE) if (place / _BESIDE).exists() else {}
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise CorruptArtefact.mismatch(
            place, "content", "a saved training state", str(error)
        ) from error
    return SavedState(step, body, beside)


def require_same_run(folder: Path, held: Mapping[str, Any]) -> None:
    """BadRequest where the folder holds a run with another setting; nothing is loaded."""
    if step := newest_step(folder):
        place = folder / str(step)
        require_same(place, _read_body(place)["held"], held)


def require_same(place: Path, before: Mapping[str, Any], held: Mapping[str, Any]) -> None:
    """BadRequest with the first name, by the alphabet, whose values differ."""
    now = json.loads(json.dumps(dict(held)))
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            raise BadRequest(
                f"{place.parent.parent} holds a run with {name} = {before.get(name)!r} and this "
                f"one has {now.get(name)!r}; use the same value to go on, remove "
                f"{place.parent} to start anew, or use another --output."
            )


def sweep_states(folder: Path) -> None:
    """Remove what a killed run left half-written."""
    if folder.is_dir():
        sweep_scratch(folder)


def hash_of(model: nn.Module, *parts: object) -> str:
    """A hash of the weights a run starts from and of whatever else it reads."""
    digest = hashlib.blake2b(digest_size=16)
    for name, one in model.state_dict().items():
        digest.update(name.encode())
        digest.update(one.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    for part in parts:
        digest.update(repr(part).encode())
    return digest.hexdigest()


def random_to_json(random: Random) -> list[Any]:
    """What `random_from_json` takes back.

    >>> one = Random(3)
    >>> other = random_from_json(json.loads(json.dumps(random_to_json(one))))
    >>> one.random() == other.random()
    True
    """
    version, words, gauss = random.getstate()
    return [version, list(words), gauss]


def random_from_json(state: list[Any]) -> Random:
    random = Random()
    random.setstate((state[0], tuple(state[1]), state[2]))
    return random


def torch_random_to_json(device: torch.device) -> dict[str, str]:
    """The states of torch's generators, the CPU's and the device's."""
    found = {"torch_random": _to_text(torch.random.get_rng_state())}
    if device.type == "cuda":
        found["cuda_random"] = _to_text(torch.cuda.get_rng_state(device))
    return found


def set_torch_random(saved: Mapping[str, Any], device: torch.device) -> None:
    """Put torch's generators where `torch_random_to_json` found them."""
    torch.random.set_rng_state(_from_text(saved["torch_random"]))
    if device.type == "cuda":
        torch.cuda.set_rng_state(_from_text(saved["cuda_random"]), device)


def _read_body(place: Path) -> dict[str, Any]:
    """BadRequest for the forms of earlier versions."""
    older = (place / "progress.json").exists()
    body: dict[str, Any] = {} if older else json.loads((place / _STATE).read_text(encoding="utf-8"))
    if older or (body.get("format") == FORMAT and "held" not in body):
        raise BadRequest(
            f"{place} was written by an earlier version, whose runs cannot be gone on with; remove "
            f"{place.parent} to start anew, or train into another folder."
        )
    return body


def _weights(model: nn.Module) -> dict[str, Tensor]:
    """Every weight once: tied ones under the first of their names."""
    found, seen = {}, set()
    for name, one in model.state_dict().items():
        place = (one.data_ptr(), one.shape, one.stride())
        if one.numel() and place in seen:
            continue
        seen.add(place)
        found[name] = one.detach().cpu().contiguous()
    return found


def _set_weights(model: nn.Module, saved: Mapping[str, Tensor]) -> None:
    wanted = _weights(model).keys()
    if wanted != saved.keys():
        raise ValueError(f"weights {sorted(wanted ^ saved.keys())[:3]} are in one of them alone")
    model.load_state_dict(dict(saved), strict=False)


def _moments(optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, Tensor]]:
    """`<number>.<kind>` of every parameter that has had a gradient."""
    for number, state in optimizer.state_dict()["state"].items():
        for kind in _KINDS:
            if kind in state:
                yield f"{number}.{kind}", state[kind].cpu().contiguous()


def _set_moments(optimizer: torch.optim.Optimizer, saved: Mapping[str, Tensor]) -> None:
    groups = optimizer.state_dict()["param_groups"]
    learning = {number for group in groups for number in group["params"]}
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in saved.items():
        number, kind = name.split(".")
        states.setdefault(int(number), {})[kind] = tensor
    if extra := states.keys() - learning:
        raise ValueError(f"moments of parameter {min(extra)} and {len(learning)} parameters learn")
    optimizer.load_state_dict({"state": states, "param_groups": groups})


def _to_text(state: Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _from_text(text: str) -> Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
