"""A half-finished training run on disk: complete or absent, the newest alone, no pickle.

`<folder>/<step>/` holds weights.safetensors, moments.safetensors and state.json. Knows tensors and
where a run stands; knows no loss, no batch and no schedule.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from reread.commit import committed_dir, remove_dir, sweep_scratch
from reread.errors import Conflict, CorruptArtefact
from reread.home import numbers

FORMAT = 1
_WEIGHTS, _MOMENTS, _STATE = "weights.safetensors", "moments.safetensors", "state.json"
_KINDS = ("step", "exp_avg", "exp_avg_sq")  # what AdamW keeps of each parameter


def save_state(
    folder: Path,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    progress: Mapping[str, Any],
    *,
    run: str,
) -> None:
    """Durable on return; the state of an earlier step is removed after it."""
    body = {"format": FORMAT, "run": run, "step": step, **progress}
    body["torch_random"] = _to_text(torch.random.get_rng_state())
    device = next(model.parameters()).device
    if device.type == "cuda":
        body["cuda_random"] = _to_text(torch.cuda.get_rng_state(device))
    with committed_dir(folder / str(step)) as scratch:
        weights = {name: one.cpu().contiguous() for name, one in model.state_dict().items()}
        safetensors.torch.save_file(weights, scratch / _WEIGHTS)
        safetensors.torch.save_file(dict(_moments(optimizer)), scratch / _MOMENTS)
        (scratch / _STATE).write_text(json.dumps(body), encoding="utf-8")
    for older in numbers(folder):
        if older != step:
            remove_dir(folder / str(older))


def load_state(
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, *, run: str
) -> dict[str, Any] | None:
    """Put weights, moments and torch's generators back; what else was saved, None = nothing was.

    Raises Conflict where the state is another run's, CorruptArtefact where it cannot be read.
    """
    if not folder.is_dir():
        return None
    sweep_scratch(folder)
    if not (steps := numbers(folder)):
        return None
    newest = folder / str(steps[-1])
    try:
        body: dict[str, Any] = json.loads((newest / _STATE).read_text(encoding="utf-8"))
        _check_run(newest, body, run)
        model.load_state_dict(safetensors.torch.load_file(newest / _WEIGHTS))
        _set_moments(optimizer, safetensors.torch.load_file(newest / _MOMENTS))
        _set_generators(body, next(model.parameters()).device)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise CorruptArtefact.mismatch(
            newest, "content", "a saved training state", str(error)
        ) from error
    return body


def name_run(model: nn.Module, *parts: object) -> str:
    """A hash of the weights a run starts from and of whatever else makes it that run."""
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


def _check_run(newest: Path, body: Mapping[str, Any], run: str) -> None:
    if body["run"] != run:
        raise Conflict(
            f"{newest} is the state of run {body['run']} and this is run {run} (other data, "
            f"settings, seed or start weights): remove the folder, or name another."
        )


def _moments(optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, Tensor]]:
    for number, state in optimizer.state_dict()["state"].items():
        for kind in _KINDS:
            yield f"{number}.{kind}", state[kind].cpu().contiguous()


def _set_moments(optimizer: torch.optim.Optimizer, saved: Mapping[str, Tensor]) -> None:
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in saved.items():
        number, kind = name.split(".")
        states.setdefault(int(number), {})[kind] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": states, "param_groups": groups})


def _set_generators(body: Mapping[str, Any], device: torch.device) -> None:
    torch.random.set_rng_state(_from_text(body["torch_random"]))
    if device.type == "cuda":
        torch.cuda.set_rng_state(_from_text(body["cuda_random"]), device)


def _to_text(state: Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _from_text(text: str) -> Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
