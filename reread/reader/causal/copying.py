"""Answers that stand in a passage: which next tokens go on with the text read, byte by byte.

Works over bytes, so it fits any tokenizer and never splits a character; runs of white space count
as one. Knows texts and the bytes of tokens; knows no model. Where several passages hold the same
words, all places are followed until the words part them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SPACE = re.compile(rb"\s+")
MOST_STARTS = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """The characters of one passage's text that an answer is."""

    passage: int  # place among the passages read
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Source:
    """One text as it is copied from: white space folded, and where each byte came from."""

    folded: bytes
    characters: tuple[int, ...]  # of the original text, for every folded byte, and one behind


def fold(text: str) -> Source:
    """A text's bytes with runs of white space as one space.

    >>> fold("a  b").folded, fold("a  b").characters
    (b'a b', (0, 1, 3, 4))
    """
    folded, places, in_space = bytearray(), [], False
    for place, character in enumerate(text):
        if character.isspace():
            if not in_space:
                folded += b" "
                places.append(place)
            in_space = True
            continue
        in_space = False
        encoded = character.encode("utf-8", "surrogatepass")
        folded += encoded
        places += [place] * len(encoded)
    return Source(bytes(folded), (*places, len(text)))


class Copying:
    """Follows one answer through the texts; `allow` and `take` alternate, token by token."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._spans: list[tuple[int, int, int]] | None = None  # (source, start, end), folded bytes

    @property
    def started(self) -> bool:
        """Whether a word has been taken."""
        return self._spans is not None

    def fitting(self, piece: bytes) -> list[tuple[int, int, int]]:
        """The places that the answer so far, with `piece` behind it, stands in."""
        piece = SPACE.sub(b" ", piece)
        if self._spans is None:
            return self._starting(piece.lstrip(b" "))
        return [
            (source, start, end + len(rest))
            for source, start, end in self._spans
            if (rest := self._behind_space(source, end, piece)) is not None
        ]

    def take(self, places: list[tuple[int, int, int]]) -> None:
        """Go on with the places that `fitting` gave for the token chosen."""
        self._spans = places

    def may_end(self) -> bool:
        """Whether some place ends here at the end of a word or a number."""
        return any(self._whole(*span) for span in self._spans or ())

    def spans(self) -> list[Place]:
        """Where the answer stands, whole words first; trailing space left out."""
        found = []
        for source, start, end in sorted(
            self._spans or (), key=lambda span: not self._whole(*span)
        ):
            folded, characters = self._sources[source].folded, self._sources[source].characters
            while end > start and folded[end - 1 : end] == b" ":
                end -= 1
            found.append(Place(source, characters[start], characters[end - 1] + 1))
        return found

    def _behind_space(self, source: int, end: int, piece: bytes) -> bytes | None:
        """`piece` as it goes on at `end`; one space is enough, so a second one is left out."""
        folded = self._sources[source].folded
        rest = piece.lstrip(b" ") if folded[end - 1 : end] == b" " else piece
        return rest if folded.startswith(rest, end) else None

    def _starting(self, piece: bytes) -> list[tuple[int, int, int]]:
        if not piece:
            return []
        found: list[tuple[int, int, int]] = []
        for source, one in enumerate(self._sources):
            at = one.folded.find(piece)
            while at >= 0 and len(found) < MOST_STARTS:
                if _word_begins(one.folded, at):
                    found.append((source, at, at + len(piece)))
                at = one.folded.find(piece, at + 1)
        return found

    def _whole(self, source: int, start: int, end: int) -> bool:
        return _word_ends(self._sources[source].folded, end)


def first_fitting(
    copying: Copying, ranked: Iterable[int], pieces: Sequence[bytes]
) -> tuple[int, list[tuple[int, int, int]]] | None:
    """The first token of `ranked` that goes on with a passage's text, and where."""
    for token in ranked:
        piece = pieces[token]
        if piece and (places := copying.fitting(piece)):
            return token, places
    return None


def _word_byte(value: int) -> bool:
    return value >= 128 or chr(value).isalnum() or value == 95


def _word_begins(text: bytes, at: int) -> bool:
    """A word does not begin inside a word, nor a number behind its own separator."""
    if at == 0 or not _word_byte(text[at]):
        return at == 0 or not 128 <= text[at] < 192
    if _word_byte(text[at - 1]):
        return False
    inside = at > 1 and text[at - 1] in b".," and chr(text[at - 2]).isdigit()
    return not (inside and chr(text[at]).isdigit())


def _word_ends(text: bytes, end: int) -> bool:
    """A word does not end inside a word, nor a number before its own separator."""
    if end >= len(text) or end == 0 or not _word_byte(text[end - 1]):
        return end >= len(text) or not 128 <= text[end] < 192
    if _word_byte(text[end]):
        return False
    inside = end + 1 < len(text) and text[end] in b".," and chr(text[end + 1]).isdigit()
    return not (inside and chr(text[end - 1]).isdigit())
