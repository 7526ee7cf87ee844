"""Where a causal reader is loaded from: a folder, a name, or one GGUF file in a folder.

Knows paths; loads nothing, so that a tokenizer can be had without a model library.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reread.errors import UnknownModel


@dataclass(frozen=True, slots=True)
class CausalSource:
    """What is loaded: a folder or name, or one GGUF file in a folder."""

    place: str
    gguf: str | None = None


def causal_source(name_or_path: str) -> CausalSource:
    """A `.gguf` file is its folder and its name; everything else is loaded as it is."""
    path = Path(name_or_path)
    if path.suffix.lower() != ".gguf":
        return CausalSource(name_or_path)
    if not path.is_file():
        raise UnknownModel(f"There is no GGUF file {name_or_path}; give the path of one.")
    return CausalSource(str(path.parent), path.name)
