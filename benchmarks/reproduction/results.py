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
