"""The numbers that Word puts before the paragraphs of a list: "3.", "b)", "2.1", or a bullet.

Knows numbering definitions and counts; opens no file. Lists of one definition go on counting, as
Word's do, unless a list says where it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from index_builder.ingest.parsers.word.text import attribute, find, kind

LEVELS = 9  # Word has no more
BULLET = "- "
ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
         (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Level:
    form: str = "bullet"  # decimal, lowerLetter, upperRoman, ...
    text: str = ""  # "%1.%2)": each level's number in its own form
    start: int = 1


class Numbering:
    """Asked for each paragraph of a list, in order."""

    def __init__(self, tree: Any) -> None:
        """`tree`: the root of the file's numbering part."""
        self._levels: dict[str, dict[int, _Level]] = {}  # by abstract definition
        self._lists: dict[str, tuple[str, dict[int, int]]] = {}  # list -> definition, own starts
        self._counts: dict[str, list[int]] = {}
        for node in tree:
            if kind(node) == "abstractNum":
                self._levels[attribute(node, "abstractNumId")] = _levels(node)
            elif kind(node) == "num":
                definition = attribute(find(node, "abstractNumId"), "val")
                self._lists[attribute(node, "numId")] = definition, _starts(node)

    def marker(self, list_id: str, level: int) -> str:
        """What stands before the next paragraph of this list at this level, with a space."""
        definition, starts = self._lists.get(list_id, ("", {}))
        levels = self._levels.get(definition, {})
        own = levels.get(level, _Level())
        if level >= LEVELS or own.form in ("bullet", "none") or "%" not in own.text:
            return BULLET
        counts = self._counts.setdefault(definition, [0] * LEVELS)
        if level in starts:  # once: the list goes on from there
            counts[level] = starts.pop(level) - 1
        elif counts[level] == 0:
            counts[level] = own.start - 1
        counts[level] += 1
        counts[level + 1 :] = [0] * (LEVELS - level - 1)
        text = own.text
        for place in range(level + 1):
            one = levels.get(place, _Level())
            number = counts[place] or one.start
            text = text.replace(f"%{place + 1}", _written(number, one.form))
        return f"{text.strip()} "


def _levels(definition: Any) -> dict[int, _Level]:
    found: dict[int, _Level] = {}
    for node in definition:
        place = attribute(node, "ilvl")
        if kind(node) == "lvl" and place.isdecimal():
            start = attribute(find(node, "start"), "val")
            found[int(place)] = _Level(
                attribute(find(node, "numFmt"), "val") or "decimal",
                attribute(find(node, "lvlText"), "val"),
                int(start) if start.isdecimal() else 1,
            )
    return found


def _starts(node: Any) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in node:
        place, start = attribute(one, "ilvl"), attribute(find(one, "startOverride"), "val")
        if kind(one) == "lvlOverride" and place.isdecimal() and start.isdecimal():
            found[int(place)] = int(start)
    return found


def _written(number: int, form: str) -> str:
    """A number as the form writes it.

    >>> _written(3, "decimal"), _written(28, "lowerLetter"), _written(14, "upperRoman")
    ('3', 'bb', 'XIV')
    """
    text = str(number)
    if form.endswith("Letter"):  # a to z, then aa to zz
        text = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 % 9 + 1)
    elif form.endswith("Roman") and number < 4000:
        text = ""
        for value, sign in ROMAN:
            text += sign * (number // value)
            number %= value
    return text.upper() if form.startswith("upper") else text
