"""Blocks -> passages of about 100 words that begin and end where a reader would pause.

Knows blocks, headings and words; knows no formats and no ids. Within a section the cuts are
chosen together, as a typesetter chooses line breaks: the sum of each passage's distance from the
wanted size and of what each cut breaks is the least possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from index_builder.ingest.blocks import Block, ParsedDocument
from index_builder.ingest.cutting.sections import Section, join_small_sections
from index_builder.ingest.cutting.sentences import (
    count_words,
    size_of,
    split_evenly,
    split_sentences,
)

WANTED_WORDS = 100
MOST_WORDS = 200  # no passage of several units is larger
UNIT_WORDS = 120  # a block up to this size is never cut
LABEL_CHARACTERS = 24
WHOLE_WORDS = 250  # a record's text up to this size stays whole

# What a cut in front of a unit costs; a passage of 50 or of 150 words costs 25.
AFTER_PARAGRAPH, AFTER_CODE, BEFORE_CODE, BEFORE_LIST = 0, 1, 8, 10
BETWEEN_ITEMS, BETWEEN_SENTENCES, BETWEEN_ROWS, IN_CODE, AFTER_COLON = 2, 18, 6, 20, 20


@dataclass(frozen=True, slots=True)
class Unit:
    """What is never cut; `joint` goes between it and the unit before, `cut_cost` if it does not."""

    text: str
    size: int
    joint: str
    cut_cost: float


@dataclass(frozen=True, slots=True)
class Piece:
    """One passage's title, text and page (None where the format has none)."""

    title: str
    text: str
    page: int | None = None


def split_document(document: ParsedDocument) -> list[Piece]:
    """In reading order; a piece's title is 'Document > Section > Subsection'."""
    sections = [
        Section(path, text, size_of(text), page)
        for path, blocks in groupby(document.blocks, key=lambda block: block.path)
        for text, page in _split_section(list(blocks))
    ]
    joined = join_small_sections(sections, MOST_WORDS)
    return [Piece(_title(document.title, one.path), one.text, one.page) for one in joined]


def split_text(text: str) -> list[str]:
    """A record's text: whole up to 250 words, else about 100 words each, at sentence ends."""
    if count_words(text) <= WHOLE_WORDS:
        return [text]
    paragraphs = [part.strip("\n") for part in text.split("\n\n")]
    blocks = [Block("paragraph", part) for part in paragraphs if part.strip()]
    return [piece for piece, _ in _split_section(blocks)]


def _title(title: str, path: tuple[str, ...]) -> str:
    parts = [part for part in (title, *path) if part]
    return " > ".join(part for i, part in enumerate(parts) if i == 0 or part != parts[i - 1])


def _split_section(blocks: list[Block]) -> Iterator[tuple[str, int | None]]:
    units: list[Unit] = []
    pages: list[int | None] = []
    for i, block in enumerate(blocks):
        added = list(_units(block, blocks[i - 1] if i else None))
        units += added
        pages += [block.page] * len(added)
    for start, end in best_cuts(units):
        text = units[start].text + "".join(u.joint + u.text for u in units[start + 1 : end])
        yield text, pages[start]


def _units(block: Block, before: Block | None) -> Iterator[Unit]:
    joint, cost = _boundary(block, before)
    for i, (text, inner_joint, inner_cost) in enumerate(_parts(block)):
        if i:
            joint, cost = inner_joint, inner_cost
        yield Unit(text, size_of(text), joint, cost)


def _boundary(block: Block, before: Block | None) -> tuple[str, float]:
    if before is None:
        return "", 0
    if before.text.endswith(":") or (before.kind == "paragraph" and _is_label(before.text)):
        return ("\n" if block.kind == "item" else "\n\n"), AFTER_COLON
    if block.kind == "item":
        return "\n", BETWEEN_ITEMS if before.kind == "item" else BEFORE_LIST
    if block.kind in ("code", "table"):
        return "\n\n", BEFORE_CODE
    return "\n\n", AFTER_CODE if before.kind in ("code", "table") else AFTER_PARAGRAPH


def _is_label(text: str) -> bool:
    """A few words that end no sentence belong to what follows: 'Example', 'str.strip([chars])'."""
    return len(text) <= LABEL_CHARACTERS and text[-1] not in ".!?" and "\n" not in text


def _parts(block: Block) -> Iterator[tuple[str, str, float]]:
    """(text, joint, cost of a cut in front) of each part of a block too large to stay whole."""
    if size_of(block.text) <= UNIT_WORDS:
        yield block.text, "", 0
    elif block.kind in ("code", "table"):
        yield from _lines(block)
    else:
        for sentence in split_sentences(block.text):
            for part in _bounded(sentence):
                yield part, " ", BETWEEN_SENTENCES


def _lines(block: Block) -> Iterator[tuple[str, str, float]]:
    joint = "\n"
    for line in block.text.split("\n"):
        if not line.strip():
            joint = "\n\n"
            continue
        cost: float = BETWEEN_ROWS if block.kind == "table" else IN_CODE
        if joint == "\n\n" or line[0] not in " \t)]}":
            cost /= 2
        for part in _bounded(line):
            yield part, joint, cost
        joint = "\n"


def _bounded(text: str) -> list[str]:
    return [text] if size_of(text) <= MOST_WORDS else split_evenly(text, WANTED_WORDS)


def best_cuts(units: list[Unit]) -> list[tuple[int, int]]:
    """[start, end) of each passage, the cheapest way to cut; ties go to the longer last passage."""
    best = [0.0] + [float("inf")] * len(units)
    origin = [0] * (len(units) + 1)
    for end in range(1, len(units) + 1):
        size = 0
        for start in range(end - 1, -1, -1):
            size += units[start].size
            if size > MOST_WORDS and end - start > 1:
                break
            cost = best[start] + passage_cost(size) + (units[start].cut_cost if start else 0)
            if cost <= best[end]:
                best[end], origin[end] = cost, start
    cuts = []
    end = len(units)
    while end:
        cuts.append((origin[end], end))
        end = origin[end]
    return cuts[::-1]


def passage_cost(size: int) -> float:
    """How far a passage of this many words is from the wanted one.

    >>> passage_cost(100), passage_cost(50), passage_cost(150)
    (0.0, 25.0, 25.0)
    """
    return 100.0 * ((size - WANTED_WORDS) / WANTED_WORDS) ** 2
