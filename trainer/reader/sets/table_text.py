"""Writes tables as text a reader can copy from, in pieces that repeat the header.

Knows no data set.
"""

import re
from collections.abc import Iterator, Sequence

LONGEST_MARKS = 230  # words and signs of a piece: tables cost about one token each
Rows = Sequence[Sequence[str]]


def marks(text: str) -> int:
    """How many words and signs a text has."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def as_pairs(header: Sequence[str], row: Sequence[str]) -> str:
    """A row as `header: value; header: value`, empty cells left out."""
    return "; ".join(
        f"{name}: {value}" if name else value
        for name, value in zip(header, row, strict=False)
        if value
    )


def as_pipes(row: Sequence[str]) -> str:
    """A row between Markdown pipes."""
    return "| " + " | ".join(cell.replace("|", "/") for cell in row) + " |"


def table_pieces(header: Sequence[str], rows: Rows, pipes: bool) -> Iterator[tuple[str, range]]:
    """The table in pieces of whole rows, each with its range of rows.

    With pipes each piece starts with the header.
    """
    head = [as_pipes(header), as_pipes(["---"] * len(header))] if pipes else []
    lines = [as_pipes(row) if pipes else as_pairs(header, row) for row in rows]
    start, held = 0, sum(map(marks, head))
    for at, line in enumerate(lines):
        if at > start and held + marks(line) > LONGEST_MARKS:
            yield "\n".join(head + lines[start:at]), range(start, at)
            start, held = at, sum(map(marks, head))
        held += marks(line)
    if lines:
        yield "\n".join(head + lines[start:]), range(start, len(lines))
