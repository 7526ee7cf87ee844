"""The causal starter as a folder transformers loads: made once from its parts, complete or absent.

The parts: the language model's package, the tuning's difference and the small files beside it
(`files/`). `starter.json` there names all of them by hash, and its own hash names the folder made.
Knows files and hashes; knows no prompt and no reading.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from reread.commit import committed_dir
from reread.errors import Conflict, CorruptArtefact, UnknownModel
from reread.reader.starter.base import base_weights, check_base, file_sha256, find_base
from reread.reader.starter.delta import difference, tuned_weight

PARTS = Path(__file__).parent / "files"
DELTA, FACTS, WEIGHTS, NOTES = (
    "delta.safetensors",
    "starter.json",
    "model.safetensors",
    "reader.json",
)
SMALL = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")
REQUIRED_FACTS = ("base_sha256", "delta_sha256", "weights_sha256")


def starter_folder(cache: Path, parts: Path = PARTS, base: Path | None = None) -> Path:
    """The causal starter's folder below `cache`, made if it is not there; seconds, once.

    Raises UnknownModel where the base's package is missing or another one, CorruptArtefact where a
    part is not what `starter.json` says.
    """
    facts = read_facts(parts)
    final = cache / fingerprint(parts)
    if final.is_dir():
        return final
    found = base or find_base()
    check_base(found, facts["base_sha256"])
    _require(parts / DELTA, facts["delta_sha256"])
    try:
        with committed_dir(final) as scratch:
            write_reader(scratch, found, parts)
            _require(scratch / WEIGHTS, facts["weights_sha256"])
    except Conflict:  # another process made it meanwhile
        if not final.is_dir():
            raise
    return final


def write_reader(folder: Path, base: Path, parts: Path = PARTS) -> None:
    """Write the whole reader: bfloat16 weights, configuration, tokenizer, notes."""
    delta = load_file(parts / DELTA)
    weights = {name: tuned_weight(name, one, delta) for name, one in base_weights(base)}
    save_weights(weights, folder / WEIGHTS)
    for name in (*SMALL, NOTES):
        if name != NOTES or (parts / NOTES).is_file():
            shutil.copyfile(parts / name, folder / name)


def make_delta(base: Path, tuned: Path, parts: Path = PARTS) -> dict[str, Any]:
    """Write `delta.safetensors` and `starter.json` for a tuned model's folder; returns the facts.

    `relative_error` is of the weights as the reader will have them against the tuned ones:
    the norm of the difference over the norm, of all matrices that changed.
    """
    after = load_file(tuned / WEIGHTS)
    before = dict(base_weights(base))
    delta = difference(before, after)
    save_weights(delta, parts / DELTA)
    made = {name: tuned_weight(name, one, delta) for name, one in before.items()}
    scratch = parts / f".{WEIGHTS}"
    try:
        save_weights(made, scratch)
        weights_sha256 = file_sha256(scratch)
    finally:
        scratch.unlink(missing_ok=True)
    facts = {
        "base_sha256": file_sha256(base),
        "delta_sha256": file_sha256(parts / DELTA),
        "weights_sha256": weights_sha256,
        "relative_error": relative_error(made, after),
        "relative_change": relative_error(before, after),
    }
    (parts / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return facts


def relative_error(found: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> float:
    """Norm of the difference over the norm of what is wanted, over all matrices but embeddings."""
    off, size = 0.0, 0.0
    for name, one in wanted.items():
        if one.dim() == 2 and "embed" not in name:
            off += float((found[name].float() - one.float()).square().sum())
            size += float(one.float().square().sum())
    return float((off / size) ** 0.5) if size else 0.0


def fingerprint(parts: Path = PARTS) -> str:
    """Names the folder that these parts make: another part is another folder."""
    digest = hashlib.sha256()
    for name in (FACTS, *SMALL, NOTES):
        path = parts / name
        digest.update(f"{name} {file_sha256(path) if path.is_file() else ''}\n".encode())
    return digest.hexdigest()[:16]


def read_facts(parts: Path = PARTS) -> dict[str, Any]:
    """`starter.json`; UnknownModel where it is missing or does not say what it must."""
    path = parts / FACTS
    if not path.is_file() and not (parts / DELTA).is_file():
        raise UnknownModel(
            "The starter language model's tuned weights are not in this version; make them with "
            "`reread train-reader --starter-causal` and set REREAD_READER to the folder, or set "
            "REREAD_READER=starter."
        )
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        missing = [name for name in REQUIRED_FACTS if not isinstance(facts[name], str)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnknownModel(
            f"{path} is missing or damaged ({error!r}); reinstall the package, or set "
            "REREAD_READER=starter."
        ) from error
    if missing:
        raise UnknownModel(f"{path} does not say {missing[0]}; reinstall the package.")
    return dict(facts)


def save_weights(weights: Mapping[str, torch.Tensor], path: Path) -> None:
    """A safetensors file whose bytes depend on the weights alone."""
    save_file(
        {name: weights[name].contiguous() for name in sorted(weights)},
        path,
        metadata={"format": "pt"},
    )
    path.chmod(0o644)  # the writer makes it its owner's alone


def _require(path: Path, expected: str) -> None:
    found = file_sha256(path) if path.is_file() else "no file"
    if found != expected:
        raise CorruptArtefact(
            f"{path} has SHA-256 {found[:12]} where {expected[:12]} was expected; reinstall the "
            "package, or set REREAD_READER=starter."
        )
