"""The shapes the paper found, as orders of our own figures: does each show here?

A place is left for the reason where one does not (`reasons.json` beside the cells). Knows figures
and the claims; knows no training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.reproduction.estimates import Estimate
from benchmarks.reproduction.results import BOTH, Figure, Results
from benchmarks.reproduction.sizes import SPLITS

MISSING, DIFFERS, BY_QUESTION, UNSURE = "·", "**differs**", "†", "?"
Lead = Callable[[Results, str], Estimate | None]  # points by which a claim holds; below 0: it fails


@dataclass(frozen=True, slots=True)
class Shape:
    """A claim of the paper as an order of our own figures."""

    id: str
    claim: str
    lead: Lead  # None = not all of its cells are there


def compare(first: Figure, second: Figure, times: float = 1.0, less: float = 0.0) -> Lead:
    """By how much (table, row, figure) `first` is above so many times `second`, `less` points."""

    def lead(results: Results, split: str) -> Estimate | None:
        found = results.difference(first, second, split, times)
        return None if found is None else moved(found, less)

    return lead


def moved(one: Estimate, points: float) -> Estimate:
    ends = one.interval
    shifted = None if ends is None else (ends[0] + points, ends[1] + points)
    return one._replace(middle=one.middle + points, interval=shifted)


def rises(start: str, rounds: int, figure: str) -> Lead:
    """By how much the round that gains least gains."""

    def lead(results: Results, split: str) -> Estimate | None:
        gains = [
            compare(("table1", f"{start}-{n + 1}", figure), ("table1", f"{start}-{n}", figure))(
                results, split
            )
            for n in range(rounds)
        ]
        known = [gain for gain in gains if gain is not None]
        return min(known, key=lambda one: one.middle) if len(known) == rounds else None

    return lead


def best_of(table: str, row: str, figure: str, others: Sequence[str]) -> Lead:
    """By how much `row` is above the best of the others."""

    def lead(results: Results, split: str) -> Estimate | None:
        known = others_of(results, split, (table, row, figure), others)
        if known is None:
            return None
        best = max(known, key=lambda one: known[one])
        return compare((table, row, figure), (table, best, figure))(results, split)

    return lead


def worst_of(table: str, row: str, figure: str, others: Sequence[str]) -> Lead:
    """By how much the lowest of the others is above `row`."""

    def lead(results: Results, split: str) -> Estimate | None:
        known = others_of(results, split, (table, row, figure), others)
        if known is None:
            return None
        lowest = min(known, key=lambda one: known[one])
        return compare((table, lowest, figure), (table, row, figure))(results, split)

    return lead


def others_of(
    results: Results, split: str, one: Figure, others: Sequence[str]
) -> dict[str, float] | None:
    """The means of the other rows; None where one is missing."""
    table, row, figure = one
    rest = {name: results.estimate(table, name, split, figure) for name in others if name != row}
    known = {name: found.middle for name, found in rest.items() if found is not None}
    return known if len(known) == len(rest) else None


def shapes_table(results: Results, reasons: dict[str, str], shapes: Sequence[Shape]) -> str:
    lines = [
        "| claim (the paper's figures) | articles | questions | both | where it differs, why |",
        "| --- | --- | --- | --- | --- |",
    ]
    for shape in shapes:
        words = [verdict(shape.lead(results, split)) for split in (*SPLITS, BOTH)]
        reason = reasons.get(shape.id, "")
        if any(one.startswith(DIFFERS) for one in words) and not reason:
            reason = f"*no reason established yet (`reasons.json`: `{shape.id}`)*"
        lines.append(table_row([shape.claim, *words, reason]))
    return "\n".join(lines)


def verdict(lead: Estimate | None) -> str:
    """`holds` or `differs`, or `level` where the interval holds 0; † is paired by question.

    >>> verdict(Estimate(3.0, (1.0, 5.0))), verdict(Estimate(0.5, (-1.0, 2.0), True))
    ('holds', 'level †')
    >>> verdict(Estimate(-3.0, (-4.0, -2.0))), verdict(Estimate(3.0, None)), verdict(None)
    ('**differs**', 'holds ?', '·')
    """
    if lead is None:
        return MISSING
    low, high = lead.interval or (lead.middle, lead.middle)
    word = "level" if low <= 0 <= high else "holds" if lead.middle > 0 else DIFFERS
    if lead.interval is None:
        return f"{word} {UNSURE}"
    return f"{word} {BY_QUESTION}" if lead.by_question else word


def table_row(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"
