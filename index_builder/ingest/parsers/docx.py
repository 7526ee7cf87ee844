"""Word (.docx) -> blocks, with python-docx: headings, paragraphs, lists and tables in order.

Headers, footers, comments and text boxes are left out.
"""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from docx import Document
from docx.table import Table
from docx.text.paragraph import Paragraph

from index_builder.ingest.blocks import Outline, ParsedDocument, collapse, table_text, title_from

HEADING = re.compile(r"^heading (\d)$", re.IGNORECASE)
LIST = re.compile(r"^list( (bullet|number|continue|paragraph))?( \d)?$", re.IGNORECASE)
CODE = re.compile(r"code|preformatted|source text|macro", re.IGNORECASE)
TEMPLATE_TITLES = ("word document", "document")  # what templates carry in their properties


def parse_docx(data: bytes, path: Path) -> ParsedDocument:
    """Read a Word file; the title is the paragraph styled Title, else the file's properties'."""
    document = Document(BytesIO(data))
    outline = Outline()
    title = collapse(document.core_properties.title or "")
    if title.casefold() in TEMPLATE_TITLES:
        title = ""
    code: list[str] = []
    for part in document.iter_inner_content():
        if isinstance(part, Paragraph) and CODE.search(_style(part)):
            code.append(part.text)
            continue
        outline.add("code", "\n".join(code))
        code = []
        if isinstance(part, Table):
            outline.add("table", table_text(_rows(part)))
        elif _style(part).casefold() == "title" and part.text.strip():
            title = collapse(part.text)
        else:
            _add_paragraph(outline, part)
    outline.add("code", "\n".join(code))
    return outline.document(title or title_from(path), title=title or None)


def _style(paragraph: Paragraph) -> str:
    style = paragraph.style
    return (style.name or "") if style is not None else ""


def _add_paragraph(outline: Outline, paragraph: Paragraph) -> None:
    style = _style(paragraph)
    heading = HEADING.match(style)
    if heading:
        outline.enter(int(heading[1]), paragraph.text)
    elif LIST.match(style) or _is_numbered(paragraph):
        with outline.item("- "):
            outline.add("paragraph", paragraph.text)
    else:
        outline.add("paragraph", paragraph.text)


def _is_numbered(paragraph: Paragraph) -> bool:
    properties = paragraph._p.pPr
    return properties is not None and properties.numPr is not None


def _rows(table: Table) -> list[list[str]]:
    """Cell texts; a merged cell is given once, not once per column it spans."""
    rows = []
    for row in table.rows:
        cells, before = [], None
        for cell in row.cells:
            if cell._tc is not before:
                cells.append(cell.text)
            before = cell._tc
        rows.append(cells)
    return rows
