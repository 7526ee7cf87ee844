"""Cuts public texts into passages of whole sentences and says what stands in them.

Knows no data set and no question set.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

LONGEST_WORDS = 180  # a passage longer than this is cut; the reader sees about 256 tokens of each
LONGEST_SENTENCE_WORDS = 100
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
WORD = re.compile(r"\w+")
STOP_WORDS = """
a an the of in on at to for by with from as is are was were be been being do does did
has have had what which who whom whose when where why how many much long old often far
that this these those it its they their them he his him she her i my me you your we our
us and or but not no if so than then there into about can could will would should may
might must also s t one
"""
STOP = frozenset(STOP_WORDS.split())


@dataclass(frozen=True)
class Passage:
    """A text a question may be answered from.

    `article` groups passages about one thing, `title` is shown to the reader.
    """

    article: str
    title: str
    text: str


@dataclass(frozen=True)
class Piece:
    """A cut of a longer text, with its place in it: characters start..end."""

    start: int
    end: int
    text: str


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Character spans of the sentences of `text`, in order, covering all of it."""
    cuts = [0, *(m.end() for m in SENTENCE_END.finditer(text)), len(text)]
    return [span for a, b in pairwise(cuts) if b > a for span in short_spans(text, a, b)]


def short_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentence start..end, cut between words where it runs on, as lists do."""
    words = list(re.finditer(r"\S+\s*", text[start:end]))
    if len(words) <= LONGEST_SENTENCE_WORDS:
        return [(start, end)]
    cuts = [start + words[i].start() for i in range(0, len(words), LONGEST_SENTENCE_WORDS)]
    return list(pairwise([*cuts, end]))


def pieces(
    text: str, target_words: int = 150, longest_words: int = LONGEST_WORDS
) -> Iterator[Piece]:
    """Cuts `text` at sentence ends into balanced pieces; newlines become spaces, so offsets stay.

    A text within `longest_words` comes back whole.
    """
    text = re.sub(r"\s", " ", text)
    words = len(text.split())
    if words <= longest_words:
        yield trimmed(text, 0, len(text))
        return
    share = words / ceil(words / target_words)
    start, held = 0, 0
    for a, b in sentence_spans(text):
        count = len(text[a:b].split())
        if held and held + count / 2 > share:
            yield trimmed(text, start, a)
            start, held = a, 0
        held += count
    yield trimmed(text, start, len(text))


def trimmed(text: str, start: int, end: int) -> Piece:
    """The piece start..end without the spaces at its ends."""
    cut = text[start:end]
    lead = len(cut) - len(cut.lstrip())
    return Piece(start + lead, start + len(cut.rstrip()), cut.strip())


def holds(text: str, answer: str) -> bool:
    """Whether `answer` stands in `text` as whole words, letter case aside."""
    text, answer = text.casefold(), answer.casefold()
    at = text.find(answer)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(answer) : at + len(answer) + 1]
        inside = (before.isalnum() and answer[:1].isalnum()) or (
            after.isalnum() and answer[-1:].isalnum()
        )
        if not inside:
            return True
        at = text.find(answer, at + 1)
    return False


def stem(word: str) -> str:
    """A crude stem: enough to let `holders` meet `holder`."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") if len(word) > 3 else word


def content_words(text: str) -> frozenset[str]:
    """The stems of the words of `text` that carry meaning."""
    return frozenset(stem(w) for w in WORD.findall(text.casefold()) if w not in STOP)


def coverage(question: frozenset[str], text: frozenset[str]) -> float:
    """The share of the question's content words that stand in the text.

    0 for a question without any.
    """
    return len(question & text) / len(question) if question else 0.0
