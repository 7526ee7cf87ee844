"""MathML -> a formula on one line: powers, indices, fractions and roots stay apart.

Knows the elements of MathML's presentation; draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from selectolax.lexbor import LexborNode

MOST_DEPTH = 100  # deeper ones are read as they stand
HIDDEN = frozenset(["annotation", "annotation-xml", "mphantom", "maction-hidden"])


def formula_text(node: LexborNode, depth: int = 0) -> str:
    """Of <math>, or of anything in it."""
    tag = node.tag or ""
    if tag == "-text":
        return " ".join((node.text_content or "").split())
    if tag in HIDDEN or not node.is_element_node:
        return ""
    if depth > MOST_DEPTH:
        return node.text() or ""
    parts = [formula_text(one, depth + 1) for one in _elements(node)]
    if tag in LAYOUTS and len(parts) >= LAYOUTS[tag][0]:
        return LAYOUTS[tag][1](parts)
    if tag in ("mtr", "mlabeledtr"):
        return " | ".join(parts) + "\n"
    if tag == "mo" and parts and parts[0] in SPACED:
        return f" {parts[0]} "
    return "".join(parts)


def _elements(node: LexborNode) -> list[LexborNode]:
    """What it holds; white space between elements is none of it."""
    found = []
    child = node.child
    while child is not None:
        if child.tag != "-text" or (child.text_content or "").strip():
            found.append(child)
        child = child.next
    return found


def _together(text: str) -> str:
    """In brackets where it is more than one thing."""
    return text if text.isalnum() or len(text) == 1 or text[:1] in "-\u2212" else f"({text})"


def _raised(parts: list[str]) -> str:
    return f"{parts[0]}^{_together(parts[1])}"


def _lowered(parts: list[str]) -> str:
    return f"{parts[0]}_{_together(parts[1])}"


def _both(parts: list[str]) -> str:
    return f"{_lowered(parts)}^{_together(parts[2])}"


SPACED = frozenset("=<>\u2264\u2265\u2248\u2260+\u00b1\u2192")
LAYOUTS: dict[str, tuple[int, Callable[[list[str]], str]]] = {
    "msup": (2, _raised),
    "mover": (2, lambda parts: f"{parts[0]}{parts[1]}"),
    "msub": (2, _lowered),
    "munder": (2, _lowered),
    "msubsup": (3, _both),
    "munderover": (3, _both),
    "mfrac": (2, lambda parts: f"{_together(parts[0])}/{_together(parts[1])}"),
    "msqrt": (1, lambda parts: f"\u221a({''.join(parts)})"),
    "mroot": (2, lambda parts: f"{_together(parts[0])}^(1/{parts[1]})"),
}
