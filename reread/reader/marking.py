"""Where a free-form answer, or parts of it, stand in the passages it was read from.

Knows texts; knows no tokenizer and no model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reread.reading import Span
from reread.records import Passage

WORD = re.compile(r"\w+")
LEAST_WORDS = 3  # a part shorter than this says nothing about where it comes from


def mark_answer(
    answer: str, passages: Sequence[Passage], scores: Sequence[float]
) -> tuple[Span, ...]:
    """The whole answer where a passage holds it (case and spacing aside), else its longest parts.

    The passage with the highest score that holds it comes first.

    >>> mark_answer("Red fox", [Passage("7", "", "A red  fox ran.")], [0.0])
    (Span(passage='7', start=2, end=10),)
    """
    words = WORD.findall(answer)
    order = sorted(range(len(passages)), key=lambda i: -scores[i])
    whole = [span for i in order if (span := find_words(words, passages[i])) is not None]
    return tuple(whole[:1]) if whole else tuple(_parts(words, [passages[i] for i in order]))


def find_words(words: Sequence[str], passage: Passage) -> Span | None:
    """The first place in a passage where these words follow one another."""
    if not words:
        return None
    pattern = r"\W+".join(re.escape(word) for word in words)
    found = re.search(rf"(?<!\w){pattern}(?!\w)", passage.text, re.IGNORECASE)
    return None if found is None else Span(passage.id, found.start(), found.end())


def _parts(words: Sequence[str], passages: Sequence[Passage]) -> list[Span]:
    spans, first = [], 0
    while first + LEAST_WORDS <= len(words):
        found = _longest(words[first:], passages)
        if found is None:
            first += 1
            continue
        count, span = found
        spans.append(span)
        first += count
    return spans


def _longest(words: Sequence[str], passages: Sequence[Passage]) -> tuple[int, Span] | None:
    best: tuple[int, Span] | None = None
    for passage in passages:
        least = LEAST_WORDS if best is None else best[0] + 1
        for count in range(least, len(words) + 1):
            span = find_words(words[:count], passage)
            if span is None:
                break
            best = (count, span)
    return best
