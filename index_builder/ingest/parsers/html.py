"""HTML -> blocks, with the HTML5 parser Lexbor (selectolax); the page's own furniture is left out.

Also reads HTML found inside Markdown. Fetches nothing. What is furniture is `web.furniture`'s to
say; cells are `web.tables`'.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from index_builder.ingest.blocks import Outline, ParsedDocument, collapse, title_from
from index_builder.ingest.encoding import decode_declared
from index_builder.ingest.parsers.tables import table_text
from index_builder.ingest.parsers.web.furniture import remove_furniture
from index_builder.ingest.parsers.web.tables import is_layout, table_rows
from index_builder.ingest.parsers.web.words import APART, holds_blocks, inline_text, raw_text

HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = frozenset(["ul", "ol", "menu"])
DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.I
)
HEAD_BYTES = 4096  # where a page may declare its encoding


def parse_html(data: bytes, path: Path) -> ParsedDocument:
    """Read a page; the title is its lone h1, else its <title>, else the file's name."""
    outline = Outline()
    declared = DECLARED.search(data[:HEAD_BYTES])
    text = decode_declared(data, declared[1].decode("ascii") if declared else "", outline.note)
    page = LexborHTMLParser(text)
    title = page.css_first("head > title")
    page_title = collapse(title.text()) if title is not None else ""
    _add_page(outline, page)
    return outline.document(page_title or title_from(path))


def add_html(outline: Outline, fragment: str) -> None:
    """Add a fragment's blocks to an outline."""
    _add_page(outline, LexborHTMLParser(fragment))


def words_of_html(fragment: str) -> str:
    """The words of a fragment that stands within a line."""
    body = LexborHTMLParser(fragment).body
    return inline_text(body) if body is not None else ""


def _add_page(outline: Outline, page: LexborHTMLParser) -> None:
    remove_furniture(page)
    body = page.body
    if body is not None:
        _Walk(outline).run(body)


class _Walk:
    """Depth first without recursion: pages nest thousands of elements; open ones are on a stack."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._words: list[str] = []  # inline text since the last block
        self._stack: list[_Open] = []
        self._numbers: list[int] = []  # per open ordered list: the next number
        self._terms: list[str] = []  # per open definition list: a term without its meaning yet

    def run(self, root: LexborNode) -> None:
        self._stack.append(_Open(root.child))
        while self._stack:
            top = self._stack[-1]
            node = top.next
            if node is None:
                self._flush()
                self._stack.pop()
                top.close()
                self._left(top)
                continue
            top.next = node.next
            self._node(node)
        self._flush()

    def _node(self, node: LexborNode) -> None:
        if node.tag == "-text":
            self._words.append(node.text_content or "")
        elif not node.is_element_node:
            return
        elif not holds_blocks(node):
            between = " " if node.tag in APART else ""
            self._words.append(f"{between}{inline_text(node)}{between}")
        else:
            self._flush()
            self._block(node)

    def _block(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in HEADINGS:
            self._outline.enter(HEADINGS[tag], inline_text(node))
        elif tag == "pre":
            self._outline.add("code", raw_text(node))
        elif tag == "table" and not is_layout(node):
            self._table(node)
        elif tag in LISTS:
            start = (node.attributes.get("start") or "") if tag == "ol" else ""
            self._numbers.append(int(start) if start.isdigit() and len(start) < 10 else 1)
            self._open(node, tag)
        elif tag == "li" and self._numbers:
            self._item(node)
        elif tag == "dl":
            self._terms.append("")
            self._open(node, tag)
        elif tag in ("dt", "dd") and self._terms:
            self._definition(node, tag)
        else:
            self._open(node, tag)

    def _item(self, node: LexborNode) -> None:
        parent = node.parent
        ordered = parent is not None and parent.tag == "ol"
        marker = f"{self._numbers[-1]}. " if ordered else "- "
        self._numbers[-1] += 1
        self._open(node, "li", self._outline.item(marker))

    def _definition(self, node: LexborNode, tag: str) -> None:
        term, self._terms[-1] = self._terms[-1], ""
        if tag == "dt":
            self._outline.add("paragraph", term)
            self._terms[-1] = collapse(inline_text(node))
        else:
            self._open(node, "dd", self._outline.item(f"{term}: " if term else ""))

    def _table(self, node: LexborNode) -> None:
        caption = node.css_first("caption")
        if caption is not None:
            self._outline.add("paragraph", inline_text(caption))
        self._outline.add("table", table_text(table_rows(node)))

    def _open(
        self, node: LexborNode, tag: str, item: AbstractContextManager[None] | None = None
    ) -> None:
        self._stack.append(_Open(node.child, tag, item))

    def _left(self, top: _Open) -> None:
        if top.tag in LISTS:
            self._numbers.pop()
        elif top.tag == "dl":
            self._outline.add("paragraph", self._terms.pop())

    def _flush(self) -> None:
        words, self._words = self._words, []
        self._outline.add("paragraph", "".join(words))


class _Open:
    """An element whose children are being read; `item` is the list item it began."""

    __slots__ = ("_item", "next", "tag")

    def __init__(
        self,
        child: LexborNode | None,
        tag: str = "",
        item: AbstractContextManager[None] | None = None,
    ) -> None:
        self.next = child
        self.tag = tag
        self._item = item
        if item is not None:
            item.__enter__()

    def close(self) -> None:
        if self._item is not None:
            self._item.__exit__(None, None, None)
