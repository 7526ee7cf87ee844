"""The page's two plots: iterations beside the paper's, and EM with fewer passages.

Knows results and plots; knows no Markdown and no claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.reproduction.estimates import Estimate
from benchmarks.reproduction.paper_figures import TABLE_1
from benchmarks.reproduction.results import Results
from benchmarks.reproduction.sizes import SPLITS
from trainer.iterative.plots import Line, Panel, draw

BARS = "95% intervals"
CURVES = {"bm25": ("BM25", "BM25"), "untrained": ("untrained", "BERT"), "dpr": ("DPR-style", "DPR")}


def draw_plots(results: Results, stem: Path) -> list[Path]:
    """Both as .svg (returned) and .png."""
    over = stem.with_name(f"{stem.name}-iterations")
    fewer = stem.with_name(f"{stem.name}-fewer-passages")
    panels = [
        iteration_panel(results, "R@20", f"Answer in the first 20, unseen articles, {BARS}"),
        iteration_panel(results, "EM", f"Exact match, unseen articles, {BARS}"),
    ]
    return [
        draw(panels, over)[0],
        draw([fewer_panel(results, split) for split in SPLITS], fewer)[0],
    ]


def iteration_panel(results: Results, figure: str, title: str) -> Panel:
    lines = []
    for start, (name, _) in CURVES.items():
        rows = [row for row in results.rows("table1") if row.startswith(f"{start}-")]
        points = [results.estimate("table1", row, SPLITS[0], figure) for row in rows]
        numbers = [int(row.rpartition("-")[2]) for row in rows]
        lines.append(line_of(f"from {name}, here", numbers, points))
    for start, (_, name) in CURVES.items():
        theirs = [figures[figure] for figures in TABLE_1[start]]
        lines.append(Line(f"from {name}, paper (NQ)", range(len(theirs)), theirs, dashed=True))
    return Panel(title, "iteration", f"{figure}, %", lines)


def fewer_panel(results: Results, split: str) -> Panel:
    lines = []
    for order, name in (("attention", "by attention"), ("retriever", "by BM25")):
        rows = [*(f"{order}-{k}" for k in (1, 2, 5, 10)), "all"]
        points = [results.estimate("section32", row, split, "EM") for row in rows]
        lines.append(line_of(name, [1, 2, 5, 10, 20], points))
    title = f"First k of 20 passages, {split}, {BARS}"
    return Panel(title, "passages read", "EM, %", lines)


def line_of(name: str, x: Sequence[float], points: Sequence[Estimate | None]) -> Line:
    """A point that was not worked out is a gap, one without an interval has no bar."""
    values = [None if one is None else one.middle for one in points]
    return Line(name, x, values, [None if one is None else one.interval for one in points])
