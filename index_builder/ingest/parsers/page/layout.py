"""Runs of a page -> columns, rows and tables in the order a person reads them.

What stands together on the page belongs together, whatever the order in the file. Knows places
and sizes, no PDF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from index_builder.ingest.parsers.page.characters import Run

COLUMN_ROWS = 3  # fewer rows on a side make no column
COLUMN_WORDS = 3.2  # words per run: below this, and in rows, it is a table
SENTENCE = 4  # words: cells of a table seldom have as many in every one
TABLE_ROWS = 3
APART = 1.5  # of the widest step between two rows: more begins another table
GUTTER = 0.7  # of a line's height
MOST_DEPTH = 6
NUMBER = re.compile(r"^\D{0,3}\d[\d.,:/ ]*\D{0,3}$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of running text; `gap`: the space above it, in heights of a line."""

    text: str
    height: float
    gap: float
    fills: float  # how much of its column it fills, 0..1


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of cells."""

    rows: tuple[tuple[str, ...], ...]


def read_layout(runs: Sequence[Run]) -> list[Line | TableRows]:
    """Everything on the page, in reading order."""
    return [part for column in _columns(list(runs), 0) for part in _column(column)]


def _columns(runs: list[Run], depth: int) -> Iterator[list[Run]]:
    """Groups of runs to be read one after the other, each from top to bottom."""
    edge = _gutter(runs) if depth < MOST_DEPTH else None
    if edge is None:
        yield runs
        return
    for crossing, band in _bands(runs, edge):
        left = [run for run in band if run.left < edge - 1]
        right = [run for run in band if run.left >= edge - 1]
        if crossing or not _are_columns(left, right):
            yield from _columns(band, depth + 1) if len(band) < len(runs) else [band]
        else:
            yield from _columns(left, depth + 1)
            yield from _columns(right, depth + 1)


def _gutter(runs: list[Run]) -> float | None:
    """Where a column begins: a left edge shared by rows, free of text on its left."""
    least = COLUMN_ROWS
    if all(len(run.text.split()) >= SENTENCE for run in runs):
        least = 2  # the ends of two columns of running text
    if len(runs) < 2 * least:
        return None
    height = median(run.height for run in runs)
    best: tuple[int, float] | None = None
    for edge in {round(run.left) for run in runs}:
        at = [run for run in runs if abs(run.left - edge) <= 2]
        if len(at) < least:
            continue
        low, high = min(run.bottom for run in at), max(run.top for run in at)
        left = [run for run in runs if run.left < edge - 2 and low < run.top and run.bottom < high]
        free = [run for run in left if run.right <= edge - GUTTER * height]
        if len(free) < least or len(free) < 0.7 * len(left):
            continue
        score = min(len(at), len(free))
        if best is None or score > best[0]:
            best = (score, float(edge))
    return None if best is None else best[1]


def _bands(runs: list[Run], edge: float) -> list[tuple[bool, list[Run]]]:
    """From top to bottom: runs across the gutter and runs beside it, as they alternate."""
    bands: list[tuple[bool, list[Run]]] = []
    for run in sorted(runs, key=lambda run: (-run.top, run.left)):
        crossing = run.left < edge - 1 and run.right > edge + 1
        if not bands or bands[-1][0] != crossing:
            bands.append((crossing, []))
        bands[-1][1].append(run)
    return bands


def _are_columns(left: list[Run], right: list[Run]) -> bool:
    """Running text side by side; cells of a table are short and stand in rows."""
    if min(len(left), len(right)) < 2:
        return False
    beside = sum(any(abs(one.bottom - run.bottom) < 2 for one in left) for run in right)
    words = [len(run.text.split()) for run in (*left, *right)]
    numbers = sum(bool(NUMBER.match(run.text.strip())) for run in (*left, *right))
    short = sum(words) / len(words) < COLUMN_WORDS or numbers > 0.3 * len(words)
    return not (short and beside >= 0.6 * len(right))


def _column(runs: list[Run]) -> Iterator[Line | TableRows]:
    rows = _rows(runs)
    if not rows:
        return
    start = min(run.left for run in runs)
    width = max(1.0, max(run.right for run in runs) - start)
    waiting: list[list[Run]] = []
    before: list[Run] | None = None
    for row in [*rows, None]:
        if row is not None and len(row) > 1 and (not waiting or _fits(row, waiting)):
            waiting.append(row)
            continue
        if waiting and row is not None and _continues(row, waiting):
            waiting.append(row)
            continue
        yield from _finish(waiting, before, width, start)
        before = waiting[-1] if waiting else before
        waiting = []
        if row is not None:
            if len(row) > 1:
                waiting = [row]
            else:
                yield _line(row, before, width, start)
                before = row


def _rows(runs: list[Run]) -> list[list[Run]]:
    """Runs at one height, from left to right; rows from top to bottom."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (-run.bottom, run.left)):
        if rows and abs(rows[-1][0].bottom - run.bottom) < 0.4 * max(run.height, 1.0):
            rows[-1].append(run)
        else:
            rows.append([run])
    return [sorted(row, key=lambda run: run.left) for row in rows]


def _fits(row: list[Run], waiting: list[list[Run]]) -> bool:
    """Whether a row's cells stand under those before, and close enough."""
    above = waiting[-1]
    far = above[0].bottom - row[0].top > 2.5 * row[0].height
    edges = [run for line in waiting[:3] for run in line]
    under = sum(any(_overlap(run, one) for one in edges) for run in row)
    return not far and under >= len(row) - 1 and not _heads_another(row, waiting)


def _heads_another(row: list[Run], waiting: list[list[Run]]) -> bool:
    """Names, farther below than rows are apart, where the row above has numbers: a new header."""
    if len(waiting) < TABLE_ROWS:
        return False
    steps = [one[0].bottom - two[0].bottom for one, two in zip(waiting, waiting[1:], strict=False)]
    is_apart = waiting[-1][0].bottom - row[0].bottom > APART * max(steps)
    numbers = any(NUMBER.match(run.text.strip()) for run in waiting[-1])
    return is_apart and numbers and not any(NUMBER.match(run.text.strip()) for run in row)


def _continues(row: list[Run], waiting: list[list[Run]]) -> bool:
    """A cell's second line: alone, not in the first column, right under a cell."""
    if len(waiting) < 2 or len(row) != 1 or row[0].left < waiting[0][0].right:
        return False
    return waiting[-1][0].bottom - row[0].top < 0.6 * row[0].height


def _overlap(one: Run, other: Run) -> bool:
    return min(one.right, other.right) > max(one.left, other.left) - 2


def _finish(
    rows: list[list[Run]], before: list[Run] | None, width: float, start: float
) -> Iterator[Line | TableRows]:
    """Rows that stand in columns are a table; a few that do not are lines."""
    columns = _table_columns(rows)
    if len(rows) >= TABLE_ROWS and len(columns) > 1:
        yield TableRows(tuple(_cells(rows, columns)))
        return
    for row in rows:
        yield _line(row, before, width, start)
        before = row


def _table_columns(rows: list[list[Run]]) -> list[tuple[float, float]]:
    """Intervals that the cells of all rows leave between them."""
    columns: list[tuple[float, float]] = []
    for left, right in sorted((run.left, run.right) for row in rows for run in row):
        if columns and left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(right, columns[-1][1]))
        else:
            columns.append((left, right))
    return columns


def _cells(rows: list[list[Run]], columns: list[tuple[float, float]]) -> Iterator[tuple[str, ...]]:
    held: list[str] | None = None
    for row in rows:
        cells = [""] * len(columns)
        for run in row:
            at = next(i for i, (left, right) in enumerate(columns) if left <= run.left <= right)
            cells[at] = f"{cells[at]} {run.text}".strip()
        if held is not None and not cells[0] and len(row) == 1:
            held = [f"{one} {more}".strip() for one, more in zip(held, cells, strict=True)]
            continue
        if held is not None:
            yield tuple(held)
        held = cells
    if held is not None:
        yield tuple(held)


def _line(row: list[Run], before: list[Run] | None, width: float, start: float) -> Line:
    height = max(run.height for run in row)
    gap = (before[0].bottom - row[0].top) / max(height, 1.0) if before else 0.0
    text = "  ".join(run.text for run in row)
    return Line(text, height, gap, (row[-1].right - start) / width)
