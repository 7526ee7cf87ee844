"""Figures of readings with their intervals, by set and by kind. Knows lines; knows no reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from evaluation.confidence.calibration import auroc, expected_error, reliability
from evaluation.intervals import mean_intervals

Line = Mapping[str, Any]
Value = Callable[[Line], float | None]


def share(name: str) -> Value:
    """A column as it stands."""
    return lambda line: None if line[name] is None else float(line[name])


COLUMNS: dict[str, Value] = {
    "em": lambda line: line["em"] if line["answerable"] else None,
    "f1": lambda line: line["f1"] if line["answerable"] else None,
    "refused": lambda line: float(not line["found"]),
    "verbatim": share("verbatim"),
    "right_first": lambda line: None if line["rank"] is None else float(line["rank"] == 1),
}
EVIDENCE = tuple(
    f"{by}_{what}" for by in ("attention", "retrieval") for what in ("without_first", "first_alone")
)


def by_set(lines: Sequence[Line], name: str = "set") -> list[dict[str, Any]]:
    """A row for every set (or kind): counts, figures, 95% intervals, median milliseconds."""
    rows = []
    for value in dict.fromkeys(line[name] for line in lines):
        own = [line for line in lines if line[name] == value]
        table = {column: [of(line) for line in own] for column, of in COLUMNS.items()}
        table |= {
            one: [float(line["evidence"][one]) if one in line.get("evidence", {}) else None
                  for line in own]
            for one in EVIDENCE
        }  # fmt: skip
        rows.append({
            name: value, "questions": len(own), **with_intervals(table),
            "ms": round(1000 * median(line["seconds"] for line in own), 1),
        })  # fmt: skip
    return rows


def with_intervals(table: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    """{figure: [mean, low, high, n]} in percent, of those that some question has."""
    ends = mean_intervals(table)
    found = {}
    for name, column in table.items():
        values = [one for one in column if one is not None]
        if values:
            low, high = ends[name] or (values[0], values[0])
            mean = sum(values) / len(values)
            found[name] = [*(round(100 * one, 1) for one in (mean, low, high)), len(values)]
    return found


def of_confidence(lines: Sequence[Line]) -> dict[str, float]:
    """How confidence tells right answers from wrong ones and unanswerable questions; its error."""
    said = [line for line in lines if line["answerable"]]
    right = [bool(line["draft_em"]) for line in said]
    every = [line["answerable"] and bool(line["draft_em"]) for line in lines]
    sure = [line["confidence"] for line in lines]
    return {
        "auroc_right_wrong": round(auroc([line["confidence"] for line in said], right), 3),
        "auroc_right_all": round(auroc(sure, every), 3),
        "ece": round(expected_error(reliability(sure, every)), 3),
    }


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for row in rows:
        lines.append("| " + " | ".join(_cell(row.get(name)) for name in names) + " |")
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return f"{value[0]} ({value[1]}-{value[2]})"
    return "" if value is None else str(value)
