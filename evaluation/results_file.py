"""Results files: what `reread evaluate --results` writes and `--compare` reads, a line a question.

A line holds `id`, `question`, `answer`, the ranks, the `retrieved` ids and `metrics`: every figure
of that question under its flat name, null where the question has none. Every line names the same
figures. Knows nothing of how they were measured.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reread.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Results:
    """One file; `columns` hold one value per question, in the order of `ids`."""

    path: Path
    ids: tuple[str, ...]
    questions: tuple[str, ...]
    columns: dict[str, tuple[float | None, ...]]


def write_results(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """One JSON object per question."""
    texts = [json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")


def read_results(path: Path) -> Results:
    """The whole file, or BadRequest with the number of the first line that cannot be used."""
    try:
        texts = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"Cannot read the results file {path} ({error}).") from error
    rows = [(n, _parse(path, n, text)) for n, text in enumerate(texts, 1) if text.strip()]
    if not rows:
        raise BadRequest(f"{path} holds no results; write it with `reread evaluate --results`.")
    _refuse_repeated_ids(path, rows)
    names = list(rows[0][1]["metrics"])
    for number, row in rows:
        _check_names(path, number, row["metrics"], names)
    return Results(
        path=path,
        ids=tuple(row["id"] for _, row in rows),
        questions=tuple(str(row.get("question", "")) for _, row in rows),
        columns={name: tuple(row["metrics"][name] for _, row in rows) for name in names},
    )


def _parse(path: Path, number: int, text: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadRequest(f"{path}, line {number} is not JSON ({error}).") from error
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise BadRequest(f"{path}, line {number} is no JSON object with a text as `id`.")
    metrics = row.get("metrics")
    if not isinstance(metrics, dict) or not metrics:
        raise BadRequest(
            f"{path}, line {number} has no `metrics`; "
            f"write the file again with `reread evaluate --results`."
        )
    for name, value in metrics.items():
        if value is not None and not _is_number(value):
            raise BadRequest(f"{path}, line {number}: {name} is {value!r}, not a number or null.")
    return row


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _refuse_repeated_ids(path: Path, rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
    first: dict[str, int] = {}
    for number, row in rows:
        if row["id"] in first:
            raise BadRequest(
                f"{path}, line {number} repeats the id {row['id']!r} of line {first[row['id']]}; "
                f"questions are matched by id, so give each its own."
            )
        first[row["id"]] = number


def _check_names(path: Path, number: int, metrics: dict[str, Any], wanted: list[str]) -> None:
    differing = sorted(set(metrics) ^ set(wanted))
    if differing:
        raise BadRequest(
            f"{path}, line {number} and the first line do not both hold {', '.join(differing)}; "
            f"write the file again with `reread evaluate --results`."
        )
