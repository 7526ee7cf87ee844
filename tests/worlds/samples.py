"""Writes real files of the formats that people cannot type: PDF and Word."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from docx import Document
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def write_pdf(
    path: Path,
    pages: Sequence[Sequence[str] | str],
    *,
    title: str = "",
    bookmarks: Sequence[tuple[str, int]] = (),
    password: str | None = None,
    algorithm: str = "RC4-128",
) -> Path:
    """One line of text per string; bookmarks are (heading, page from 0).

    A page that is one string is its content stream. A password is the user's; the owner has
    another.
    """
    writer = PdfWriter()
    font = writer._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
                NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
            }
        )
    )
    for lines in pages:
        page = writer.add_blank_page(width=595, height=842)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        stream = DecodedStreamObject()
        content = lines if isinstance(lines, str) else _drawn(lines)
        stream.set_data(content.encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
    for heading, number in bookmarks:
        writer.add_outline_item(heading, number)
    if title:
        writer.add_metadata({"/Title": title})
    if password is not None:
        writer.encrypt(password, "owner", algorithm=algorithm)
    with path.open("wb") as file:
        writer.write(file)
    return path


def placed(texts: Sequence[tuple[float, float, str]], size: float = 10) -> str:
    """A content stream: each text at its place (x, y), in the order given."""
    escaped = str.maketrans({"(": r"\(", ")": r"\)"})
    return "\n".join(
        f"BT /F1 {size} Tf {x} {y} Td ({text.translate(escaped)}) Tj ET" for x, y, text in texts
    )


def _drawn(lines: Sequence[str]) -> str:
    escaped = str.maketrans({"(": r"\(", ")": r"\)"})
    shown = [f"({line.translate(escaped)}) Tj T*" for line in lines]
    return "\n".join(["BT /F1 11 Tf 14 TL 72 770 Td", *shown, "ET"]) if lines else ""


def write_docx(path: Path) -> Path:
    """A title, two headings, a list, a table with a merged cell and a code paragraph."""
    document = Document()
    document.add_paragraph("Garden Handbook", style="Title")
    document.add_paragraph("Everything about plants.")
    document.add_heading("Soil", level=1)
    document.add_paragraph("Good soil holds water and air.")
    document.add_paragraph("Compost feeds it.", style="List Bullet")
    document.add_paragraph("Sand drains it.", style="List Bullet")
    document.add_heading("Acidity", level=2)
    table = document.add_table(rows=3, cols=2)
    cells = [("Plant", "pH"), ("Blueberry", "4.5"), ("merged", "merged")]
    for row, texts in zip(table.rows, cells, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.rows[2].cells[0].merge(table.rows[2].cells[1]).text = "All others 6.5"
    document.save(str(path))
    return path


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
FURTHER = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def write_word_xml(path: Path, body: str, parts: Mapping[str, str] | None = None) -> Path:
    """A Word file of exactly this body; `parts`: name -> content of further parts of word/."""
    document = f'<w:document xmlns:w="{WORD}" {FURTHER}><w:body>{body}</w:body></w:document>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", document)
        for name, content in (parts or {}).items():
            root = name.partition(".")[0]
            archive.writestr(f"word/{name}", f'<w:{root} xmlns:w="{WORD}">{content}</w:{root}>')
    return path
