"""Word (.docx) -> blocks: headings, paragraphs, lists, tables and notes in order, changes accepted.

Headers, footers, comments and the table of contents are left out. `word.text` knows what stands
inside a paragraph; `word.package` the parts of the file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from index_builder.ingest.blocks import Outline, ParsedDocument, collapse, title_from
from index_builder.ingest.parsers.tables import Cell, table_text
from index_builder.ingest.parsers.word.numbering import Numbering
from index_builder.ingest.parsers.word.package import Style, WordPackage, list_of, open_package
from index_builder.ingest.parsers.word.text import (
    Text,
    WordText,
    accepted_children,
    attribute,
    find,
    is_on,
    kind,
)

HEADING = re.compile(r"^heading (\d)$", re.IGNORECASE)
LIST = re.compile(r"^list( (bullet|number|continue|paragraph))?( \d)?$", re.IGNORECASE)
CODE = re.compile(r"code|preformatted|source text|macro", re.IGNORECASE)
CONTENTS = re.compile(r"^(toc|table of figures)( ?\d)?$", re.IGNORECASE)
TEMPLATE_TITLES = ("word document", "document")  # what templates carry in their properties


def parse_docx(data: bytes, path: Path) -> ParsedDocument:
    """Read a Word file; the title is the paragraph styled Title, else the file's properties'."""
    package = open_package(data)
    outline = Outline()
    title = collapse(package.title)
    walk = _Walk(outline, package)
    walk.blocks(package.body)
    walk.end()
    title = walk.title or ("" if title.casefold() in TEMPLATE_TITLES else title)
    return outline.document(title or title_from(path), title=title or None)


class _Walk:
    """Block after block; consecutive code paragraphs are one block."""

    def __init__(self, outline: Outline, package: WordPackage) -> None:
        self._outline = outline
        self._package = package
        self._text = WordText()
        self._numbering = Numbering(package.numbering)
        self._code: list[str] = []
        self._unfinished = ""  # a paragraph whose end was deleted goes on in the next
        self._noted: set[str] = set()
        self.title = ""

    def blocks(self, parent: Any) -> None:
        for child in accepted_children(parent):
            name = kind(child)
            if name == "p":
                self._paragraph(child)
            elif name == "tbl":
                self.end()
                self._table(child)
            elif name == "altChunk":
                self._outline.note("a part in another format inside it is not read")

    def end(self) -> None:
        """Code and an unfinished paragraph become blocks."""
        rest, self._unfinished = self._unfinished, ""
        self._outline.add("code", "\n".join(self._code))
        self._code = []
        self._outline.add("paragraph", rest)

    def _paragraph(self, node: Any) -> None:
        style = self._package.style(_style_of(node))
        if CONTENTS.match(style.name):
            self._text.read(node)  # a field may begin or end here
            return
        read = self._text.read(node)
        text, self._unfinished = self._unfinished + read.words, ""
        if _end_deleted(node):
            self._unfinished = text
        elif CODE.search(style.name):
            self._code.append(text)
        else:
            self._outline.add("code", "\n".join(self._code))
            self._code = []
            self._add(node, style, text)
        self._follow(read)

    def _add(self, node: Any, style: Style, text: str) -> None:
        level = _heading_level(node, style)
        if style.name.casefold() == "title" and text.strip():
            self.title = self.title or collapse(text)
        elif level:
            self._outline.enter(level, text)
        elif (marker := self._marker(node, style)) and text.strip():
            with self._outline.item(marker):
                self._outline.add("paragraph", text)
        else:
            self._outline.add("paragraph", text)

    def _marker(self, node: Any, style: Style) -> str:
        """What Word puts before a paragraph of a list, set in by its level; "" for no list."""
        list_id, level = list_of(find(node, "pPr"))
        if not list_id:
            list_id, level = style.list_id, style.list_level
        if list_id == "0":  # taken off the list of its style
            return ""
        if not list_id:
            return "- " if LIST.match(style.name) else ""
        return "  " * min(level, 8) + self._numbering.marker(list_id, level)

    def _follow(self, read: Text) -> None:
        """Text boxes, then notes, of what was just read."""
        for box in read.boxes:
            self.blocks(box)
        for mark, id in read.notes:
            note = self._package.notes.get(id)
            if note is None or id in self._noted:
                continue
            self._noted.add(id)
            with self._outline.item(f"{mark} "):
                self.blocks(note)

    def _table(self, node: Any) -> None:
        read: list[Text] = []
        rows, headers = _rows(node, self._text, read)
        self._outline.add("table", table_text(rows, headers or None))
        for one in read:
            self._follow(one)


def _style_of(paragraph: Any) -> str:
    return attribute(find(paragraph, "pPr", "pStyle"), "val")


def _end_deleted(paragraph: Any) -> bool:
    mark = find(paragraph, "pPr", "rPr")
    return mark is not None and any(kind(one) in ("del", "moveFrom") for one in mark)


def _heading_level(paragraph: Any, style: Style) -> int:
    heading = HEADING.match(style.name)
    if heading:
        return int(heading[1])
    own = attribute(find(paragraph, "pPr", "outlineLvl"), "val")
    level = int(own) if own.isdigit() else style.outline_level
    return level + 1 if 0 <= level < 9 else 0


def _rows(table: Any, text: WordText, read: list[Text]) -> tuple[list[list[Cell]], int]:
    """The cells of a table and how many rows it marks as header; nested tables stay in the cell."""
    rows: list[list[Cell]] = []
    open_cells: dict[int, Cell] = {}  # column -> the cell that is merged downwards from there
    headers = 0
    for row in accepted_children(table):
        properties = find(row, "trPr")
        if kind(row) != "tr" or _is_deleted(properties):
            continue
        if is_on(find(properties, "tblHeader")) and headers == len(rows):
            headers += 1
        rows.append(_row(row, text, read, open_cells, _skipped(properties)))
    return rows, headers


def _row(
    row: Any, text: WordText, read: list[Text], open_cells: dict[int, Cell], skipped: int
) -> list[Cell]:
    cells: list[Cell] = [Cell("")] * skipped
    column = skipped
    for node in accepted_children(row):
        properties = find(node, "tcPr")
        if kind(node) != "tc" or find(properties, "cellDel") is not None:
            continue
        span = attribute(find(properties, "gridSpan"), "val")
        width = int(span) if span.isdigit() else 1
        merge = find(properties, "vMerge")
        if merge is not None and attribute(merge, "val") != "restart" and column in open_cells:
            cell = open_cells[column]
        else:
            cell = Cell(_cell_text(node, text, read), width)
            open_cells[column] = cell
        cells.append(cell)
        column += width
    return cells


def _skipped(properties: Any) -> int:
    before = attribute(find(properties, "gridBefore"), "val")
    return min(int(before), 63) if before.isdigit() else 0


def _is_deleted(properties: Any) -> bool:
    return properties is not None and find(properties, "del") is not None


def _cell_text(cell: Any, text: WordText, read: list[Text]) -> str:
    """Paragraphs of a cell on one line; a table inside it row by row."""
    parts: list[str] = []
    for node in accepted_children(cell):
        if kind(node) == "p":
            one = text.read(node)
            read.append(one)
            parts.append(collapse(one.words))
        elif kind(node) == "tbl":
            rows, headers = _rows(node, text, read)
            parts += table_text(rows, headers or None).splitlines()
    return "; ".join(part for part in parts if part)
