"""Tab-separated rows, read and written with the quoting of Python's csv module, as DPR has them.

Knows cells and lines; does not know what the columns mean.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TextIO

MAX_ROW_LINES = 1000  # a quotation mark that closes nothing must not swallow the file
Line = tuple[int, str]


def read_rows(lines: Iterable[Line]) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, cells) of every row; empty lines between rows are passed over.

    A cell in quotation marks may hold tabs, doubled quotation marks and line ends. A line where
    the marks quote nothing, as in hand-made files, is split at its tabs and keeps them. A quoted
    cell ends within 1,000 lines and 131,072 characters (csv's own limit), or counts as unquoted.

    >>> lines = ['1\\t"a\\n', '""b"" c"\\n', '2\\t"stray\\n']
    >>> list(read_rows(enumerate(lines, 1)))
    [(1, ['1', 'a\\n"b" c']), (3, ['2', '"stray'])]
    """
    source = iter(lines)
    ahead: deque[Line] = deque()
    while True:
        first = ahead.popleft() if ahead else next(source, None)
        if first is None:
            return
        number, line = first
        if line.strip():
            yield number, _cells(line, ahead, source)


def write_rows(stream: TextIO, rows: Iterable[tuple[str, ...]]) -> int:
    """Write rows that `read_rows` and csv.reader give back; returns how many.

    `stream` must not translate line ends. Cells are quoted where they must be, all of a row's
    where one holds a carriage return, which csv.writer does not quote before Python 3.13.
    """
    minimal = csv.writer(stream, delimiter="\t", lineterminator="\n")
    every = csv.writer(stream, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_ALL)
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007
        (every if any("\r" in cell for cell in row) else minimal).writerow(row)
    return count


def _cells(line: str, ahead: deque[Line], source: Iterator[Line]) -> list[str]:
    """The cells of a row that begins with `line`; unused lines are put back on `ahead`."""
    if '"' not in line:
        return line.rstrip("\r\n").split("\t")
    taken: list[Line] = []

    def following() -> Iterator[str]:
        yield line
        while len(taken) < MAX_ROW_LINES:
            one = ahead.popleft() if ahead else next(source, None)
            if one is None:
                return
            taken.append(one)
            yield one[1]

    try:
        return next(csv.reader(following(), delimiter="\t", strict=True))
    except csv.Error:
        ahead.extendleft(reversed(taken))
        return line.rstrip("\r\n").split("\t")
