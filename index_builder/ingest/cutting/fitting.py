"""Pieces -> pieces that a reader sees whole, whatever the script or the length of the words.

A piece that does not fit is cut near its middle, where a reader would pause, until its parts do.
Is told what fits; knows no tokenizer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from index_builder.ingest.cutting.sentences import SENTENCE_END
from index_builder.ingest.cutting.splitting import Piece

Fits = Callable[[str, str], bool]  # a title and a text; whether the reader sees all of it

BREAKS = (  # the best first
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    SENTENCE_END,
    re.compile(r"[,;:\u3001\uff0c\uff1b\uff1a]\s*"),
    re.compile(r"\s+"),
)
MIDDLE = 0.25, 0.75  # of a text; a break outside is no half
MOST_CHARACTERS = 20_000  # more fits no reader: a tokenizer takes minutes over a word of 16 MB
SHORT_TITLE = 60  # characters that stay of a title which leaves its text no room


def fit_pieces(pieces: Iterable[Piece], fits: Fits) -> list[Piece]:
    """In order; nothing is lost but white space where it was cut."""

    def sees(title: str, text: str) -> bool:
        return len(title) + len(text) <= MOST_CHARACTERS and fits(title, text)

    return [part for piece in pieces for part in _fitting(piece, sees)]


def _fitting(piece: Piece, fits: Fits) -> Iterator[Piece]:
    if fits(piece.title, piece.text):
        yield piece
        return
    title, text = piece.title, piece.text
    if not fits(f"{title} {title}", ""):  # it alone takes half of what there is
        title, text = f"{title[:SHORT_TITLE].rstrip()}\u2026", f"{title}\n\n{text}"
    for part in _halves(title, text, fits):
        yield Piece(title, part, piece.page)


def _halves(title: str, text: str, fits: Fits) -> Iterator[str]:
    if fits(title, text) or len(text) < 2:
        if text.strip():
            yield text
        return
    place = _break_in(text)
    yield from _halves(title, text[:place].rstrip(), fits)
    yield from _halves(title, text[place:].lstrip(), fits)


def _break_in(text: str) -> int:
    """Where the second half begins: the nearest to the middle of the best kind of break."""
    low, high = (int(len(text) * share) for share in MIDDLE)
    for kind in BREAKS:
        places = [one.end() for one in kind.finditer(text) if low < one.end() <= high]
        if places:
            return min(places, key=lambda place: abs(place - len(text) / 2))
    place = max(1, len(text) // 2)
    while place < len(text) - 1 and unicodedata.category(text[place]).startswith("M"):
        place += 1  # a vowel or an accent stays with its letter
    return place
