"""Draws figures over iterations: recall, exact match, and their intervals, as SVG and PNG.

The only module that imports matplotlib; draws on figures of its own, never on a screen. Knows
numbers and names; knows no run, no model and no question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, GRID = "#22303c", "#dfe5ea"
COLOURS = ("#0b6e99", "#d9730d", "#5a8f3c", "#9065b0", "#c4314b", "#7a6a53")
_METADATA = {".svg": {"Date": None}, ".png": {"Software": None}}
MANY = 4  # more curves leave no room for their names
MARKS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True, slots=True)
class Line:
    """One curve; None leaves a gap. `ends` are its error bars' lower and upper ones, or None."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    ends: Sequence[tuple[float, float] | None] | None = None
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes with its curves."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    whole_x: bool = True  # iterations and ranks have no halves


def draw(panels: Sequence[Panel], path: Path, *, title: str = "") -> list[Path]:
    """Panels side by side at `path` with .svg and .png in its suffix's place."""
    figure = Figure(figsize=(4.6 * len(panels), 3.7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for panel, ax in zip(panels, axes, strict=True):
        _draw_panel(panel, ax)
    if title:
        figure.suptitle(title, fontsize=12, color=INK, x=0.01, ha="left", fontweight="bold")
    written = [path.with_suffix(kind) for kind in (".svg", ".png")]
    # Without a date and with a fixed salt, the same figures give the same files.
    with rc_context({"svg.hashsalt": "reread"}):
        for one in written:
            figure.savefig(one, dpi=160, metadata=_METADATA[one.suffix])
    return written


def _draw_panel(panel: Panel, ax: Axes) -> None:
    for place, line in enumerate(panel.lines):
        _draw_line(line, place, ax)
    ax.set_title(panel.title, fontsize=10.5, color=INK, loc="left")
    ax.set_xlabel(panel.x_label, fontsize=9.5, color=INK)
    ax.set_ylabel(panel.y_label, fontsize=9.5, color=INK)
    ax.tick_params(labelsize=8.5, colors=INK, length=0)
    ax.grid(color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(GRID)
    if panel.whole_x:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    _draw_legend(ax)


def _draw_legend(ax: Axes) -> None:
    """Among few curves where there is room, under the axes where they are many."""
    curves = len(ax.get_legend_handles_labels()[0])
    below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 2}
    if curves:
        place = below if curves > MANY else {}
        ax.legend(fontsize=8, frameon=False, labelcolor=INK, handlelength=2.2, **place)


def reach_of(y: float, ends: tuple[float, float] | None) -> tuple[float, float]:
    """How far a bar goes below and above its point; NaN draws none.

    >>> reach_of(2.0, (1.0, 5.0)), reach_of(2.0, None)
    ((1.0, 3.0), (nan, nan))
    """
    return (nan, nan) if ends is None else (max(0.0, y - ends[0]), max(0.0, ends[1] - y))


def _draw_line(line: Line, place: int, ax: Axes) -> None:
    ends = line.ends or [None] * len(line.x)
    known = [(x, y, bar) for x, y, bar in zip(line.x, line.y, ends, strict=True) if y is not None]
    if not known:
        return
    bars = None if line.ends is None else np.array([reach_of(y, bar) for _, y, bar in known]).T
    ax.errorbar(
        [x for x, _, _ in known], [y for _, y, _ in known], yerr=bars,
        label=line.name, color=COLOURS[place % len(COLOURS)], marker=MARKS[place % len(MARKS)],
        markersize=4.5, linewidth=1.8, linestyle="--" if line.dashed else "-", capsize=2.5,
        elinewidth=1.0,
    )  # fmt: skip
