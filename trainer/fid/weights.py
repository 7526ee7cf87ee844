"""Published Fusion-in-Decoder checkpoint folders: their config, tensors by name, and tokenizer.

Reads safetensors, and zip pickles without ever running what is in them. Knows names and shapes;
does not know what reader or retriever they belong to.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import AutoTokenizer

from reread.errors import CorruptArtefact, UnknownModel

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "spiece.model", "vocab.txt")
SPARE_ROWS = 128  # embeddings are padded to a multiple of 128: T5 has 32,100 tokens in 32,128 rows
NAMES_SHOWN = 8  # of a list of wrong names; the count is always said
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A tensor of the source that the result does not hold, and why nothing is lost."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion wrote, for people."""

    folder: Path
    tensors: int
    parameters: int
    dropped: tuple[Dropped, ...]


def read_config(folder: Path) -> dict[str, Any]:
    """The folder's config.json; UnknownModel where there is none."""
    if not folder.is_dir():
        raise UnknownModel(
            f"{folder} is not a folder: give the one with config.json and {WEIGHT_FILES[1]}."
        )
    try:
        body = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnknownModel(
            f"{folder / 'config.json'} cannot be read ({error}): it belongs beside the weights."
        ) from error
    if not isinstance(body, dict):
        raise UnknownModel(f"{folder / 'config.json'} is not a JSON object.")
    return body


def build_config(kind: Any, values: dict[str, Any], folder: Path) -> Any:
    """A transformers config of class `kind`; UnknownModel says which value it does not take."""
    try:
        return kind(**values)
    except (TypeError, ValueError, StrictDataclassError) as error:
        what = " ".join(str(error).split())
        raise UnknownModel(f"{folder / 'config.json'} is not usable ({what}).") from error


def read_weights(folder: Path) -> tuple[Path, Tensors]:
    """The weights file of a folder and its tensors, mapped rather than copied.

    safetensors wins where both files are there. Raises UnknownModel when there is none or it holds
    anything but floating-point tensors under names, CorruptArtefact for one that cannot be read.
    """
    files = [folder / name for name in WEIGHT_FILES if (folder / name).is_file()]
    if not files:
        raise UnknownModel(f"{folder} holds no weights: {' or '.join(WEIGHT_FILES)} is needed.")
    file = files[0]
    loaded = _safetensors(file) if file.suffix == ".safetensors" else _zip_pickle(file)
    if not isinstance(loaded, Mapping) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in loaded.items()
    ):
        raise UnknownModel(
            f"{file} does not hold tensors under names: give the weights alone, not a training "
            f"state around them."
        )
    return file, dict(loaded)


def take_all(file: Path, found: Tensors, wanted: Mapping[str, torch.Size]) -> Tensors:
    """`found` when it has the wanted names and shapes, no others, and finite numbers.

    UnknownModel lists every kind of difference in one sentence: names too many, names missing,
    shapes that differ.
    """
    unknown = [name for name in found if name not in wanted]
    missing = [name for name in wanted if name not in found]
    shapes = [
        f"{name} is {_shape(found[name].shape)} and not {_shape(shape)}"
        for name, shape in wanted.items()
        if name in found and found[name].shape != shape
    ]
    kinds = (("unknown tensors", unknown), ("missing tensors", missing), ("wrong shapes", shapes))
    wrong = [f"{len(names)} {kind} ({_listed(names)})" for kind, names in kinds if names]
    if wrong:
        raise UnknownModel(
            f"{file} does not fit its config.json: {'; '.join(wrong)}; give a folder whose two "
            f"files belong together."
        )
    for name, tensor in found.items():
        if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
            raise CorruptArtefact.mismatch(file, f"tensor {name}", "finite numbers", tensor.dtype)
    return found


def load_tokenizer(source: Path, name: str | None, default: str, rows: int) -> Any:
    """`name` (a folder or a hub name), else what lies in `source`, else `default` from the hub.

    Raises UnknownModel when it cannot be loaded, or its size is not that of `rows` embeddings.
    """
    own = any((source / one).is_file() for one in TOKENIZER_FILES)
    chosen = name or (str(source) if own else default)
    folder = Path(chosen)
    if folder.is_dir() and not any((folder / one).is_file() for one in TOKENIZER_FILES):
        raise UnknownModel(
            f"{folder} holds no tokenizer: {' or '.join(TOKENIZER_FILES)} is needed."
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(chosen)
    except (OSError, ValueError, KeyError, ImportError) as error:
        first = (str(error).strip().splitlines() or [repr(error)])[0]
        raise UnknownModel(
            f"The tokenizer {chosen!r} could not be loaded ({first}); give a folder with the "
            f"tokenizer files of {default} as --tokenizer."
        ) from error
    if not 0 <= rows - len(tokenizer) < SPARE_ROWS:
        raise UnknownModel(
            f"The tokenizer {chosen!r} has {len(tokenizer)} tokens and the model {rows} "
            f"embeddings; give the model's own as --tokenizer."
        )
    return tokenizer


def _safetensors(file: Path) -> Any:
    try:
        return safetensors.torch.load_file(file)
    except (safetensors.SafetensorError, OSError) as error:
        raise _damaged(file, error) from error


def _zip_pickle(file: Path) -> Any:
    if not zipfile.is_zipfile(file):
        raise UnknownModel(
            f"{file} is not a zip file as PyTorch 1.6 and later write it, or it is cut off; "
            f"download it again, or convert it to {WEIGHT_FILES[0]} where you trust it."
        )
    try:
        callables = torch.serialization.get_unsafe_globals_in_checkpoint(str(file))
    except Exception as error:  # torch raises what its zip and pickle readers do
        raise _damaged(file, error) from error
    if callables:
        raise UnknownModel(
            f"{file} is a pickle that would run code when it is loaded ({_listed(callables)}); "
            f"it was not loaded: give a file of tensors alone, or {WEIGHT_FILES[0]}."
        )
    try:
        return torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # as above; weights_only refuses more than the list shows
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> UnknownModel:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return UnknownModel(f"{file} cannot be read as tensors ({first[:200]}); download it again.")


def _listed(names: Iterable[str]) -> str:
    """
    >>> _listed(["b", "a"])
    'a, b'
    """
    ordered = sorted(names)
    more = f" and {len(ordered) - NAMES_SHOWN} more" if len(ordered) > NAMES_SHOWN else ""
    return ", ".join(ordered[:NAMES_SHOWN]) + more


def _shape(shape: torch.Size) -> str:
    return "x".join(map(str, shape)) or "a single number"
