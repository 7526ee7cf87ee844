"""What the papers found, as differences of our own figures: does each show here?

Knows figures and rows; knows no model and no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.teachers.plan import (
    BATCH,
    HARD,
    LABELS,
    LIST,
    NETS,
    NOBODY,
    NONE,
    PAIRS,
    STUDENTS,
    TEACHERS,
)
from benchmarks.teachers.results import FIGURES, Interval, Results, Row

HOLDS, DIFFERS, OPEN, MISSING = "holds", "**does not hold**", "cannot be told", "·"
FASTER, SMALLER = 12.0, 20.0  # arXiv 1911.11065, abstract


@dataclass(frozen=True, slots=True)
class Claim:
    """`first` is above `second` in every figure; `or_level`: at least not below it."""

    words: str
    first: Row
    second: Row
    or_level: bool = False


def all_claims() -> list[Claim]:
    claims = [
        Claim(f"{net} taught by {teacher} beats {net} on hard labels",
              (teacher, net, LIST, 1), (LABELS, net, HARD, 1))
        for teacher in TEACHERS for net in NETS
    ]  # fmt: skip
    claims += [
        Claim(f"The same, {net} and {teacher}, both with the in-batch term",
              (teacher, net, BATCH, 1), (LABELS, net, BATCH, 1))
        for teacher in TEACHERS for net in NETS
    ]  # fmt: skip
    claims += [
        Claim(f"{student} taught by {teacher}, {words}, beats {student} untaught",
              (teacher, student, objective, 1), (NOBODY, student, NONE, 0))
        for teacher in TEACHERS for student in STUDENTS
        for words, objective in (("list alone", LIST), ("all three terms", PAIRS))
    ]  # fmt: skip
    for teacher in TEACHERS:
        for student in STUDENTS:
            pairs = (teacher, student, PAIRS, 1)
            name = f"{student}, {teacher}: pairs and list beat"
            claims.append(Claim(f"{name} the list alone", pairs, (teacher, student, LIST, 1)))
            claims.append(
                Claim(f"{name} list and in-batch term", pairs, (teacher, student, BATCH, 1))
            )
    claims += [
        Claim(f"{student}, {teacher}: a second iteration is no worse",
              (teacher, student, LIST, 2), (teacher, student, LIST, 1), or_level=True)
        for teacher in TEACHERS for student in STUDENTS
    ]  # fmt: skip
    return claims


def verdict(lead: Interval | None, *, or_level: bool = False) -> str:
    """By the 95% interval of the paired difference.

    >>> verdict(Interval(2.0, 0.5, 3.0)), verdict(Interval(2.0, -0.5, 3.0)), verdict(None)
    ('holds', 'cannot be told', '·')
    >>> verdict(Interval(0.0, -1.0, 1.0), or_level=True), verdict(Interval(-2.0, -3.0, -0.5))
    ('holds', '**does not hold**')
    """
    if lead is None:
        return MISSING
    if lead.high < 0:
        return DIFFERS
    if lead.low > 0 or (or_level and lead.middle >= 0):
        return HOLDS
    return OPEN


def every(verdicts: Sequence[str]) -> str:
    """Of all figures together: as the worst of them.

    >>> every(["holds", "cannot be told"]), every(["holds", "**does not hold**", "·"])
    ('cannot be told', '·')
    """
    return next((one for one in (MISSING, DIFFERS, OPEN) if one in verdicts), HOLDS)


def leads(results: Results, claim: Claim) -> dict[str, Interval | None]:
    return {name: results.lead(claim.first, claim.second, name) for name in FIGURES}


@dataclass(frozen=True, slots=True)
class Economy:
    """How much faster and smaller a net is than its teacher."""

    student: str
    teacher: str
    passages: float  # times as many passages a second
    questions: float  # times less time for a question
    parameters: float  # times fewer

    @property
    def verdict(self) -> str:
        return HOLDS if self.passages >= FASTER and self.parameters >= SMALLER else DIFFERS


def economies(results: Results) -> list[Economy]:
    known = results.costs
    return [
        Economy(
            net, teacher,
            known[net]["passages_per_s"] / known[teacher]["passages_per_s"],
            known[teacher]["question_us"] / known[net]["question_us"],
            known[teacher]["parameters"] / known[net]["parameters"],
        )
        for teacher in TEACHERS for net in NETS if teacher in known and net in known
    ]  # fmt: skip
