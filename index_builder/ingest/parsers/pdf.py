"""PDF -> blocks with page numbers, with PDFium; bookmarks serve as headings.

Reads the text layer and the values of forms; a page without one is shown to a recogniser, where
there is one. Lines, columns and tables are `page.layout`'s.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from index_builder.ingest.blocks import (
    Outline,
    ParsedDocument,
    UnreadableError,
    collapse,
    title_from,
)
from index_builder.ingest.parsers.page.characters import SOFT_HYPHEN, read_runs
from index_builder.ingest.parsers.page.layout import Line, TableRows, read_layout
from index_builder.ingest.parsers.page.picture import picture_of
from index_builder.ingest.parsers.tables import header_of, plain_rows
from index_builder.ingest.recognising import NotRecognised, Recogniser

USELESS_TITLE = re.compile(
    r"^(untitled|title|document\d*|microsoft (word|powerpoint|excel) - .*|"
    r".*\.(docx?|tex|dvi|indd|pdf|qxd))$",
    re.IGNORECASE,
)
PAGE_NUMBER = re.compile(r"^(page\s*)?[-\u2013 ]*\d{1,4}[-\u2013 ]*((of|/)\s*\d+)?$", re.IGNORECASE)
BULLET = re.compile(r"^[\u2022\u25cf\u25aa\u2023\u2013*-]\s+|^\(?\d{1,2}[.)]\s+")
FURNITURE_SHARE = 0.6  # a first or last line on this share of the pages is a header or footer
SHORT_LINE = 0.75  # of its column: a sentence that ends this early ends its paragraph
NEW_PARAGRAPH = 0.75  # heights of a line between two lines
OTHER_SIZE = 1.12  # a heading's letters are this much larger than the text's
HIDDEN_SHARE = 0.3  # of a page's characters: then its fonts do not say what they show
PAGES_NAMED = 20
OCR_FIRST = "run it through OCR first, or set REREAD_OCR"
PASSWORD_ERROR = pdfium_c.FPDF_ERR_PASSWORD

Part = Line | TableRows


@dataclass(frozen=True, slots=True)
class _Pages:
    """Every page's parts; the numbers, from 1, of those without text and of those hidden."""

    parts: list[list[Part]]
    empty: list[int]
    hidden: list[int]
    seen: list[int]  # recognised from their pictures
    troubles: dict[int, str]  # why not


def parse_pdf(data: bytes, path: Path, recogniser: Recogniser | None = None) -> ParsedDocument:
    """Read a PDF's text layer; the title is its metadata's, where that is one."""
    try:
        file = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == PASSWORD_ERROR:
            raise UnreadableError(
                "it needs a password to be opened; save it without one"
            ) from error
        raise
    try:
        pages = _read_pages(file, recogniser)
        if len(pages.empty) + len(pages.hidden) == len(pages.parts):
            raise UnreadableError(_without_text(pages))
        outline = Outline()
        _note_pages(outline, pages)
        _add_pages(outline, _without_furniture(pages.parts), _bookmarks(file))
        title = collapse(file.get_metadata_value("Title"))
    finally:
        file.close()
    useful = title and not USELESS_TITLE.match(title)
    return outline.document(title_from(path), title=title if useful else None)


def _read_pages(file: Any, recogniser: Recogniser | None) -> _Pages:
    form = file.get_formtype() != pdfium_c.FORMTYPE_NONE
    if form:
        file.init_forms()
    pages = _Pages([], [], [], [], {})
    for number in range(1, len(file) + 1):
        page = file[number - 1]
        if form:
            page.flatten()  # what stands in the fields becomes text of the page
            page.close()
            page = file[number - 1]
        text = page.get_textpage()
        runs, hidden = read_runs(text)
        text.close()
        is_hidden = hidden > HIDDEN_SHARE
        parts = [] if is_hidden else [part for group in runs for part in read_layout(group)]
        if (is_hidden or not runs) and recogniser is not None:
            parts = _recognised(page, number, recogniser, pages)
        page.close()
        if number not in pages.seen and (is_hidden or not runs):
            (pages.hidden if is_hidden else pages.empty).append(number)
        pages.parts.append(parts)
    return pages


def _recognised(page: Any, number: int, recogniser: Recogniser, pages: _Pages) -> list[Part]:
    """The lines on the page's picture; an empty line in what was recognised is a gap."""
    try:
        text = recogniser.text_of(picture_of(page))
    except NotRecognised as trouble:
        pages.troubles[number] = str(trouble)
        return []
    pages.seen.append(number)
    lines: list[Part] = []
    gap = 0.0
    for line in text.splitlines():
        if line.strip():
            lines.append(Line(line.strip(), 1.0, gap, 1.0))
        gap = 0.0 if line.strip() else 2 * NEW_PARAGRAPH
    return lines


def _without_text(pages: _Pages) -> str:
    count = "1 page holds" if len(pages.parts) == 1 else f"{len(pages.parts)} pages hold"
    if pages.hidden:
        return f"its {count} text in fonts without a Unicode map{_tried(pages)}; {OCR_FIRST}"
    return f"scanned PDF: its {count} no text layer{_tried(pages)}; {OCR_FIRST}"


def _tried(pages: _Pages) -> str:
    said = sorted(set(pages.troubles.values()))
    return f", and the OCR command {said[0]}" if said else ""


def _note_pages(outline: Outline, pages: _Pages) -> None:
    if pages.seen:
        outline.note(f"{_named(pages.seen)} recognised from pictures: OCR misreads some words")
    for trouble in sorted(set(pages.troubles.values())):
        numbers = [number for number, said in pages.troubles.items() if said == trouble]
        outline.note(f"{_named(numbers)}: the OCR command {trouble}")
    if pages.empty:
        outline.note(f"{_named(pages.empty)} without text: scanned pages need OCR first")
    if pages.hidden:
        outline.note(
            f"{_named(pages.hidden)} not read, fonts without a Unicode map: run it through OCR"
        )


def _named(numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers[:PAGES_NAMED]))
    more = len(numbers) - PAGES_NAMED
    return f"page{'s' if len(numbers) > 1 else ''} {listed}" + (f" and {more:,} more" * (more > 0))


def _bookmarks(file: Any) -> dict[int, list[tuple[int, str]]]:
    """Page number -> (level, heading) in order; none where the file's outline is broken."""
    found: dict[int, list[tuple[int, str]]] = {}
    try:
        for entry in file.get_toc():
            place = entry.get_dest()
            index = place.get_index() if place is not None else None
            if index is not None and index >= 0:
                heading = (entry.level + 1, collapse(entry.get_title()))
                found.setdefault(index + 1, []).append(heading)
    except (pdfium.PdfiumError, ValueError, IndexError):  # the text is still good
        return {}
    return found


def _without_furniture(pages: list[list[Part]]) -> list[list[Part]]:
    """Pages without page numbers and without the first and last lines most of them share."""
    ends = [{_shape(part) for part in (*parts[:1], *parts[-1:])} for parts in pages]
    seen = Counter(shape for page in ends for shape in page if shape)
    common = {shape for shape, n in seen.items() if n >= max(3, FURNITURE_SHARE * len(pages))}
    return [_trim(parts, common) for parts in pages]


def _shape(part: Part) -> str:
    return re.sub(r"\d+", "#", collapse(part.text)) if isinstance(part, Line) else ""


def _trim(parts: list[Part], common: set[str]) -> list[Part]:
    def is_furniture(part: Part) -> bool:
        if not isinstance(part, Line):
            return False
        return bool(PAGE_NUMBER.match(collapse(part.text))) or _shape(part) in common

    while parts and is_furniture(parts[0]):
        parts = parts[1:]
    while parts and is_furniture(parts[-1]):
        parts = parts[:-1]
    return parts


def _add_pages(
    outline: Outline, pages: list[list[Part]], bookmarks: dict[int, list[tuple[int, str]]]
) -> None:
    walk = _Walk(outline, _hyphenated(pages))
    for number, parts in enumerate(pages, start=1):
        walk.page(number, parts, bookmarks.get(number, []))
    walk.flush()


def _hyphenated(pages: Iterable[list[Part]]) -> set[str]:
    """Words the document writes with a hyphen within a line."""
    lines = (part.text for parts in pages for part in parts if isinstance(part, Line))
    return {word.casefold() for line in lines for word in re.findall(r"\w+-\w+", line)}


class _Walk:
    """Joins lines into paragraphs, over the ends of columns and pages."""

    def __init__(self, outline: Outline, hyphenated: set[str]) -> None:
        self._outline = outline
        self._hyphenated = hyphenated
        self._paragraph = ""
        self._page = 1
        self._last: Line | None = None
        self._header: tuple[str, ...] | None = None  # of a table that ended the last page

    def page(self, number: int, parts: list[Part], headings: list[tuple[int, str]]) -> None:
        waiting = list(headings)
        for i, part in enumerate(parts):
            if isinstance(part, TableRows):
                self.flush()
                self._table(part.rows, number, first=i == 0)
                continue
            self._header = None
            line = collapse(part.text.replace(SOFT_HYPHEN, "\ufffe")).replace("\ufffe", SOFT_HYPHEN)
            place = next(
                (i for i, (_, text) in enumerate(waiting) if _same_words(line, text)), None
            )
            if place is not None:
                self.flush()
                self._enter(waiting[: place + 1])
                waiting = waiting[place + 1 :]
            elif line:
                self._line(line, part, number, first=i == 0)
        if waiting:  # not found as lines of their own: they hold from the next page on
            self.flush()
            self._enter(waiting)

    def _table(self, rows: tuple[tuple[str, ...], ...], number: int, *, first: bool) -> None:
        """A table that goes on from the last page keeps its header."""
        header, own = self._header, header_of(rows)
        if own is None and first and header is not None and len(header) == len(rows[0]):
            rows, own = (header, *rows), header
        self._header = own
        self._outline.add("table", plain_rows(rows), number)

    def _enter(self, headings: list[tuple[int, str]]) -> None:
        for level, text in headings:
            self._outline.enter(level, text)

    def _line(self, line: str, part: Line, number: int, *, first: bool) -> None:
        if BULLET.match(line) or self._is_apart(line, part, first=first):
            self.flush()
        if not self._paragraph:
            self._page = number
        self._paragraph = self._joined(line)
        self._last = part
        if line[-1] in ".!?:" and part.fills < SHORT_LINE:
            self.flush()

    def _is_apart(self, line: str, part: Line, *, first: bool) -> bool:
        """Whether a line begins a paragraph by its place or the size of its letters."""
        if self._last is None:
            return False
        if first or part.gap < -0.5:  # the top of a page or column: only a new sentence is apart
            return self._paragraph[-1:] in ".!?:" and not line[:1].islower()
        sizes = sorted((self._last.height, part.height))
        return part.gap > NEW_PARAGRAPH or sizes[1] > OTHER_SIZE * sizes[0]

    def _joined(self, line: str) -> str:
        """A word divided at the line's end becomes whole; a hyphen of its own stays."""
        before = self._paragraph
        divided = before.endswith("-") and before[-2:-1].isalpha() and line[:1].islower()
        if divided or before.endswith(SOFT_HYPHEN):  # PDFium calls any hyphen at a line's end soft
            first, second = re.search(r"(\w*).$", before), re.match(r"\w+", line)
            word = f"{first[1] if first else ''}-{second[0] if second else ''}"
            kept = word.casefold() in self._hyphenated or not line[:1].islower()
            return f"{before[:-1]}-{line}" if kept else before[:-1] + line
        return f"{before} {line}".strip()

    def flush(self) -> None:
        self._outline.add("paragraph", self._paragraph, self._page)
        self._paragraph, self._last = "", None


def _same_words(line: str, heading: str) -> bool:
    words, wanted = _words(line), _words(heading)
    if words == wanted:
        return True
    numbered = bool(re.match(r"^[\dA-Z.]+ ", line)) and len(line) <= len(heading) + 8
    return numbered and words.endswith(f" {wanted}")


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
