"""The cells that exist, read from their files: figures with intervals, and paired differences.

A figure of a question is its mean over the seeds; intervals are of bootstrap draws of questions.
Knows files and numbers; knows no model and no page.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.teachers.plan import Cell
from evaluation.intervals import mean_intervals

Row = tuple[str, str, str, int]


def ndcg_at_10(rank: int) -> float:
    """Of one right passage; rank 0 is not found.

    >>> [round(ndcg_at_10(rank), 3) for rank in (1, 3, 10, 11, 0)]
    [1.0, 0.5, 0.289, 0.0, 0.0]
    """
    return 1 / math.log2(1 + rank) if 1 <= rank <= 10 else 0.0


FIGURES: dict[str, Callable[[int], float]] = {
    "nDCG@10": ndcg_at_10,
    "MRR@10": lambda rank: 1 / rank if 1 <= rank <= 10 else 0.0,
    "R@1": lambda rank: float(rank == 1),
    "R@5": lambda rank: float(1 <= rank <= 5),
    "R@20": lambda rank: float(1 <= rank <= 20),
}


@dataclass(frozen=True, slots=True)
class Interval:
    """In percent, or points of a difference."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Results:
    found: dict[Cell, dict[str, Any]]
    wanted: tuple[Cell, ...]
    costs: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, folder: Path, cells: Sequence[Cell]) -> Results:
        bodies = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
        found = {Cell(**one["cell"]): one for one in bodies if "cell" in one}
        costs = {one["cost"]: one for one in bodies if "cost" in one}
        return cls(found, tuple(dict.fromkeys([*cells, *found])), costs)

    def rows(self) -> list[Row]:
        return list(dict.fromkeys(cell.row for cell in self.wanted))

    def seeds(self, row: Row) -> list[int]:
        return sorted(cell.seed for cell in self.found if cell.row == row)

    def missing(self) -> list[Cell]:
        return [cell for cell in self.wanted if cell not in self.found]

    def per_question(self, row: Row, figure: str, seeds: Sequence[int]) -> list[float]:
        """One value per measured question: its mean over these seeds."""
        ranks = [self.found[Cell(*row, seed)]["ranks"] for seed in seeds]
        score = FIGURES[figure]
        return [mean(score(rank) for rank in own) for own in zip(*ranks, strict=True)]

    def figure(self, row: Row, figure: str) -> Interval | None:
        seeds = self.seeds(row)
        return _interval(self.per_question(row, figure, seeds)) if seeds else None

    def lead(self, first: Row, second: Row, figure: str) -> Interval | None:
        """By how much `first` is above `second` on the same questions and seeds."""
        shared = sorted({*self.seeds(first)} & {*self.seeds(second)})
        if not shared:
            return None
        pairs = zip(
            self.per_question(first, figure, shared), self.per_question(second, figure, shared),
            strict=True,
        )  # fmt: skip
        return _interval([a - b for a, b in pairs])


def _interval(values: Sequence[float]) -> Interval:
    ends = mean_intervals({"one": values})["one"] or (mean(values), mean(values))
    return Interval(*(100 * one for one in (mean(values), *ends)))
