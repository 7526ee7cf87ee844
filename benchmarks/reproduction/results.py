"""The cells that exist, read from their JSON files, as means with intervals.

Knows files and figures; knows no training and no page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.reproduction.estimates import Estimate, over_questions, over_seeds
from benchmarks.reproduction.sizes import SPLITS, Cell

BOTH = "both"
Figure = tuple[str, str, str]  # table, row, figure


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

    def seeds(self, table: str, row: str) -> list[int]:
        return sorted(c.seed for c in self.found if (c.table, c.row) == (table, row))

    def estimate(self, table: str, row: str, split: str, figure: str) -> Estimate | None:
        """A figure in percent; of BOTH splits together, which have as many questions each."""
        one = (table, row, figure)
        by_seed = self.by_seed(one, split)
        if not by_seed:
            return None
        questions = self.by_question(one, split, list(by_seed))
        if questions is not None:
            return over_questions(questions)
        found = over_seeds(list(by_seed.values()))
        return found if found.interval is None else found._replace(interval=held(found.interval))

    def difference(
        self, first: Figure, second: Figure, split: str, times: float
    ) -> Estimate | None:
        """By how many points `first` is above so many times `second`, over the seeds of both.

        Paired by question where the cells keep values per question, as those made before
        2026-11-26 do not, and by seed otherwise: a seed's rows share their training questions.
        """
        values = [self.by_seed(one, split) for one in (first, second)]
        shared = [seed for seed in values[0] if seed in values[1]]
        if not shared:
            return None
        questions = [self.by_question(one, split, shared) for one in (first, second)]
        a, b = questions
        if a is not None and b is not None and len(a) == len(b):
            return over_questions([x - times * y for x, y in zip(a, b, strict=True)])
        return over_seeds([values[0][seed] - times * values[1][seed] for seed in shared])

    def by_seed(self, one: Figure, split: str) -> dict[int, float]:
        """The figure of each seed that has it, in percent."""
        table, row, figure = one
        found = {}
        for seed in self.seeds(table, row):
            figures = self.found[Cell(table, row, seed)]["figures"]
            shares = [figures[name].get(figure) for name in splits_of(split)]
            if None not in shares:
                found[seed] = 100 * mean(shares)
        return found

    def by_question(self, one: Figure, split: str, seeds: Sequence[int]) -> list[float] | None:
        """The figure of each question in percent, its mean over the seeds; None = not kept."""
        table, row, figure = one
        columns = [
            column_of(self.found[Cell(table, row, seed)]["figures"], split, figure)
            for seed in seeds
        ]
        known = [column for column in columns if column is not None]
        if len(known) < len(columns) or len({len(column) for column in known}) != 1:
            return None
        return [100 * mean(own) for own in zip(*known, strict=True)]


def splits_of(split: str) -> tuple[str, ...]:
    return SPLITS if split == BOTH else (split,)


def column_of(figures: Mapping[str, Any], split: str, figure: str) -> list[float] | None:
    """One cell's values question by question, split after split."""
    kept = [figures[name].get("per_question", {}).get(figure) for name in splits_of(split)]
    return None if None in kept else [value for own in kept for value in own]


def held(interval: tuple[float, float]) -> tuple[float, float]:
    """A share is neither below 0 nor above 100, whatever Student's t says.

    >>> held((98.0, 101.5))
    (98.0, 100.0)
    """
    return max(0.0, interval[0]), min(100.0, interval[1])
