"""What every parser produces: blocks of text in reading order, each under its headings.

Knows headings, list items and admonitions as a reader sees them; knows no file format and nothing
about passages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index_builder.ingest.raised import settle

Kind = Literal["paragraph", "item", "code", "table"]

INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MOST_INDENT = 40  # lists may nest a thousand deep
SPACE_BEFORE_MARK = re.compile(r"(?<=\w) +(?=[,;.](?:\s|$))")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, code block or table; `path` = headings above it, outermost first."""

    kind: Kind
    text: str
    path: tuple[str, ...] = ()
    page: int | None = None  # 1-based, where the format has pages


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document's title and its blocks; the title is not repeated in the blocks' paths."""

    title: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()  # what could not be read, a clause each; the rest was
    labels: tuple[str, ...] | None = None  # access labels it gives itself; None: it says nothing


class UnreadableError(Exception):
    """Why a file gives no text; the message completes 'skipped: ...'."""


def collapse(text: str) -> str:
    """One line: runs of white space become a space, invisible characters go."""
    return SPACE_BEFORE_MARK.sub("", " ".join(INVISIBLE.sub("", settle(text)).split()))


def tidy_code(text: str) -> str:
    """Lines keep their indentation relative to each other; blank lines at both ends go."""
    lines = [line.rstrip() for line in INVISIBLE.sub("", settle(text)).expandtabs(4).splitlines()]
    margin = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    return "\n".join(line[margin:] for line in lines).strip("\n")


def title_from(path: Path) -> str:
    """What to call a document that does not say: its file name without suffix, in words."""
    stem, name = storable(path.stem), storable(path.name)
    return collapse(re.sub(r"[-_]+", " ", stem)) or name


def storable(name: str) -> str:
    """A file name as text: bytes that are not UTF-8 are read as Windows' Latin, the likeliest.

    >>> storable("\\udcdcbersicht")
    'Übersicht'
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return name


class Outline:
    """Collects blocks under the headings entered so far; one per document being parsed."""

    def __init__(self) -> None:
        self._stack: list[tuple[int, str]] = []
        self._headings: list[tuple[int, str]] = []
        self._blocks: list[Block] = []
        self._indent = ""
        self._marker = ""
        self._first_heading_leads = False
        self._notes: dict[str, None] = {}

    def note(self, matter: str) -> None:
        """Say once what could not be read."""
        self._notes[matter] = None

    def enter(self, level: int, heading: str) -> None:
        """Open a section; sections of the same or a deeper level end here."""
        heading = collapse(heading)
        if not heading:
            return
        if not self._headings:
            self._first_heading_leads = not self._blocks
        self._stack = [entry for entry in self._stack if entry[0] < level]
        self._stack.append((level, heading))
        self._headings.append((level, heading))

    def add(self, kind: Kind, text: str, page: int | None = None) -> None:
        """Append a block; inside an item its first text carries the item's marker."""
        text = tidy_code(text) if kind in ("code", "table") else collapse(text)
        if not text:
            return
        if self._marker and kind in ("code", "table"):
            self._flush_marker(page)
        if kind in ("paragraph", "item") and (self._marker or self._indent):
            kind, text = "item", (self._marker or self._indent) + text
            self._marker = ""
        self._append(kind, text, page)

    @contextmanager
    def item(self, marker: str, *, indent: str = "  ") -> Iterator[None]:
        """Blocks added inside belong to one list item, definition or note begun by `marker`."""
        self._flush_marker(None)  # an item that begins with an item
        outer = self._indent
        self._marker, self._indent = outer + marker, (outer + indent)[-MOST_INDENT:]
        try:
            yield
        finally:
            self._flush_marker(None)
            self._indent = outer

    def _flush_marker(self, page: int | None) -> None:
        """Give a marker that found no text its own line, unless it is a mere bullet."""
        marker, self._marker = self._marker.rstrip(), ""
        if marker.strip(" -*.0123456789"):
            self._append("item", marker, page)

    def _append(self, kind: Kind, text: str, page: int | None) -> None:
        path = tuple(heading for _, heading in self._stack)
        self._blocks.append(Block(kind, text, path, page))

    def document(self, fallback: str, *, title: str | None = None) -> ParsedDocument:
        """Close the outline. A lone top heading that leads the text is the title unless given."""
        top = self._lone_top_heading()
        if top is not None and title is None:
            title = top
        blocks = self._blocks
        if top is not None and title is not None and top.casefold() == title.casefold():
            blocks = [Block(b.kind, b.text, b.path[1:], b.page) for b in blocks]
        if not blocks:
            blocks = [Block("paragraph", heading) for _, heading in self._headings]
        return ParsedDocument(title or fallback, tuple(blocks), tuple(self._notes))

    def _lone_top_heading(self) -> str | None:
        if not self._headings or not self._first_heading_leads:
            return None
        level, text = self._headings[0]
        alone = all(other > level for other, _ in self._headings[1:])
        return text if alone else None
