"""What a report says of a home's log and corpus, as values: figures, questions, documents.

Knows records, feedback and passages; knows no model and no HTML.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from evaluation.confidence.calibration import Bin, expected_error, reliability
from reread.artefacts.documents import document_source
from reread.artefacts.passages import PassageStore
from reread.records import AnswerRecord, Feedback

BINS = 10
LEAST_PER_BIN = 5
SHOWN = 20
STAGES = {"embed": "embed the question", "search": "search", "read": "read and answer"}


@dataclass(frozen=True, slots=True)
class Served:
    """What one generation answered."""

    answers: int
    found: float  # share
    confidence: float  # mean, of those found
    judged: int
    right: float | None  # share of the judged


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    half_ms: float  # half of the answers took no longer
    most_ms: float  # 19 of 20 took no longer


@dataclass(frozen=True, slots=True)
class Hard:
    question: str
    answer: str
    why: str  # marked wrong | nothing found | how sure


@dataclass(frozen=True, slots=True)
class Reached:
    """A document by what the reader made of its passages."""

    name: str
    questions: int  # it was the reader's favourite of
    weight: float  # relevance, summed over the answers


@dataclass(frozen=True, slots=True)
class LogFigures:
    answers: int
    judged: int
    by_generation: Mapping[int, Served]
    bins: Sequence[Bin]
    error: float | None  # expected calibration error
    stages: Sequence[Stage]
    hard: Sequence[Hard]
    reached: Sequence[Reached]
    passages: int  # of the newest corpus
    unread: int  # of these never read for any question
    unread_names: Sequence[str] = field(default_factory=tuple)


def survey_log(
    records: Sequence[AnswerRecord], said: Mapping[str, Feedback], store: PassageStore
) -> LogFigures:
    """`said` is the latest word on each answer; a partly right answer is not counted as right."""
    judged = [one for one in records if one.id in said]
    bins = _bins(judged, said)
    unread = _unread(records, store)
    return LogFigures(
        answers=len(records),
        judged=len(judged),
        by_generation=_by_generation(records, said),
        bins=bins,
        error=expected_error(bins) if bins else None,
        stages=_stages(records),
        hard=_hard(records, said),
        reached=_reached(records, store),
        passages=len(store),
        unread=len(unread),
        unread_names=[_name(store, row) for row in unread[:SHOWN]],
    )


def _right(said: Mapping[str, Feedback], record: AnswerRecord) -> bool:
    return said[record.id].verdict == "correct"


def _bins(judged: Sequence[AnswerRecord], said: Mapping[str, Feedback]) -> list[Bin]:
    """Fewer where few were judged; none where that says nothing."""
    count = min(BINS, len(judged) // LEAST_PER_BIN)
    if count == 0:
        return []
    return reliability(
        [one.confidence for one in judged], [_right(said, one) for one in judged], count
    )


def _by_generation(
    records: Sequence[AnswerRecord], said: Mapping[str, Feedback]
) -> dict[int, Served]:
    own: defaultdict[int, list[AnswerRecord]] = defaultdict(list)
    for record in records:
        if record.generation is not None:
            own[record.generation].append(record)
    return {number: _served(held, said) for number, held in sorted(own.items())}


def _served(records: Sequence[AnswerRecord], said: Mapping[str, Feedback]) -> Served:
    found = [one.confidence for one in records if one.found]
    judged = [_right(said, one) for one in records if one.id in said]
    return Served(
        answers=len(records),
        found=len(found) / len(records),
        confidence=sum(found) / len(found) if found else 0.0,
        judged=len(judged),
        right=sum(judged) / len(judged) if judged else None,
    )


def _stages(records: Sequence[AnswerRecord]) -> list[Stage]:
    """Slowest first; answers of before stages were logged are passed over."""
    spent: defaultdict[str, list[float]] = defaultdict(list)
    for record in records:
        for name, ms in (record.timings_ms or {}).items():
            spent[name].append(ms)
    found = [
        Stage(STAGES.get(name, name), median(own), float(np.quantile(own, 0.95)))
        for name, own in spent.items()
    ]
    return sorted(found, key=lambda one: -one.most_ms)


def _hard(records: Sequence[AnswerRecord], said: Mapping[str, Feedback]) -> list[Hard]:
    """Marked wrong, then not found, then least sure; each question once, its newest answer."""
    newest = {one.question: one for one in records if one.words}

    def rank(one: AnswerRecord) -> tuple[int, float]:
        wrong = one.id in said and said[one.id].verdict == "wrong"
        return (0 if wrong else 2 if one.found else 1), one.confidence

    unjudged = (one for one in newest.values() if one.id not in said or not _right(said, one))
    ranked = sorted(unjudged, key=rank)[:SHOWN]
    whys = ("marked wrong", "nothing found")
    return [
        Hard(one.question, one.answer, (*whys, f"{one.confidence:.0%} sure")[rank(one)[0]])
        for one in ranked
    ]


def _reached(records: Sequence[AnswerRecord], store: PassageStore) -> list[Reached]:
    """Documents that answer most, of those the newest corpus has."""
    name_of = _names(store)
    favourites: Counter[str] = Counter()
    weights: defaultdict[str, float] = defaultdict(float)
    for record in records:
        if not record.found or not record.passages:
            continue
        scores = np.array([one.attention for one in record.passages])
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        names = [name_of(one.id) for one in record.passages]
        for name, share in zip(names, shares, strict=True):
            if name is not None:
                weights[name] += float(share)
        best = names[int(np.argmax(scores))]
        if best is not None:
            favourites[best] += 1
    ranked = sorted(weights.items(), key=lambda one: -one[1])[:SHOWN]
    return [Reached(name, favourites[name], weight) for name, weight in ranked]


def _names(store: PassageStore) -> Callable[[str], str | None]:
    known: dict[str, str | None] = {}

    def name_of(id: str) -> str | None:
        if id not in known:
            row = store.row_of(id)
            known[id] = None if row is None else _name(store, row)
        return known[id]

    return name_of


def _name(store: PassageStore, row: int) -> str:
    """The file a passage is of, else its title, else its id."""
    passage = store[row]
    return document_source(passage.source).rpartition("/")[2] or passage.title or passage.id


def _unread(records: Collection[AnswerRecord], store: PassageStore) -> list[int]:
    """Rows of the newest corpus, of those in the open, that no question was ever read with."""
    read = bytearray(len(store))
    for id in {one.id for record in records for one in record.passages if one.row is not None}:
        row = store.row_of(id)
        if row is not None:
            read[row] = 1
    return [row for row in range(len(store)) if not read[row] and not store.guards.of_row(row)]
