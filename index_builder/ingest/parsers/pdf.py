"""PDF -> blocks with page numbers, with pypdf; bookmarks serve as headings.

Reads the text layer only: a scanned page has none, and this module does not recognise characters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from index_builder.ingest.blocks import (
    Outline,
    ParsedDocument,
    UnreadableError,
    collapse,
    title_from,
)

USELESS_TITLE = re.compile(
    r"^(untitled|title|document\d*|microsoft (word|powerpoint|excel) - .*|"
    r".*\.(docx?|tex|dvi|indd|pdf|qxd))$",
    re.IGNORECASE,
)
PAGE_NUMBER = re.compile(r"^(page\s*)?[-\u2013 ]*\d{1,4}[-\u2013 ]*((of|/)\s*\d+)?$", re.IGNORECASE)
BULLET = re.compile(r"^[\u2022\u25cf\u25aa\u2023\u2013*-]\s+|^\(?\d{1,2}[.)]\s+")
FURNITURE_SHARE = 0.6  # a first or last line on this share of the pages is a header or footer
SHORT_LINE = 0.75  # of the longest line: a sentence that ends this early ends its paragraph


def parse_pdf(data: bytes, path: Path) -> ParsedDocument:
    """Read a PDF's text layer; the title is its metadata's, where that is one."""
    reader = PdfReader(BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableError("encrypted PDF: it needs a password; save it without one")
    pages = [_lines(page.extract_text()) for page in reader.pages]
    if not any(pages):
        raise UnreadableError(_without_text(len(pages)))
    outline = Outline()
    bookmarks = _bookmarks(reader)
    for number, lines in enumerate(_without_furniture(pages), start=1):
        _add_page(outline, number, lines, bookmarks.get(number, []))
    title = collapse(str((reader.metadata and reader.metadata.title) or ""))
    useful = title and not USELESS_TITLE.match(title)
    return outline.document(title_from(path), title=title if useful else None)


def _without_text(pages: int) -> str:
    count = f"{pages} page" if pages == 1 else f"{pages} pages"
    return f"scanned PDF: its {count} hold no text layer; run it through OCR first"


def _lines(text: str) -> list[str]:
    return [collapse(line) for line in text.splitlines() if collapse(line)]


def _bookmarks(reader: PdfReader) -> dict[int, list[tuple[int, str]]]:
    """Page number -> (level, heading) in order; none where the file's outline is broken."""
    found: dict[int, list[tuple[int, str]]] = {}
    try:
        for level, entry in _flatten(reader.outline, 1):
            page = reader.get_destination_page_number(entry)
            if page is not None and page >= 0:
                found.setdefault(page + 1, []).append((level, collapse(str(entry.title))))
    except Exception:  # pypdf raises many kinds for a broken outline, and the text is still good
        return {}
    return found


def _flatten(entries: list[Any], level: int) -> Iterator[tuple[int, Any]]:
    for entry in entries:
        if isinstance(entry, list):
            yield from _flatten(entry, level + 1)
        else:
            yield level, entry


def _without_furniture(pages: list[list[str]]) -> list[list[str]]:
    """Pages without page numbers and without the first and last lines most of them share."""
    seen = Counter(_shape(line) for lines in pages for line in {*lines[:1], *lines[-1:]})
    common = {shape for shape, n in seen.items() if n >= max(3, FURNITURE_SHARE * len(pages))}
    return [_trim(lines, common) for lines in pages]


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", line)


def _trim(lines: list[str], common: set[str]) -> list[str]:
    def is_furniture(line: str) -> bool:
        return bool(PAGE_NUMBER.match(line)) or _shape(line) in common

    while lines and is_furniture(lines[0]):
        lines = lines[1:]
    while lines and is_furniture(lines[-1]):
        lines = lines[:-1]
    return lines


def _add_page(
    outline: Outline, number: int, lines: list[str], headings: list[tuple[int, str]]
) -> None:
    waiting = list(headings)
    longest = max(map(len, lines), default=0)
    paragraph = ""
    for line in lines:
        place = next((i for i, (_, text) in enumerate(waiting) if _same_words(line, text)), None)
        if place is not None:
            outline.add("paragraph", paragraph, number)
            paragraph = ""
            for level, text in waiting[: place + 1]:
                outline.enter(level, text)
            waiting = waiting[place + 1 :]
            continue
        if BULLET.match(line):
            outline.add("paragraph", paragraph, number)
            paragraph = ""
        paragraph = _append_line(paragraph, line)
        if line[-1] in ".!?:" and len(line) < SHORT_LINE * longest:
            outline.add("paragraph", paragraph, number)
            paragraph = ""
    outline.add("paragraph", paragraph, number)
    for level, text in waiting:  # not found as a line of its own: it holds from the next page on
        outline.enter(level, text)


def _same_words(line: str, heading: str) -> bool:
    return (
        _words(line) == _words(heading)
        or _words(line).endswith(f" {_words(heading)}")
        and (bool(re.match(r"^[\dA-Z.]+ ", line)) and len(line) <= len(heading) + 8)
    )


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _append_line(paragraph: str, line: str) -> str:
    """Join a wrapped line; a word divided at the line's end becomes whole again."""
    if paragraph.endswith("-") and paragraph[-2:-1].isalpha() and line[:1].islower():
        return paragraph[:-1] + line
    return f"{paragraph} {line}".strip()
