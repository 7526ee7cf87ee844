"""The values of reading: what a reader is asked, what it makes of it, how it can weigh passages.

Standard library only, so that what speaks HTTP needs no model library. Knows no reader.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reread.errors import BadRequest
from reread.records import Passage

AGGREGATIONS = (  # from cross-attention to one score per passage; reader/aggregations.py has them
    "mean", "max_tokens", "all_outputs", "last_layers", "max_layers", "max_heads",
    "without_question", "value_norm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of the same conversation and what was answered."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Span:
    """Characters start..end (end excluded) of a passage's text."""

    passage: str  # the passage's id
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One question and the passages to read it with (at least one)."""

    question: str
    passages: tuple[Passage, ...]
    history: tuple[Turn, ...] = ()  # earlier turns, oldest first


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader made of one request; tuples run parallel to the request's passages."""

    answer: str  # "" where nothing was found
    confidence: float  # how likely the answer is right, 0..1
    attention: tuple[float, ...]  # G(q, p), before softmax
    tokens: tuple[tuple[tuple[str, float], ...], ...] | None = None
    scores: Mapping[str, tuple[float, ...]] | None = None  # by aggregation; None = not computed
    found: bool = True  # whether the passages hold an answer
    spans: tuple[Span, ...] = ()  # where the answer stands; none for a free-form answer
    warnings: tuple[str, ...] = ()  # sentences for whoever asked
    signals: Mapping[str, float] | None = None  # what a calibration weighs; None = not computed
    draft: str = ""  # what would have been answered; equals `answer` where something was found
    read: bool = True  # False: refused before any passage was read

    @property
    def relevance(self) -> tuple[float, ...]:
        """softmax(attention) over the passages read; 0 for each where none was."""
        return softmax(self.attention) if self.read else (0.0,) * len(self.attention)


def softmax(scores: Sequence[float]) -> tuple[float, ...]:
    """Shares that sum to one; none of no scores.

    >>> softmax([1.0, 1.0])
    (0.5, 0.5)
    >>> softmax([1000.0, -1000.0])
    (1.0, 0.0)
    """
    highest = max(scores, default=0.0)
    grown = [math.exp(score - highest) for score in scores]
    total = math.fsum(grown)
    return tuple(one / total for one in grown)


def check_aggregation(name: str) -> None:
    """BadRequest with the names there are."""
    if name not in AGGREGATIONS:
        raise BadRequest(
            f"Unknown aggregation {name[:40]!r}: choose one of {', '.join(AGGREGATIONS)}."
        )
