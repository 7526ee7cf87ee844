"""What `reread distill` shows at its end: a line per iteration, and where everything is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def show_run(
    console: Console,
    metrics: Sequence[Mapping[str, Any]],  # the lines of metrics.jsonl
    output: Path,
    interaction: str | None,
) -> None:
    table = Table("iteration", "R@1", "R@5", "R@20", "R@100", "EM", "F1", "top-1 agreement", "min")
    for one in metrics:
        recall = one["retrieved"]["answer"].values()
        answers = one["validation"]
        shares = [*recall, answers["em"], answers["f1"], answers["agreement"]["top_1_agreement"]]
        minutes = sum(one["seconds"].values()) / 60
        table.add_row(str(one["iteration"]), *map(_percent, shares), f"{minutes:.1f}")
    console.print(table)
    last = len(metrics) - 1
    console.print(f"Reader:    {output / f'iteration-{last}' / 'reader'}")
    if last > 0:
        kind = f" ({interaction})" if interaction else ""
        console.print(f"Retriever: {output / f'iteration-{last - 1}' / 'retriever'}{kind}")
    console.print(f"Figures:   {output / 'metrics.jsonl'}, {output / 'iterations.svg'}")


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
