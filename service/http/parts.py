"""What the routes are given: one value that holds everything a request may need.

Built once by the composition root (service/assembly.py) or by a test.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from reread.home import Home
from reread.records import Job
from service.answering.documents import HomeDocuments
from service.answering.files import SentFiles
from service.answering.history import PastAnswers
from service.answering.pipeline import Pipeline
from service.http.rates import Rate
from service.http.security import Keys
from service.metrics import ServiceMetrics
from service.settings import ServiceSettings
from service.tracing import Tracing


class Jobs(Protocol):
    """The job board's public half."""

    def request(self, params: dict[str, Any], now: float) -> Job: ...
    def get(self, id: str) -> Job: ...
    def list(self) -> list[Job]: ...
    def cancel(self, id: str, now: float | None = None) -> Job: ...


class Generations(Protocol):
    """Looking over and choosing between what was published; every call blocks on the disk."""

    def describe(self) -> list[dict[str, Any]]: ...
    def activate(self, number: int) -> None: ...


class Writer(Protocol):
    """The log's writing thread, as readiness sees it."""

    @property
    def alive(self) -> bool: ...


class LogHealth(Protocol):
    """The log as readiness sees it."""

    def probe(self) -> None:
        """Raise a RereadError where nothing could be recorded now; blocks on the disk."""

    @property
    def warning(self) -> str | None: ...


class Presence:
    """Whether new work is taken, and how many requests are being answered."""

    def __init__(self) -> None:
        self.draining = threading.Event()
        self.in_flight = 0  # changed on the event loop only


@dataclass(frozen=True, slots=True)
class ServiceParts:
    settings: ServiceSettings
    keys: Keys
    rates: tuple[Rate, Rate]  # by key, by address
    home: Home
    pipeline: Pipeline
    history: PastAnswers
    documents: HomeDocuments
    files: SentFiles
    roots: Callable[[], list[str]]  # folders that sources are shown relative to
    jobs: Jobs
    generations: Generations
    writer: Writer
    metrics: ServiceMetrics
    check_retrain: Callable[[Mapping[str, Any]], object]  # raises BadRequest with a sentence
    trainer_pid: Callable[[], int | None]
    trainer_trouble: Callable[[], str | None]  # why no trainer stays alive
    unfit: Callable[[], str | None]  # that passages are too long for this reader
    log: LogHealth
    unkept: str | None  # what the loop loses, as questions are not logged; None: they are
    versions: Mapping[str, str]
    presence: Presence = field(default_factory=Presence)
    tracing: Tracing = field(default_factory=Tracing)
    clock: Callable[[], float] = field(kw_only=True)


def parts_of(request: Request) -> ServiceParts:
    parts: ServiceParts = request.app.state.parts
    return parts


Parts = Annotated[ServiceParts, Depends(parts_of)]
