"""A reliability diagram: how often answers are right, by how sure the reader was of them.

Knows lines of readings; draws on a figure of its own, never on a screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.confidence.calibration import reliability


def draw(lines: Sequence[Mapping[str, Any]], path: Path) -> None:
    """SVG or PNG, by the path's ending; every point is a tenth of the questions."""
    sure = [line["confidence"] for line in lines]
    right = [line["answerable"] and bool(line["draft_em"]) for line in lines]
    bins = reliability(sure, right)
    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.scatter(
        [one.confidence for one in bins], [one.right for one in bins],
        s=60, color="#2b6cb0", zorder=3,
    )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share of right answers",
             title=f"{len(lines)} questions", aspect="equal")  # fmt: skip
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
