"""The shapes the paper found, as orders of our own figures: does each show here?

A place is left for the reason where one does not (`reasons.json` beside the cells). Knows figures
and the claims; knows no training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot
from typing import NamedTuple

from benchmarks.reproduction.results import BOTH, Results, mean_interval
from benchmarks.reproduction.sizes import SPLITS

MISSING, DIFFERS, PAIRED = "·", "**differs**", "†"
Figure = tuple[str, str, str]  # table, row, figure


class Lead(NamedTuple):
    """Points by which a claim holds (below 0: does not), and how far off they may be.

    `paired`: by a bootstrap of the questions, 95%; else by the spread over seeds.
    """

    difference: float
    spread: float
    paired: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A claim of the paper as an order of our own figures."""

    id: str
    claim: str
    lead: Callable[[Results, str], Lead | None]  # None = not all of its cells are there


def compare(
    first: Figure, second: Figure, times: float = 1.0, less: float = 0.0
) -> Callable[[Results, str], Lead | None]:
    """By how much (table, row, figure) `first` is above so many times `second`, `less` points."""

    def lead(results: Results, split: str) -> Lead | None:
        values = results.pairs(first, second, split)
        if values is not None:
            middle, low, high = mean_interval([a - times * b for a, b in values])
            return Lead(middle + less, middle - low if middle + less > 0 else high - middle, True)
        a, b = (results.spread(table, row, split, figure) for table, row, figure in (first, second))
        if a is None or b is None:
            return None
        return Lead(a[0] - times * b[0] + less, hypot(a[1], times * b[1]))

    return lead


def rises(start: str, rounds: int, figure: str) -> Callable[[Results, str], Lead | None]:
    """By how much the round that gains least gains."""

    def lead(results: Results, split: str) -> Lead | None:
        gains = [
            compare(("table1", f"{start}-{n + 1}", figure), ("table1", f"{start}-{n}", figure))(
                results, split
            )
            for n in range(rounds)
        ]
        known = [gain for gain in gains if gain is not None]
        return min(known) if len(known) == rounds else None

    return lead


def best_of(
    table: str, row: str, figure: str, others: Sequence[str]
) -> Callable[[Results, str], Lead | None]:
    """By how much `row` is above the best of the others."""

    def lead(results: Results, split: str) -> Lead | None:
        rest = {one: results.spread(table, one, split, figure) for one in others if one != row}
        known = {one: value for one, value in rest.items() if value is not None}
        if len(known) < len(rest):
            return None
        best = max(known, key=lambda one: known[one])
        return compare((table, row, figure), (table, best, figure))(results, split)

    return lead


def worst_of(
    table: str, row: str, figure: str, others: Sequence[str]
) -> Callable[[Results, str], Lead | None]:
    """By how much the lowest of the others is above `row`."""

    def lead(results: Results, split: str) -> Lead | None:
        rest = {one: results.spread(table, one, split, figure) for one in others if one != row}
        known = {one: value for one, value in rest.items() if value is not None}
        if len(known) < len(rest):
            return None
        lowest = min(known, key=lambda one: known[one])
        return compare((table, lowest, figure), (table, row, figure))(results, split)

    return lead


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


def verdict(lead: Lead | None) -> str:
    """`holds` or `differs`, or `level` where the difference may as well be none; † is paired.

    >>> verdict(Lead(3.0, 1.0)), verdict(Lead(0.5, 1.0, True)), verdict(Lead(-3.0, 1.0))
    ('holds', 'level †', '**differs**')
    >>> verdict(None)
    '·'
    """
    if lead is None:
        return MISSING
    word = "holds" if lead.difference > 0 else DIFFERS
    if abs(lead.difference) <= lead.spread:
        word = "level"
    return f"{word} {PAIRED}" if lead.paired else word


def table_row(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"
