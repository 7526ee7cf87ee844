"""The parts of a Word file: its text, styles, notes and properties, as XML trees.

Knows zip archives and the names of parts; bounded, because a small archive may unpack to anything.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from lxml import etree

from index_builder.ingest.blocks import UnreadableError
from index_builder.ingest.parsers.word.text import attribute, find, kind

MOST_PART_BYTES = 256 * 1024 * 1024  # unpacked; a thousand pages of text are a tenth of it
OLE = b"\xd0\xcf\x11\xe0"  # what encrypted files and files of Word before 2007 begin with
MOST_BASED_ON = 20  # styles may be based on each other in a circle


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style: its English name, the outline level (-1: none), and the list it makes."""

    name: str = ""
    outline_level: int = -1
    list_id: str = ""  # of the list it numbers; "": none
    list_level: int = 0


@dataclass(slots=True)
class WordPackage:
    """What the walk needs of a file."""

    body: Any
    title: str
    styles: dict[str, Style]
    notes: Mapping[str, Any] = field(default_factory=dict)  # "footnote 2" -> its element
    numbering: Any = ()  # the root of its definitions of lists

    def style(self, id: str) -> Style:
        return self.styles.get(id, Style(id))


def open_package(data: bytes) -> WordPackage:
    """Raises UnreadableError for what is no readable Word file."""
    if data.startswith(OLE):
        raise UnreadableError(
            "it needs a password, or is a .doc under another name; save it as .docx without one"
        )
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return _read(archive)
    except zipfile.BadZipFile as error:
        raise UnreadableError("not a Word file, or cut off: it is no zip archive") from error


def _read(archive: zipfile.ZipFile) -> WordPackage:
    main = _main_part(archive)
    folder = main.rpartition("/")[0]
    tree = _part(archive, main)
    body = find(tree, "body")
    if body is None:
        raise UnreadableError("no Word document in it: the archive has no text part")
    notes: dict[str, Any] = {}
    for place in ("footnote", "endnote"):
        for note in _part(archive, f"{folder}/{place}s.xml"):
            if kind(note) == place and attribute(note, "type") in ("", "normal"):
                notes[f"{place} {attribute(note, 'id')}"] = note
    properties = _part(archive, "docProps/core.xml")
    title = find(properties, "title")
    return WordPackage(
        body,
        (title.text or "") if title is not None else "",
        _styles(_part(archive, f"{folder}/styles.xml")),
        notes,
        _part(archive, f"{folder}/numbering.xml"),
    )


def _main_part(archive: zipfile.ZipFile) -> str:
    for relation in _part(archive, "_rels/.rels"):
        if attribute(relation, "Type").endswith("/officeDocument"):
            return attribute(relation, "Target").lstrip("/")
    return "word/document.xml"


def _part(archive: zipfile.ZipFile, name: str) -> Any:
    """A part's root element, one without children where there is no such part."""
    try:
        size = archive.getinfo(name).file_size
    except KeyError:
        return etree.Element("missing")
    if size > MOST_PART_BYTES:
        raise UnreadableError(
            f"{name} unpacks to {size:,} bytes, more than the {MOST_PART_BYTES:,} read; split it"
        )
    with archive.open(name) as stream:
        content = stream.read(MOST_PART_BYTES + 1)  # the size in an archive's list may lie
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    return etree.fromstring(content, parser)


def _styles(tree: Any) -> dict[str, Style]:
    found = {
        attribute(one, "styleId"): one
        for one in tree
        if kind(one) == "style" and attribute(one, "type") == "paragraph"
    }
    return {id: _style(id, found) for id in found}


def _style(id: str, found: dict[str, Any]) -> Style:
    """Its own name; level and list from itself or the nearest style it is based on."""
    name = attribute(find(found[id], "name"), "val")
    level, list_id, list_level, current = -1, "", 0, id
    for _ in range(MOST_BASED_ON):
        node = found.get(current)
        if node is None:
            break
        own = attribute(find(node, "pPr", "outlineLvl"), "val")
        if level < 0 and own.isdigit():
            level = int(own)
        if not list_id:
            list_id, list_level = list_of(find(node, "pPr"))
        current = attribute(find(node, "basedOn"), "val")
    return Style(name, level, list_id if level < 0 else "", list_level)


def list_of(properties: Any) -> tuple[str, int]:
    """The list that a paragraph or style says it belongs to, and its level; "" for none."""
    numbers = find(properties, "numPr")
    level = attribute(find(numbers, "ilvl"), "val")
    return attribute(find(numbers, "numId"), "val"), int(level) if level.isdecimal() else 0
