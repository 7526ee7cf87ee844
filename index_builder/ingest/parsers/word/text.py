"""The text inside Word paragraphs, as it reads when every tracked change is accepted.

Knows runs, fields, links, content controls, text boxes, formulas and note marks; knows no blocks
and opens no file. Names are compared without their namespace: Word writes two of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from index_builder.ingest.parsers.word.symbols import symbol
from index_builder.ingest.raised import lowered, raised

# Stand for their content wherever they stand.
WRAPPERS = frozenset(
    str.split("sdtContent ins moveTo hyperlink smartTag customXml fldSimple bdo dir Choice body")
)
TAKEN_OUT = frozenset(
    str.split(
        "del moveFrom delText delInstrText instrText pPr rPr sdtPr sdtEndPr tcPr trPr tblPr rt "
        "commentReference annotationRef footnoteRef endnoteRef rubyPr fldData ctrlPr"
    )
)
SIGNS = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
FORMULAS = frozenset(["f", "rad", "sSup", "sSub", "sSubSup"])
OFF = frozenset(["0", "false", "off"])


@dataclass(slots=True)
class Text:
    """A paragraph's words, and what hangs on it: text boxes, and notes as (mark, id)."""

    words: str = ""
    boxes: list[Any] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


class WordText:
    """Reads paragraphs in order: a field may begin in one and end in another."""

    def __init__(self) -> None:
        self._fields: list[bool] = []  # open fields, outermost first: is its result being read
        self._marks: dict[str, int] = {}

    def read(self, paragraph: Any) -> Text:
        text = Text()
        text.words = self._inside(paragraph, text)
        return text

    def _inside(self, parent: Any, text: Text) -> str:
        return "".join(self._one(child, text) for child in _children(parent))

    def _one(self, node: Any, text: Text) -> str:
        name = kind(node)
        if name == "t":
            return (node.text or "") if all(self._fields) else ""
        if name == "r":
            return self._run(node, text)
        if name == "fldChar":
            shown = _chosen(node) if all(self._fields) else ""
            self._field(attribute(node, "fldCharType"))
            return shown
        if name in ("footnoteReference", "endnoteReference"):
            return self._note(name[:-9], attribute(node, "id"), text)
        if name == "txbxContent":
            text.boxes.append(node)
            return ""
        if name == "docPr":
            return f" {attribute(node, 'descr')} " if attribute(node, "descr") else ""
        if name == "sym":
            return symbol(attribute(node, "font"), attribute(node, "char"))
        if name in FORMULAS:
            return self._formula(name, node, text)
        return SIGNS.get(name) or self._inside(node, text)

    def _run(self, run: Any, text: Text) -> str:
        properties = find(run, "rPr")
        if is_on(find(properties, "vanish")):
            return ""
        words = self._inside(run, text)
        height = attribute(find(properties, "vertAlign"), "val")
        offset = attribute(find(properties, "position"), "val")
        if height == "superscript" or offset.isdigit() and int(offset) > 2:
            return raised(words)
        if height == "subscript" or offset[:1] == "-" and offset not in ("-1", "-2"):
            return lowered(words)
        return words

    def _field(self, step: str) -> None:
        if step == "begin":
            self._fields.append(False)
        elif step == "separate" and self._fields:
            self._fields[-1] = True
        elif step == "end" and self._fields:
            self._fields.pop()

    def _note(self, place: str, id: str, text: Text) -> str:
        """Notes are numbered as they come; the mark is what a reader finds at the page's foot."""
        key = f"{place} {id}"
        mark = str(self._marks.setdefault(key, len(self._marks) + 1))
        text.notes.append((f"[{mark}]", key))
        return raised(mark, mark=True)

    def _formula(self, name: str, node: Any, text: Text) -> str:
        parts = {kind(child): self._inside(child, text) for child in _children(node)}
        if name == "f":
            return f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}"
        if name == "rad":
            return f"\u221a({parts.get('e', '')})"
        base = parts.get("e", "")
        low = lowered(parts["sub"]) if parts.get("sub") else ""
        high = f"^{_grouped(parts['sup'])}" if parts.get("sup") else ""
        return f"{base}{low}{high}"


def accepted_children(parent: Any) -> Iterator[Any]:
    """Children as they stand when all changes are accepted, through everything that only wraps."""
    for child in _children(parent):
        if kind(child) in WRAPPERS:
            yield from accepted_children(child)
        elif kind(child) == "sdt":
            if not is_on(find(child, "sdtPr", "showingPlcHdr")):
                yield from accepted_children(child)
        elif kind(child) == "AlternateContent":
            yield from accepted_children(_alternative(child))
        else:
            yield child


def _children(parent: Any) -> Iterator[Any]:
    """Children that count: one of two alternatives, no deletions, no unfilled placeholders."""
    for child in parent:
        name = kind(child)
        if name in TAKEN_OUT:
            continue
        if name == "AlternateContent":
            yield from _children(_alternative(child))
        elif name != "sdt" or not is_on(find(child, "sdtPr", "showingPlcHdr")):
            yield child


def _alternative(node: Any) -> Any:
    choices = [child for child in node if kind(child) == "Choice"]
    return choices[0] if choices else next(iter(node), node)


def kind(node: Any) -> str:
    """An element's name without its namespace; '' for a comment."""
    tag = node.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def find(node: Any, *names: str) -> Any:
    """The first child of that name, and of that the next; None where there is none."""
    for name in names:
        if node is None:
            return None
        node = next((child for child in node if kind(child) == name), None)
    return node


def attribute(node: Any, name: str) -> str:
    """An attribute's value, whatever its namespace; '' where node or attribute is missing."""
    if node is None:
        return ""
    for key, value in node.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return ""


def is_on(node: Any) -> bool:
    """A switch is on where it stands, unless it says off."""
    return node is not None and attribute(node, "val") not in OFF


def _chosen(node: Any) -> str:
    """What is chosen in a drop-down field of a form, which has no other result."""
    options = find(node, "ffData", "ddList")
    entries = [
        attribute(one, "val")
        for one in (() if options is None else options)
        if kind(one) == "listEntry"
    ]
    number = attribute(find(options, "result"), "val") or attribute(find(options, "default"), "val")
    place = int(number) if number.isdecimal() else 0
    return entries[place] if place < len(entries) else ""


def _grouped(part: str) -> str:
    part = part.strip()
    return part if part.isalnum() or part[1:].isdigit() else f"({part})"
