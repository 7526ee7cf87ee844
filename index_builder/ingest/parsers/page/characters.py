"""A PDF page's characters -> runs: text on one line without a wide gap, with its place.

Knows PDFium's text pages; what stands higher or lower within a line stays apart in the text.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium_c
from pypdfium2 import PdfTextPage

from index_builder.ingest.raised import lowered, raised

WIDE_GAP = 1.3  # of the line's height: more than the widest space of justified text
SMALL = 0.82  # of the line's height: a smaller character may be raised or lowered
SHIFT = 0.12  # of the line's height
SAME_LINE = 0.35  # of the line's height, between two bottoms
SOFT_HYPHEN = "\u00ad"
HYPHENS = {0x02: SOFT_HYPHEN, 0xFFFE: SOFT_HYPHEN}  # how PDFium marks one at a line's end
LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
TURNED_LETTERS, TURNED_RUNS = 2, 4  # turned text makes many runs of a letter or two
SAMPLE = 5  # every fifth character is asked whether its font says what it is


@dataclass(slots=True)
class Run:
    """Text between two wide gaps; the origin is the page's lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom


def read_runs(page: PdfTextPage) -> tuple[list[list[Run]], float]:
    """The runs in the file's order, and the share of characters whose font hides what they are.

    A group for each way that text runs: to the right first; another way's places are turned, as
    if the sheet were.
    """
    count, raw = page.count_chars(), page.raw
    lines, hidden = _read(raw, count, turned=False)
    short = sum(len(run.text) <= TURNED_LETTERS for line in lines for run in line.runs)
    if short >= TURNED_RUNS and any(_quarter(raw, i) for i in range(0, count, SAMPLE)):
        lines, hidden = _read(raw, count, turned=True)
    return [line.runs for line in lines if line.runs], hidden


def _read(raw: Any, count: int, *, turned: bool) -> tuple[list[_Line], float]:
    """A line for each quarter of a circle; asking every character for its own takes its time."""
    box = pdfium_c.FS_RECTF()
    place = ctypes.byref(box)
    unicode_of, box_of = pdfium_c.FPDFText_GetUnicode, pdfium_c.FPDFText_GetLooseCharBox
    first, *_ = lines = [_Line() for _ in range(4 if turned else 1)]
    hidden = asked = 0
    for i in range(count):
        code = unicode_of(raw, i)
        if code in (13, 10):
            continue
        if code in (32, 9, 0xA0):
            for line in lines:
                line.space = True
            continue
        if i % SAMPLE == 0:
            asked += 1
            hidden += pdfium_c.FPDFText_HasUnicodeMapError(raw, i) == 1 or _says_nothing(code)
        if code == 0 or not box_of(raw, i, place):
            continue
        text = HYPHENS.get(code) or LIGATURES.get(code) or chr(code)
        if turned:
            quarter = _quarter(raw, i)
            lines[quarter].add(text, *_turned(box.left, box.right, box.bottom, box.top, quarter))
        else:
            first.add(text, box.left, box.right, box.bottom, box.top)
    for line in lines:
        line.end()
    return lines, hidden / asked if asked else 0.0


def _quarter(raw: Any, place: int) -> int:
    """Quarters of a circle, against the clock, that a character is turned; PDFium's go with it."""
    angle = float(pdfium_c.FPDFText_GetCharAngle(raw, place))
    return -round(angle / (math.pi / 2)) % 4


def _turned(
    left: float, right: float, bottom: float, top: float, quarter: int
) -> tuple[float, float, float, float]:
    """A box as it lies where its text runs to the right.

    >>> _turned(10, 12, 100, 105, 1)
    (100, 105, -12, -10)
    """
    if quarter == 1:
        return bottom, top, -right, -left
    if quarter == 2:
        return -right, -left, -top, -bottom
    return (-top, -bottom, left, right) if quarter == 3 else (left, right, bottom, top)


def _says_nothing(code: int) -> bool:
    return code in (0, 0xFFFD) or 0xE000 <= code <= 0xF8FF or 2 < code < 9


class _Line:
    """The run being read, and those before it."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.space = False
        self._parts: list[str] = []
        self._shift = 0  # 1: raised, -1: lowered
        self._left = self._right = self._bottom = self._top = self._last = 0.0

    def add(self, text: str, left: float, right: float, bottom: float, top: float) -> None:
        height = self._top - self._bottom
        gap = left - self._right
        shift = self._shift_of(bottom, top, height)
        same = abs(left - self._last) < 0.1  # a ligature's letters share its box
        near = same or -0.6 * height < gap < WIDE_GAP * height
        if not self._parts or shift is None or not near:
            self.end()
            self._left, self._bottom, self._top = left, bottom, top
            shift = 0
        if shift != self._shift:
            mark, space = ("\0", "\1", "\2")[shift], " " if self.space else ""
            # what is raised ends before the space
            self._parts.append(mark + space if self._shift else space + mark)
            self._shift = shift
        elif self.space:
            self._parts.append(" ")
        self._parts.append(text)
        self._right, self._last = max(right, left), left
        self.space = False

    def _shift_of(self, bottom: float, top: float, height: float) -> int | None:
        """0 on the line, 1 above, -1 below; None: on another line."""
        if top - bottom < SMALL * height:
            if bottom > self._bottom + SHIFT * height and bottom < self._top:
                return 1
            if bottom < self._bottom - 0.02 * height and top > self._bottom + SHIFT * height:
                return -1 if top < self._top - 2 * SHIFT * height else 0
        return 0 if abs(bottom - self._bottom) < SAME_LINE * max(height, top - bottom) else None

    def end(self) -> None:
        text = _set_apart("".join(self._parts))
        if text.strip():
            self.runs.append(Run(text, self._left, self._right, self._bottom, self._top))
        self._parts, self._shift, self.space = [], 0, False


def _set_apart(text: str) -> str:
    """`\\1` begins a raised part, `\\2` a lowered one, `\\0` ends either."""
    if "\1" not in text and "\2" not in text:
        return text.replace("\0", "")
    done = ""
    for part in text.replace("\1", "\0\1").replace("\2", "\0\2").split("\0"):
        if part[:1] in ("\1", "\2"):
            done += raised(part[1:]) if part[0] == "\1" else lowered(part[1:])
        else:
            done += part
    return done
