"""What the service says, as values: names that a later service adds are passed over.

Standard library only. Knows the JSON of the responses; does not know how they travel.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters start..end (end excluded) of a passage's text that the answer stands in."""

    passage: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """A retrieved passage."""

    id: str
    title: str | None
    text: str | None
    source: str | None
    retrieval_score: float | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A passage and how much the reader leaned on it."""

    id: str
    title: str | None
    text: str | None
    source: str | None
    retrieval_score: float | None
    attention: float
    relevance: float
    tokens: tuple[tuple[str, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    id: str
    question: str
    answer: str  # "" where nothing was found
    confidence: float
    found: bool
    passages: tuple[Read, ...]  # best retrieved first
    generation: int | None
    reader: str
    spans: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relevance:
    question: str
    answer: str
    aggregation: str
    passages: tuple[Read, ...]
    generation: int | None
    reader: str
    found: bool = True
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """One retraining run."""

    id: str
    state: str  # queued | running | done | rejected | failed | cancelled
    stage: str
    progress: float
    error: str | None = None
    generation: int | None = None
    metrics: dict[str, Any] | None = None

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")


def value(kind: type[Value], body: dict[str, Any], **parsed: Any) -> Value:
    """The value of a JSON object's known names, `parsed` in place of what it says.

    >>> value(Span, {"passage": "a", "start": 1, "end": 2, "new": True})
    Span(passage='a', start=1, end=2)
    """
    names = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{**{name: body[name] for name in names if name in body}, **parsed})


def answer_of(body: dict[str, Any]) -> Answer:
    return value(
        Answer, body, passages=reads_of(body), spans=spans_of(body),
        warnings=tuple(body.get("warnings", ())),
    )  # fmt: skip


def relevance_of(body: dict[str, Any]) -> Relevance:
    return value(Relevance, body, passages=reads_of(body), spans=spans_of(body))


def found_of(body: dict[str, Any]) -> tuple[Found, ...]:
    return tuple(value(Found, one) for one in body["passages"])


def progress_of(body: dict[str, Any]) -> Progress:
    return value(Progress, body)


def reads_of(body: dict[str, Any]) -> tuple[Read, ...]:
    return tuple(
        value(Read, one, tokens=tuple((text, score) for text, score in one["tokens"]))
        if one.get("tokens") is not None
        else value(Read, one)
        for one in body["passages"]
    )


def spans_of(body: dict[str, Any]) -> tuple[Span, ...]:
    return tuple(value(Span, one) for one in body.get("spans", ()))
