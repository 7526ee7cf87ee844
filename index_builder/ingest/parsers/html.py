"""HTML -> blocks, with Beautiful Soup over lxml; the page's own furniture is left out.

Also reads HTML found inside Markdown. Fetches nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from bs4.element import NavigableString, PreformattedString, Tag

from index_builder.ingest.blocks import Outline, ParsedDocument, collapse, table_text, title_from
from index_builder.ingest.encoding import decode_text

DROPPED = str.split(
    "script style noscript template svg canvas nav form button select textarea input iframe "
    "object audio video aside dialog menu"
)
HIDDEN = (
    '[hidden], [aria-hidden="true"], [role="navigation"], [role="search"], [role="banner"], '
    ".headerlink, .linenos, .linenodiv, .sphinxsidebar, .toctree-wrapper, .skip-link, .sr-only"
)
BLOCKS = frozenset(
    str.split(
        "address article blockquote body center dd details div dl dt fieldset figcaption figure "
        "footer h1 h2 h3 h4 h5 h6 header hr html legend li main ol p pre section summary table ul"
    )
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}


def parse_html(data: bytes, path: Path) -> ParsedDocument:
    """Read a page; the title is its lone h1, else its <title>, else the file's name."""
    soup = BeautifulSoup(_decode_page(data), "lxml")
    page_title = collapse(soup.title.get_text()) if soup.title else ""
    outline = Outline()
    _remove_furniture(soup)
    _Walk(outline).children(_main_part(soup))
    return outline.document(page_title or title_from(path))


def add_html(outline: Outline, fragment: str) -> None:
    """Add a fragment's blocks to an outline."""
    soup = BeautifulSoup(fragment, "lxml")
    _remove_furniture(soup)
    _Walk(outline).children(soup)


def _decode_page(data: bytes) -> str:
    declared = EncodingDetector.find_declared_encoding(data, is_html=True)
    if declared:
        try:
            return data.decode(declared)
        except (LookupError, UnicodeDecodeError):
            pass  # a page that declares the wrong encoding: find out ourselves
    return decode_text(data)


def _remove_furniture(soup: BeautifulSoup) -> None:
    for tag in [*soup.find_all([*DROPPED, "head"]), *soup.select(HIDDEN)]:
        if not tag.decomposed:
            tag.decompose()
    for tag in soup.find_all(["header", "footer"]):
        if not tag.decomposed and tag.find("h1") is None:
            tag.decompose()


def _main_part(soup: BeautifulSoup) -> Tag:
    for selector in ("main", '[role="main"]', "article"):
        found = soup.select(selector)
        if len(found) == 1 and found[0].get_text(strip=True):
            return found[0]
    return soup.body or soup


class _Walk:
    """Depth first; text between block elements becomes a paragraph."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._steps: dict[str, Callable[[Tag], None]] = {
            "pre": self._code,
            "table": self._table,
            "ul": self._list,
            "ol": self._list,
            "dl": self._definitions,
        }

    def children(self, parent: Tag) -> None:
        words: list[str] = []
        for child in parent.children:
            if isinstance(child, PreformattedString):
                continue  # comments, CDATA, doctype
            if isinstance(child, NavigableString):
                words.append(str(child))
            elif isinstance(child, Tag) and not _holds_blocks(child):
                words.append(_inline_text(child))
            elif isinstance(child, Tag):
                self._outline.add("paragraph", "".join(words))
                words = []
                self._block(child)
        self._outline.add("paragraph", "".join(words))

    def _block(self, tag: Tag) -> None:
        if tag.name in HEADINGS:
            self._outline.enter(HEADINGS[tag.name], _inline_text(tag))
        else:
            self._steps.get(tag.name, self.children)(tag)

    def _code(self, tag: Tag) -> None:
        for line_break in tag.find_all("br"):
            line_break.replace_with("\n")
        self._outline.add("code", tag.get_text())

    def _table(self, tag: Tag) -> None:
        if tag.find(["table", "ul", "ol", "pre", "h1", "h2", "h3"]) is not None:
            self.children(tag)  # a table that lays out a page
            return
        if tag.caption is not None:
            self._outline.add("paragraph", _inline_text(tag.caption.extract()))
        cells = [row.find_all(["td", "th"]) for row in tag.find_all("tr")]
        self._outline.add("table", table_text([[_inline_text(c) for c in row] for row in cells]))

    def _list(self, tag: Tag) -> None:
        number = _start_of(tag)
        for child in tag.find_all(True, recursive=False):
            if child.name == "li":
                with self._outline.item("- " if tag.name == "ul" else f"{number}. "):
                    self.children(child)
                number += 1
            else:
                self._block(child)

    def _definitions(self, tag: Tag) -> None:
        term = ""
        for child in tag.find_all(["dt", "dd"]):
            if child.find_parent("dl") is not tag:
                continue
            if child.name == "dt":
                if term:
                    self._outline.add("paragraph", term)
                term = collapse(_inline_text(child))
            else:
                with self._outline.item(f"{term}: " if term else ""):
                    self.children(child)
                term = ""
        self._outline.add("paragraph", term)


def _start_of(tag: Tag) -> int:
    start = str(tag.get("start") or "")
    return int(start) if start.isdigit() else 1


def _holds_blocks(tag: Tag) -> bool:
    if tag.name in BLOCKS:
        return True
    return tag.find(lambda inner: inner.name in BLOCKS) is not None


def _inline_text(tag: Tag) -> str:
    if tag.name == "br":
        return " "
    for line_break in tag.find_all("br"):
        line_break.replace_with(" ")
    if tag.name == "img":
        return str(tag.get("alt") or "")
    return tag.get_text() + (" " if tag.name in ("td", "th") else "")
