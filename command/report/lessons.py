"""What the last round learnt: logged questions searched as before it and as now, side by side.

Knows generations and records; knows no HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reread.artefacts.generation import Generation
from reread.records import AnswerRecord, Passage

DEPTH = 20  # a favourite beyond it counts as not found
SHOWN_PASSAGES = 3
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Lesson:
    """One question; ranks are the favourite's, from 1, None where it is not among the first."""

    question: str
    favourite: str  # what the reader leaned on most, or a person marked
    before: int | None
    after: int | None
    first_before: tuple[str, ...]  # titles
    first_after: tuple[str, ...]

    @property
    def gain(self) -> float:
        """How much nearer to the first place, by reciprocal rank."""
        return (1 / self.after if self.after else 0.0) - (1 / self.before if self.before else 0.0)


@dataclass(frozen=True, slots=True)
class Lessons:
    """Two generations on the same questions."""

    old: int
    new: int
    questions: int
    first_before: int  # questions whose favourite came first
    first_after: int
    gained: Sequence[Lesson]  # the most first
    lost: Sequence[Lesson]


def compare(
    before: Generation,
    after: Generation,
    records: Sequence[AnswerRecord],
    favourites: Sequence[str],
) -> Lessons:
    """`favourites` are passage ids, one for each record."""
    asked = [one.question for one in records]
    lessons = [
        _lesson(question, favourite, old, new)
        for question, favourite, old, new in zip(
            asked, favourites, _tops(before, asked), _tops(after, asked), strict=True
        )
    ]
    ranked = sorted(lessons, key=lambda one: -one.gain)
    return Lessons(
        old=before.number,
        new=after.number,
        questions=len(lessons),
        first_before=sum(one.before == 1 for one in lessons),
        first_after=sum(one.after == 1 for one in lessons),
        gained=[one for one in ranked[:SHOWN] if one.gain > 0],
        lost=[one for one in ranked[::-1][:SHOWN] if one.gain < 0],
    )


def _tops(generation: Generation, asked: Sequence[str]) -> list[list[Passage]]:
    found = generation.search(asked, min(DEPTH, len(generation.passages)))
    return [generation.passages.get([hit.row for hit in hits]) for hits in found]


def _lesson(
    question: str, favourite: str, old: Sequence[Passage], new: Sequence[Passage]
) -> Lesson:
    named = {one.id: one.title or one.id for one in (*old, *new)}
    return Lesson(
        question, named.get(favourite, favourite), _rank(favourite, old), _rank(favourite, new),
        _titles(old), _titles(new),
    )  # fmt: skip


def _rank(id: str, found: Sequence[Passage]) -> int | None:
    return next((place for place, one in enumerate(found, 1) if one.id == id), None)


def _titles(found: Sequence[Passage]) -> tuple[str, ...]:
    return tuple(one.title or one.id for one in found[:SHOWN_PASSAGES])
