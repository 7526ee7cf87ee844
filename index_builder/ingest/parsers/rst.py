"""reStructuredText -> blocks, with docutils' parser; a PEP's header gives title and a first block.

Walks the document tree; resolves no references and opens no other file. docutils' messages about
the text's mistakes are dropped, the text they complain about is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from docutils.utils import new_document

from index_builder.ingest.blocks import Outline, ParsedDocument, collapse, title_from
from index_builder.ingest.encoding import decode_text
from index_builder.ingest.parsers.rst_dialect import admit_directives, reading_inliner
from index_builder.ingest.parsers.rst_substitutions import substitute
from index_builder.ingest.parsers.tables import Cell, table_text

PEP_HEADER = re.compile(r"\A\s*PEP:\s*(\d+)\s*\n")
PEP_FIELDS = str.split(
    "Author Sponsor BDFL-Delegate PEP-Delegate Status Type Topic Requires Created "
    "Python-Version Replaces Superseded-By Resolution"
)
MAIL = re.compile(r"\s*<[^<>]*(?:@| at )[^<>]*>")
SKIPPED = (
    nodes.comment,
    nodes.target,
    nodes.substitution_definition,
    nodes.pending,
    nodes.raw,
    nodes.image,
    nodes.transition,
    nodes.decoration,
    nodes.title,
)


def parse_rst(data: bytes, path: Path) -> ParsedDocument:
    """Read a .rst file; the title is a PEP header's, else a lone first heading."""
    outline = Outline()
    text = decode_text(data, outline.note)
    title, text = _take_pep_header(outline, text)
    add_rst(outline, text)
    return outline.document(title_from(path), title=title)


def add_rst(outline: Outline, text: str) -> None:
    """Add the text's blocks to an outline."""
    _Walk(outline).children(_parse_tree(text), 1)


def _parse_tree(text: str) -> nodes.document:
    settings = get_default_settings(Parser)
    settings.report_level = settings.halt_level = 5
    settings.warning_stream = False
    settings.raw_enabled = settings.file_insertion_enabled = False
    settings.syntax_highlight = "none"
    admit_directives(text)
    tree = new_document("", settings)
    Parser(inliner=reading_inliner()).parse(text, tree)
    substitute(tree)
    return tree


def _take_pep_header(outline: Outline, text: str) -> tuple[str | None, str]:
    found = PEP_HEADER.match(text)
    if found is None:
        return None, text
    message = HeaderParser().parsestr(text.lstrip())
    title = f"{collapse(str(message['Title'] or 'Untitled'))} (PEP {found[1]})"
    outline.add("paragraph", f"PEP {found[1]}: {collapse(str(message['Title'] or ''))}")
    for name in PEP_FIELDS:
        if message[name]:
            outline.add("item", f"{name}: {MAIL.sub('', collapse(str(message[name])))}")
    return title, str(message.get_payload())


class _Walk:
    """Depth first over the tree; `level` is the depth of the section."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._steps: dict[type[nodes.Node], Callable[[Any, int], None]] = {
            nodes.section: self._section,
            nodes.paragraph: self._paragraph,
            nodes.attribution: self._paragraph,
            nodes.caption: self._paragraph,
            nodes.rubric: self._paragraph,
            nodes.term: self._paragraph,
            nodes.literal_block: self._code,
            nodes.doctest_block: self._code,
            nodes.math_block: self._code,
            nodes.line_block: self._lines,
            nodes.bullet_list: self._bullets,
            nodes.enumerated_list: self._numbers,
            nodes.definition_list_item: self._definition,
            nodes.field: self._field,
            nodes.option_list_item: self._option,
            nodes.footnote: self._note,
            nodes.citation: self._note,
            nodes.table: self._table,
            nodes.topic: self._titled,
            nodes.sidebar: self._titled,
            nodes.system_message: self._complaint,
        }

    def children(self, parent: nodes.Element, level: int) -> None:
        for child in parent.children:
            if isinstance(child, SKIPPED):
                continue
            step = self._steps.get(type(child))
            if step is not None:
                step(child, level)
            elif isinstance(child, nodes.Admonition):
                self._admonition(child, level)
            elif isinstance(child, nodes.Text):
                self._outline.add("paragraph", nodes.unescape(str(child)))
            elif isinstance(child, nodes.Element):
                self.children(child, level)

    def _section(self, node: nodes.section, level: int) -> None:
        if isinstance(node[0], nodes.title):
            self._outline.enter(level, words_of(node[0]))
        self.children(node, level + 1)

    def _paragraph(self, node: nodes.Element, level: int) -> None:
        self._outline.add("paragraph", words_of(node))

    def _code(self, node: nodes.Element, level: int) -> None:
        self._outline.add("code", node.astext())

    def _lines(self, node: nodes.Element, level: int) -> None:
        for line in node.findall(nodes.line):
            self._outline.add("item", words_of(line))

    def _bullets(self, node: nodes.Element, level: int) -> None:
        for item in node.children:
            with self._outline.item("- "):
                self.children(item, level)

    def _numbers(self, node: nodes.Element, level: int) -> None:
        start = int(node.get("start", 1))
        for number, item in enumerate(node.children, start):
            with self._outline.item(f"{_ordinal(number, node.get('enumtype', ''))}. "):
                self.children(item, level)

    def _definition(self, node: nodes.Element, level: int) -> None:
        term = " ".join(words_of(part) for part in node.children if isinstance(part, nodes.term))
        with self._outline.item(f"{collapse(term).rstrip(':')}: "):
            for part in node.children:
                if isinstance(part, nodes.definition):
                    self.children(part, level)

    def _field(self, node: nodes.Element, level: int) -> None:
        with self._outline.item(f"{collapse(words_of(node[0]))}: "):
            self.children(node[1], level)

    def _option(self, node: nodes.Element, level: int) -> None:
        options = ", ".join(part.astext() for part in node[0].children)
        with self._outline.item(f"{options}: "):
            self.children(node[1], level)

    def _note(self, node: nodes.Element, level: int) -> None:
        label = next((c.astext() for c in node.children if isinstance(c, nodes.label)), "")
        label = label or " ".join(node.get("names", []))
        with self._outline.item(f"[{label}] " if label else ""):
            for part in node.children:
                if not isinstance(part, nodes.label):
                    self._steps.get(type(part), self.children)(part, level)

    def _table(self, node: nodes.Element, level: int) -> None:
        for title in node.children:
            if isinstance(title, nodes.title):
                self._outline.add("paragraph", words_of(title))
        rows = [
            [_cell(entry, isinstance(row.parent, nodes.thead)) for entry in row.children]
            for row in node.findall(nodes.row)
        ]
        headers = sum(isinstance(row.parent, nodes.thead) for row in node.findall(nodes.row))
        self._outline.add("table", table_text(rows, headers))

    def _titled(self, node: nodes.Element, level: int) -> None:
        for title in node.children:
            if isinstance(title, nodes.title):
                self._outline.add("paragraph", words_of(title))
        self.children(node, level)

    def _admonition(self, node: nodes.Element, level: int) -> None:
        first = node[0] if node.children else None
        title = words_of(first) if isinstance(first, nodes.title) else node.tagname.title()
        with self._outline.item(f"{collapse(title).rstrip(':')}: ", indent=""):
            self.children(node, level)

    def _complaint(self, node: nodes.Element, level: int) -> None:
        for part in node.children:
            if isinstance(part, nodes.literal_block):
                self._outline.add("code", part.astext())


def _cell(entry: nodes.Element, header: bool) -> Cell:
    columns, rows = int(entry.get("morecols", 0)) + 1, int(entry.get("morerows", 0)) + 1
    return Cell("; ".join(map(words_of, _lines_of(entry))), columns, rows, header)


def _lines_of(entry: nodes.Element) -> list[nodes.Node]:
    """What stands on lines of its own in a cell: its paragraphs, or the items of its lists."""
    lines: list[nodes.Node] = []
    for child in entry.children:
        if isinstance(child, (nodes.bullet_list, nodes.enumerated_list)):
            lines += child.children
        else:
            lines.append(child)
    return lines


def words_of(node: nodes.Node) -> str:
    """The words a reader sees of a node's text; notes keep their [mark], images their text."""
    if isinstance(node, nodes.Text):
        return str(nodes.unescape(str(node)))
    if isinstance(node, (nodes.footnote_reference, nodes.citation_reference)):
        mark = node.astext() or node.get("refname", "")
        return f"[{mark}]" if mark else ""
    if isinstance(node, nodes.image):
        return str(node.get("alt", ""))
    if isinstance(node, (nodes.raw, nodes.target, nodes.system_message)) and not node.astext():
        return ""
    between = " " if isinstance(node, (nodes.entry, nodes.list_item)) else ""
    words: str = between.join(words_of(child) for child in node.children)
    return words


def _ordinal(number: int, enumeration: str) -> str:
    if enumeration in ("loweralpha", "upperalpha") and 1 <= number <= 26:
        letter = chr(ord("a") + number - 1)
        return letter.upper() if enumeration == "upperalpha" else letter
    return str(number)
