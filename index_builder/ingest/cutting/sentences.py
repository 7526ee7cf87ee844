"""Text -> sentences, and the size of a text in words; for scripts with and without spaces.

Knows no documents. Rules, not a model: a wrong cut costs little, a dependency costs every install.
"""

from __future__ import annotations

import re

SENTENCE_END = re.compile(
    r"""(?P<mark>[.!?\u2026]["'\u2019\u201d)\]]*)\s+(?=["'\u2018\u201c(\[]*[A-Z0-9\u00c0-\u1fff])"""
    r"|(?P<wide>[\u3002\uff01\uff1f][\u300d\u300f\u201d\uff09]*)\s*"
)
ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Za-z]|e\.g|i\.e|etc|vs|cf|al|resp|approx|ca|no|vol|fig|figs|eq|sec|ch|pp|"
    r"mr|mrs|ms|dr|prof|st|jr|sr|inc|ltd|co|corp|dept|est|gen|sen|rep|gov|[A-Za-z](?:\.[A-Za-z])+)\.$",
    re.IGNORECASE,
)
WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\u0e00-\u0eff]")  # written without spaces
CHARACTERS_PER_WORD = 6  # without spaces; above English's five, below an identifier's
WIDE_PER_WORD = 2


def count_words(text: str) -> int:
    """Words as people count them; where words have no spaces, two characters are one."""
    words = len(text.split())
    if text.isascii():
        return words
    return words + len(WIDE.findall(text)) // WIDE_PER_WORD


def size_of(text: str) -> int:
    """Words, or more where they are long: a page of identifiers fills a model as prose does."""
    characters = sum(map(len, text.split()))
    return max(count_words(text), characters // CHARACTERS_PER_WORD)


def split_sentences(text: str) -> list[str]:
    """In order; nothing but the white space between sentences is lost."""
    sentences = []
    start = 0
    for found in SENTENCE_END.finditer(text):
        end = found.end("mark") if found["mark"] else found.end("wide")
        if found["mark"] and ABBREVIATION.search(text[max(start, end - 12) : end]):
            continue
        sentences.append(text[start:end].strip())
        start = found.end()
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if sentence]


def split_evenly(text: str, size: int) -> list[str]:
    """Pieces of at most about `size` words each, for text that has no sentences."""
    pieces: list[str] = []
    held: list[str] = []
    held_size = 0
    parts = [part for word in text.split(" ") for part in _word_parts(word, size)]
    for word in parts:
        held_size += size_of(word)
        held.append(word)
        if held_size >= size:
            pieces.append(" ".join(held))
            held, held_size = [], 0
    return [piece for piece in [*pieces, " ".join(held)] if piece.strip()]


def _word_parts(word: str, size: int) -> list[str]:
    if size_of(word) <= size:
        return [word]
    step = size * (WIDE_PER_WORD if WIDE.search(word) else CHARACTERS_PER_WORD)
    return [word[start : start + step] for start in range(0, len(word), step)]
