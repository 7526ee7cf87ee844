"""HTML tables -> rows of cells with their spans; tables that only lay out a page are told apart.

Knows the elements of tables; what a row says is `tables`' to write.
"""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from index_builder.ingest.blocks import collapse
from index_builder.ingest.parsers.tables import MOST_CELLS, Cell, table_text
from index_builder.ingest.parsers.web.words import BLOCKS, inline_text

PARTS = ("thead", "tbody", "tfoot")
IN_CELL = "h1, h2, h3, h4, pre, table, form, nav, section, article"
LINES = frozenset(["li", "p", "div", "dt", "dd", "tr", "h4", "h5", "h6", "pre", "blockquote"])
MOST_DEPTH = 20  # tables inside cells of tables


def is_layout(table: LexborNode) -> bool:
    """A table that places parts of a page: said so, or of one row or column with parts in it."""
    role = (table.attributes.get("role") or "").lower()
    if role in ("presentation", "none"):
        return True
    if table.css_first("th, caption, thead") is not None and role in ("", "table", "grid"):
        return not any(_own_rows(table))
    rows = [list(_cells(row)) for row in _own_rows(table)]
    if not rows:
        return True
    narrow = len(rows) == 1 or max(map(len, rows)) <= 1
    return narrow and any(_has_parts(cell) for row in rows for cell in row)


def table_rows(table: LexborNode, depth: int = 0) -> list[list[Cell]]:
    """The table's own rows; a list or table in a cell stays in it."""
    rows = []
    for row in _own_rows(table):
        in_head = row.parent is not None and row.parent.tag == "thead"
        rows.append([_cell(one, in_head, depth) for one in _cells(row)])
    return rows


def _has_parts(cell: LexborNode) -> bool:
    return cell.css_first(IN_CELL) is not None or len(cell.css("p, ul, ol")) > 1


def _own_rows(table: LexborNode) -> Iterator[LexborNode]:
    for child in _elements(table):
        if child.tag == "tr":
            yield child
        elif child.tag in PARTS:
            yield from (row for row in _elements(child) if row.tag == "tr")


def _cells(row: LexborNode) -> Iterator[LexborNode]:
    return (one for one in _elements(row) if one.tag in ("td", "th"))


def _elements(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        if child.is_element_node:
            yield child
        child = child.next


def _cell(node: LexborNode, in_head: bool, depth: int) -> Cell:
    return Cell(
        _cell_text(node, depth),
        _span(node, "colspan"),
        _span(node, "rowspan") or MOST_CELLS,  # 0: to the end of the table
        in_head or node.tag == "th",
    )


def _span(node: LexborNode, name: str) -> int:
    value = (node.attributes.get(name) or "1").strip()
    return int(value) if value.isdigit() and len(value) < 6 else 1


def _cell_text(cell: LexborNode, depth: int) -> str:
    """One line; what stands on lines of its own is divided by semicolons."""
    parts: list[str] = []
    held: list[str] = []
    for node in _lines(cell):
        if isinstance(node, str):
            held.append(node)
            continue
        parts.append(collapse("".join(held)))
        held = []
        if node.tag == "table":
            inner = table_text(table_rows(node, depth + 1)) if depth < MOST_DEPTH else ""
            parts += (inner or inline_text(node)).splitlines()
    parts.append(collapse("".join(held)))
    return "; ".join(part.rstrip(";") for part in parts if part)


def _lines(cell: LexborNode) -> Iterator[str | LexborNode]:
    """Inline text as strings, and elements where a line ends or a table stands."""
    stack: list[tuple[LexborNode, bool]] = [(one, False) for one in _all(cell)[::-1]]
    while stack:
        node, closing = stack.pop()
        if closing or node.tag == "table":
            yield node
        elif node.tag in BLOCKS and node.child is not None:
            if node.tag in LINES:
                yield node
                stack.append((node, True))
            stack += [(one, False) for one in _all(node)[::-1]]
        else:
            yield (node.text_content or "") if node.tag == "-text" else f"{inline_text(node)}"


def _all(node: LexborNode) -> list[LexborNode]:
    found = []
    child = node.child
    while child is not None:
        found.append(child)
        child = child.next
    return found
