"""Pieces of sections -> fewer pieces, none so small that it says nothing on its own.

Knows heading paths and sizes in words; never moves or cuts text.
"""

from __future__ import annotations

from dataclasses import dataclass

SMALL_WORDS = 40  # below this a piece joins a neighbour under the same heading
TINY_WORDS = 20  # below this it joins any neighbour


@dataclass(frozen=True, slots=True)
class Section:
    """A run of text under one heading path, or several joined under the path they share."""

    path: tuple[str, ...]
    text: str
    size: int  # words
    page: int | None = None


def join_small_sections(sections: list[Section], most_words: int) -> list[Section]:
    """Join small pieces to the neighbour closest in the outline, while both fit `most_words`."""
    done: list[Section] = []
    waiting = sections[::-1]
    while waiting:
        current = waiting.pop()
        before = _affinity(done[-1], current, most_words) if done else -1
        after = _affinity(current, waiting[-1], most_words) if waiting else -1
        if current.size >= SMALL_WORDS or max(before, after) < 0:
            done.append(current)
        elif after >= before:
            waiting.append(_join(current, waiting.pop()))
        else:
            waiting.append(_join(done.pop(), current))
    return done


def _affinity(first: Section, second: Section, most_words: int) -> int:
    """How many headings two neighbours share; -1 when they must stay apart."""
    if first.size + second.size > most_words:
        return -1
    shared = len(_shared_path(first, second))
    if shared == 0 and first.path != second.path:
        return 0 if min(first.size, second.size) < TINY_WORDS else -1
    return shared


def _shared_path(first: Section, second: Section) -> tuple[str, ...]:
    shared = 0
    while first.path[: shared + 1] == second.path[: shared + 1] and shared < len(first.path):
        shared += 1
    return first.path[:shared]


def _join(first: Section, second: Section) -> Section:
    """Under the heading both share; a tiny part goes under the other's heading instead."""
    shared = _shared_path(first, second)
    size = first.size + second.size
    if second.size < TINY_WORDS <= first.size:
        return Section(first.path, f"{first.text}\n\n{_named(second, shared)}", size, first.page)
    if first.size < TINY_WORDS <= second.size:
        return Section(second.path, f"{_named(first, shared)}\n\n{second.text}", size, first.page)
    text = f"{_named(first, shared)}\n\n{_named(second, shared)}"
    return Section(shared, text, size, first.page)


def _named(part: Section, path: tuple[str, ...]) -> str:
    heading = " > ".join(part.path[len(path) :])
    return f"{heading}\n{part.text}" if heading else part.text
