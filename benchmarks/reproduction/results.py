"""The cells that exist, read from their JSON files, as means and spreads over seeds.

Knows files and figures; knows no training and no page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.reproduction.sizes import SPLITS, Cell
from evaluation.intervals import mean_intervals

BOTH = "both"
Spread = tuple[float, float, int]  # mean and standard deviation in percent, seeds


@dataclass(frozen=True, slots=True)
class Results:
    """Cell -> its JSON, and every cell the page has a place for."""

    found: dict[Cell, dict[str, Any]]
    wanted: tuple[Cell, ...]

    @classmethod
    def read(cls, folder: Path, cells: Sequence[Cell]) -> Results:
        """Cells of the plan and further ones in the folder, such as more iterations."""
        bodies = [json.loads(path.read_text()) for path in sorted(folder.glob("*-seed*.json"))]
        found = {Cell(one["table"], one["row"], one["seed"]): one for one in bodies}
        return cls(found, tuple(dict.fromkeys([*cells, *found])))

    def rows(self, table: str) -> list[str]:
        return list(dict.fromkeys(cell.row for cell in self.wanted if cell.table == table))

    def spread(self, table: str, row: str, split: str, figure: str) -> Spread | None:
        """Over seeds; of BOTH splits together, which have the same number of questions."""
        splits = SPLITS if split == BOTH else (split,)
        seeds = [
            [body["figures"][one][figure] for one in splits]
            for cell, body in self.found.items()
            if (cell.table, cell.row) == (table, row)
        ]
        values = [100 * mean(shares) for shares in seeds if None not in shares]
        if not values:
            return None
        return mean(values), stdev(values) if len(values) > 1 else 0.0, len(values)

    def pairs(
        self, first: tuple[str, str, str], second: tuple[str, str, str], split: str
    ) -> list[tuple[float, float]] | None:
        """(first, second) of each question in percent, means over the seeds that both have.

        None where a cell keeps no values per question, as those made before 2026-11-26.
        """
        splits = SPLITS if split == BOTH else (split,)
        seeds = [
            {cell.seed for cell in self.found if (cell.table, cell.row) == one[:2]}
            for one in (first, second)
        ]
        shared = sorted(seeds[0] & seeds[1])
        columns = [
            [self._questions(one, splits, seed) for seed in shared] for one in (first, second)
        ]
        if not shared or any(None in column for column in columns):
            return None
        if len({len(own) for column in columns for own in column}) > 1:
            return None  # not the same questions
        means = [[100 * mean(own) for own in zip(*column, strict=True)] for column in columns]
        return list(zip(*means, strict=True))

    def _questions(
        self, one: tuple[str, str, str], splits: Sequence[str], seed: int
    ) -> list[float] | None:
        table, row, figure = one
        figures = self.found[Cell(table, row, seed)]["figures"]
        kept = [figures[split].get("per_question", {}).get(figure) for split in splits]
        return None if None in kept else [value for own in kept for value in own]


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean and the middle 95% of its bootstrap draws."""
    ends = mean_intervals({"one": values})["one"] or (mean(values), mean(values))
    return mean(values), *ends
