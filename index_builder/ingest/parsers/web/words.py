"""The words of HTML elements: inline text on one line, preformatted text with its lines.

Knows what is set apart on the page (raised, lowered, cells, lines, fields of forms); no blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from index_builder.ingest.parsers.web.formulas import formula_text
from index_builder.ingest.raised import lowered, raised

BLOCKS = frozenset(
    str.split(
        "address article aside blockquote body center dd details dialog dir div dl dt fieldset "
        "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu "
        "nav ol optgroup p pre search section summary table tbody td tfoot th thead tr ul caption"
    )
)
FIELDS = frozenset(str.split("option button select textarea label input progress meter output"))
STRUCK = frozenset(["del", "s", "strike"])  # a price, say, beside the one that holds now
APART = BLOCKS | FIELDS | STRUCK | frozenset(["br", "img"])
SHOWN_FIELDS = frozenset(["", "text", "number", "email", "tel", "url", "date", "time", "search"])
LEVELLED = frozenset(["span", "small", "font", "a"])
ALIGNED = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.IGNORECASE)
NOTE_CLASS = re.compile(r"foot-?note|fnref|endnote|reference|citation|noteref", re.IGNORECASE)
OF_BLOCKS = ", ".join(sorted(BLOCKS))


def holds_blocks(node: LexborNode) -> bool:
    """Whether the element is, or holds, one that begins a line of its own."""
    if node.tag in BLOCKS:
        return True
    child = node.child
    if child is None or (child.tag == "-text" and child.next is None):
        return False
    return node.css_first(OF_BLOCKS) is not None


def inline_text(node: LexborNode) -> str:
    """Everything a reader sees in the element, neighbours apart where the page shows them apart."""
    return "".join(_texts(node))


def raw_text(node: LexborNode) -> str:
    """The element's characters with its line ends; <br> is one."""
    return "".join(_texts(node, line_break="\n", apart=""))


def _texts(root: LexborNode, line_break: str = " ", apart: str = " ") -> Iterator[str]:
    stack: list[LexborNode | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
            continue
        tag = node.tag or ""
        if tag == "-text":
            yield node.text_content or ""
        elif tag == "br":
            yield line_break
        elif tag == "math":
            yield f"{apart}{formula_text(node)}{apart}"
        elif level := _level(node, tag):
            yield _set_apart(node, level)
        elif tag in ("img", "input"):
            yield f"{apart}{_shown(node, tag)}{apart}"
        elif node.is_element_node:
            between = apart if tag in APART and node is not root else ""
            stack.append(between)
            stack += _children(node)[::-1]
            stack.append(between)


def _children(node: LexborNode) -> list[LexborNode]:
    found = []
    child = node.child
    while child is not None:
        found.append(child)
        child = child.next
    return found


def _level(node: LexborNode, tag: str) -> str:
    """sup or sub where the element is set higher or lower; "" where it stands on the line."""
    if tag in ("sup", "sub"):
        return tag
    if tag not in LEVELLED:
        return ""
    named = node.attributes
    style = ALIGNED.search(named.get("style") or "") if "style" in named else None
    if style:
        return style[1].lower()[:3]
    if "class" in named:
        for name in (named["class"] or "").lower().split():
            if name in ("sup", "sub", "superscript", "subscript"):
                return name[:3]
    return ""


def _set_apart(node: LexborNode, tag: str) -> str:
    words = node.text() or ""
    if tag == "sub":
        return lowered(words)
    link = node.css_first("a")
    parent = node.parent
    around = parent if parent is not None and parent.tag == "a" else None
    names = " ".join(
        (one.attributes.get(name) or "")
        for one in (node, link, around)
        if one is not None
        for name in ("class", "id", "role", "epub:type")
    )
    target = next(
        (one.attributes.get("href") or "" for one in (link, around) if one is not None), ""
    )
    return raised(words, mark=target.startswith("#") or bool(NOTE_CLASS.search(names)))


def _shown(node: LexborNode, tag: str) -> str:
    """An image's words, or what stands in a field."""
    if tag == "img":
        return node.attributes.get("alt") or ""
    kind = (node.attributes.get("type") or "").lower()
    return (node.attributes.get("value") or "") if kind in SHOWN_FIELDS else ""
