"""Rows of cells -> the text of a table in which every row can be understood alone.

Knows cells, the columns and rows they span, and headers; knows no format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index_builder.ingest.blocks import collapse

BETWEEN = " | "
MOST_CELLS = 2_000_000  # spans included: a table of a few bytes may claim a billion
MOST_SPAN = 1000  # HTML's own limit of a column span
HEADER_CHARACTERS = 60  # a longer cell is a sentence and names no column
NUMERIC = re.compile(r"^[^A-Za-z]*\d[^A-Za-z]*$")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, how many columns and rows it covers, and if it is a header."""

    text: str
    columns: int = 1
    rows: int = 1
    header: bool = False


def table_text(rows: Sequence[Sequence[Cell]], headers: int | None = None) -> str:
    """One line per row, each value behind its column's name; empty rows and cells go.

    `headers`: how many of the first rows name the columns; None: told from the cells. A row of one
    cell over all columns stands alone. Without headers the cells stand with bars between them.

    >>> table_text([[Cell("Plant"), Cell("pH")], [Cell("Rose"), Cell("6.5")]])
    'Plant: Rose | pH: 6.5'
    """
    grid = [row for row in spread(rows) if any(cell.text.strip() for cell in row)]
    if not grid:
        return ""
    count = _headers(grid) if headers is None else min(headers, len(grid))
    if count == len(grid):
        count = 0
    names = [_name([row[i] for row in grid[:count] if i < len(row)]) for i in range(_width(grid))]
    return "\n".join(filter(None, (_line(row, names) for row in grid[count:])))


def plain_rows(rows: Sequence[Sequence[str]], headers: int | None = None) -> str:
    """`table_text` of cells that are only text."""
    return table_text([[Cell(text) for text in row] for row in rows], headers)


def header_of(rows: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """The row that names the columns, where the first one does."""
    grid = [[Cell(text) for text in row] for row in rows]
    return tuple(rows[0]) if grid and _looks_like_header(grid) else None


def spread(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """The grid a reader sees: a cell stands in every row and column it covers."""
    grid: list[list[Cell]] = []
    reaching: dict[int, tuple[int, Cell]] = {}  # column -> (rows still covered, cell)
    filled = 0
    for row in rows:
        line: list[Cell] = []
        for cell in row:
            _continue(line, reaching)
            for _ in range(max(1, min(cell.columns, MOST_SPAN))):
                if cell.rows > 1:
                    reaching[len(line)] = (cell.rows - 1, cell)
                line.append(cell)
        _continue(line, reaching)
        filled += len(line)
        if filled > MOST_CELLS:
            raise ValueError(f"a table of more than {MOST_CELLS:,} cells")
        grid.append(line)
    return grid


def _continue(line: list[Cell], reaching: dict[int, tuple[int, Cell]]) -> None:
    """Cells of rows above that reach into this one, as far as they touch."""
    while len(line) in reaching:
        column = len(line)
        left, cell = reaching.pop(column)
        if left > 1:
            reaching[column] = (left - 1, cell)
        line.append(cell)


def _headers(grid: list[list[Cell]]) -> int:
    """How many rows at the top name the columns."""
    marked = 0
    for row in grid:
        if not all(cell.header or not cell.text.strip() for cell in row):
            break
        marked += 1
    if marked:
        return marked if marked < len(grid) else 1
    if any(cell.header for row in grid for cell in row):
        return 0  # the first column names the rows
    return int(_looks_like_header(grid))


def _looks_like_header(grid: list[list[Cell]]) -> bool:
    """Short different names over a column with a number in it, or over three columns at least."""
    first = [collapse(cell.text) for cell in grid[0]]
    if len(grid) < 2 or len(first) < 2 or len(set(first)) < len(first):
        return False
    if first[0].endswith(":") or len(first) == 2 and first[1][:1].isdigit():
        return False  # it names what stands beside it
    if not all(first) or any(
        NUMERIC.match(text) or len(text) > HEADER_CHARACTERS for text in first
    ):
        return False
    numbers = any(NUMERIC.match(collapse(cell.text)) for row in grid[1:] for cell in row)
    return numbers or len(first) > 2


def _width(grid: list[list[Cell]]) -> int:
    return max(map(len, grid))


def _name(cells: Sequence[Cell]) -> str:
    names = dict.fromkeys(collapse(cell.text).rstrip(":") for cell in cells)
    return " ".join(name for name in names if name)


def _line(row: list[Cell], names: list[str]) -> str:
    if len(row) > 1 and all(cell is row[0] for cell in row):
        return collapse(row[0].text)
    parts: list[str] = []
    lead = ""
    for i, cell in enumerate(row):
        text = collapse(cell.text)
        if not text or (i and cell is row[i - 1] and names[i] == names[i - 1]):
            continue
        is_name = cell.header and i == 0 and len(row) == 2 and not any(names)
        if not lead and (is_name or text.endswith(":") and not names[i]):
            lead = f"{text.rstrip(':')}: "  # a row's name and its one value, or a label's
            continue
        named = f"{names[i]}: {text}" if names[i] and names[i] != text else text
        parts.append(lead + named)
        lead = ""
    return BETWEEN.join([*parts, lead] if lead else parts).rstrip()
