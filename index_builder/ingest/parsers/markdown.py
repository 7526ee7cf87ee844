"""Markdown -> blocks, with markdown-it-py (CommonMark and tables); front matter gives the title.

HTML inside the text is read by the HTML parser.
"""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from index_builder.ingest.blocks import Outline, ParsedDocument, title_from
from index_builder.ingest.encoding import decode_text
from index_builder.ingest.parsers.front_matter import labels_in, split_front_matter
from index_builder.ingest.parsers.html import add_html, words_of_html
from index_builder.ingest.parsers.tables import plain_rows

ALERT = re.compile(r"^\[!(\w+)\]\s*")  # GitHub's  > [!NOTE]
MOST_NESTING = 1000  # a list in a list is two
FRAMES_PER_LEVEL = 8  # of the interpreter's stack
ANCHOR = re.compile(r"\s*\{[#:.][^{}]*\}\s*$")  # heading attributes:  ## Title {#anchor}


def parse_markdown(data: bytes, path: Path) -> ParsedDocument:
    """Read a Markdown file; the title is the front matter's, else a lone first heading."""
    outline = Outline()
    metadata, body = split_front_matter(decode_text(data, outline.note), outline.note)
    labels = labels_in(metadata)
    add_markdown(outline, body)
    title = metadata.get("title") or None
    return replace(outline.document(title_from(path), title=title), labels=labels)


def add_markdown(outline: Outline, text: str) -> None:
    """Add the text's blocks to an outline."""
    syntax = MarkdownIt("commonmark", {"maxNesting": MOST_NESTING})
    syntax.enable(["table", "strikethrough"])
    tokens = _parsed(syntax, text)
    if any(token.level >= MOST_NESTING - 1 for token in tokens):
        outline.note(f"what is nested more than {MOST_NESTING:,} deep in it is not read")
    _Walk(outline, syntax).run(tokens)


def _parsed(syntax: MarkdownIt, text: str) -> list[Token]:
    """The parser calls itself for every level; by default it leaves out what is below 20."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, FRAMES_PER_LEVEL * MOST_NESTING))
    try:
        return syntax.parse(text)
    finally:
        sys.setrecursionlimit(before)


class _Walk:
    """Reads the flat token list once; open list items are kept on a stack."""

    def __init__(self, outline: Outline, syntax: MarkdownIt) -> None:
        self._outline = outline
        self._syntax = syntax
        self._heading_level: int | None = None
        self._numbers: list[int | None] = []  # per open list: the next number, None for bullets
        self._items: list[ExitStack] = []
        self._rows: list[list[str]] | None = None

    def run(self, tokens: list[Token]) -> None:
        for token in tokens:
            step = getattr(self, f"_{token.type}", None)
            if step is not None:
                step(token)

    def _heading_open(self, token: Token) -> None:
        self._heading_level = int(token.tag[1:])

    def _inline(self, token: Token) -> None:
        text = inline_text(token, self._syntax)
        if self._heading_level is not None:
            self._outline.enter(self._heading_level, ANCHOR.sub("", text))
            self._heading_level = None
        elif self._rows is not None:
            self._rows[-1].append(text)
        else:
            self._outline.add("paragraph", ALERT.sub(lambda m: f"{m[1].title()}: ", text))

    def _bullet_list_open(self, token: Token) -> None:
        self._numbers.append(None)

    def _ordered_list_open(self, token: Token) -> None:
        self._numbers.append(int(token.attrGet("start") or 1))

    def _bullet_list_close(self, token: Token) -> None:
        self._numbers.pop()

    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, token: Token) -> None:
        number = self._numbers[-1]
        if number is not None:
            self._numbers[-1] = number + 1
        stack = ExitStack()
        stack.enter_context(self._outline.item("- " if number is None else f"{number}. "))
        self._items.append(stack)

    def _list_item_close(self, token: Token) -> None:
        self._items.pop().close()

    def _fence(self, token: Token) -> None:
        self._outline.add("code", token.content)

    _code_block = _fence

    def _html_block(self, token: Token) -> None:
        add_html(self._outline, token.content)

    def _table_open(self, token: Token) -> None:
        self._rows = []

    def _tr_open(self, token: Token) -> None:
        if self._rows is not None:
            self._rows.append([])

    def _table_close(self, token: Token) -> None:
        rows, self._rows = self._rows or [], None
        self._outline.add("table", plain_rows(rows, headers=1))


def inline_text(token: Token, syntax: MarkdownIt) -> str:
    """The words of a line: no emphasis marks, no link targets, code without its backquotes.

    A line that holds HTML is read as the HTML it becomes.
    """
    children = token.children or []
    if any(child.type == "html_inline" for child in children):
        return words_of_html(syntax.renderer.render(children, syntax.options, {}))
    pieces = []
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            pieces.append(" ")
        else:
            pieces.append(child.content)  # an image's content is its alternative text
    return "".join(pieces)
