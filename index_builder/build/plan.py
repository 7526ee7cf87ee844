"""What is to be built, over which corpus, and what came of it: the values of a build.

Knows what may be asked for; builds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from index_builder.build.verification import verify_in_child
from reread.artefacts.passages import PassageStore
from reread.artefacts.pruning import KEEP
from reread.errors import BadRequest

Progress = Callable[[str, float], None]
Verify = Callable[[Path], dict[str, Any]]
RetrieverKind = Literal["bm25", "dense", "late"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build; `model` None is the default, `checkpoint` wins over `model`.

    `dense` takes weights as they are: those trained for late interaction are built as `late`.
    """

    retriever: RetrieverKind = "dense"
    model: str | None = None
    checkpoint: int | None = None
    index: str = "auto"
    fence: int | None = None  # None: take over the published one
    choice: int | None = None  # how often a person had chosen what serves when the work began
    parent: int | None = None  # None: the generation published now
    metrics: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    dtype: str = "auto"
    keep: int = KEEP
    verify: Verify = verify_in_child

    def __post_init__(self) -> None:
        if self.retriever not in (known := get_args(RetrieverKind)):
            raise BadRequest(
                f"Retriever {self.retriever!r} is not known: choose one of {', '.join(known)}."
            )


@dataclass(frozen=True, slots=True)
class Corpus:
    """The passages this build is about."""

    number: int
    store: PassageStore


@dataclass(frozen=True, slots=True)
class Made:
    """What the manifest says of the search that was written."""

    retriever: RetrieverKind
    model: str
    factory: str | None
    dimension: int | None
    student: str | None = None
