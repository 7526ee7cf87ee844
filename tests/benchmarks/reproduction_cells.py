"""Cells of the reproduction as files, with figures that a test says."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.reproduction.sizes import Cell, Sizes, plain


def cell(folder: Path, table: str, row: str, seed: int, recall: float, em: float) -> Path:
    """The same in both splits, without values per question."""
    one = {"R@1": recall, "R@5": recall, "R@20": recall, "R@100": None, "EM": em, "F1": em}
    figures = {split: {**one, "measured": 10, "answered": 5} for split in ("articles", "questions")}
    body = {
        "table": table, "row": row, "seed": seed, "sizes": plain(Sizes(), Cell(table, row, seed)),
        "seconds": 60.0, "figures": figures,
    }  # fmt: skip
    path = folder / Cell(table, row, seed).file
    path.write_text(json.dumps(body))
    return path


def keep_questions(path: Path, split: str, figure: str, values: Sequence[float]) -> None:
    """Give a cell its values question by question."""
    body = json.loads(path.read_text())
    body["figures"][split] |= {figure: sum(values) / len(values)}
    body["figures"][split].setdefault("per_question", {})[figure] = list(values)
    path.write_text(json.dumps(body))
