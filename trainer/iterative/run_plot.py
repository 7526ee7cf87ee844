"""One run's curves: R@k of what was retrieved and EM of the reader, over its iterations.

Knows the metrics that a run writes; knows no file format of figures and no model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.iterative.plots import Line, Panel, draw

Metrics = dict[str, Any]


def plot_run(metrics: Sequence[Metrics], path: Path) -> list[Path]:
    """Recall on the left, EM and F1 on the right, in percent; at `path` as .svg and .png."""
    numbers = [one["iteration"] for one in metrics]
    return draw([_recall_panel(numbers, metrics), _answer_panel(numbers, metrics)], path)


def _recall_panel(numbers: list[float], metrics: Sequence[Metrics]) -> Panel:
    depths = list(metrics[0]["retrieved"]["answer"]) if metrics else []
    lines = [
        Line(f"R@{k}", numbers, [_percent(one["retrieved"]["answer"][k]) for one in metrics])
        for k in depths
    ]
    shown = [line for line in lines if any(y is not None for y in line.y)]
    count = metrics[0]["retrieved"]["questions"] if metrics else 0
    title = f"Retrieval ({count} validation questions)"
    return Panel(title, "iteration", "answer in the first k, %", shown)


def _answer_panel(numbers: list[float], metrics: Sequence[Metrics]) -> Panel:
    lines = [
        Line(name, numbers, [_percent(one["validation"][key]) for one in metrics])
        for name, key in (("EM", "em"), ("F1", "f1"))
    ]
    count = metrics[0]["validation"]["questions"] if metrics else 0
    return Panel(f"Reader ({count} validation questions)", "iteration", "%", lines)


def _percent(value: float | None) -> float | None:
    return None if value is None else 100.0 * value
