"""What the generator hands on: facts, sections, documents and examples.

Knows what an example must hold to be true (the answer stands in a positive passage, passages of a
readable length); does not know where facts come from or how a question is worded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

FEWEST_WORDS, MOST_WORDS = 20, 180  # of a passage
MOST_DISTRACTORS = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """One label with its value; `asks` are whole questions with {e} for the entity."""

    label: str
    value: str
    kind: str = "text"  # number, date, person, place, money, list, bool, text, ...
    other_names: tuple[str, ...] = ()  # of the label, for questions
    asks: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()  # (sub-label, value), each value stands in `value`
    items: tuple[str, ...] = ()  # of a list


@dataclass(frozen=True, slots=True)
class Section:
    """Facts under one heading of one entity's document."""

    entity: str
    noun: str  # what the entity is: 'device', 'museum', ...
    heading: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One entity's page: its sections share the entity and no label."""

    entity: str
    noun: str
    domain: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """What the reader gets: a title and a text."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """One question with its passages, right ones first, then distractors, hardest first."""

    kind: str
    set: str
    article: str
    question: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    positives: tuple[int, ...] = field(default=(0,))


def words_in(text: str) -> int:
    """Words as a person counts them: what stands between blanks."""
    return len(text.split())


def fits(passage: Passage) -> bool:
    """Whether a passage is neither too short to hold anything nor too long for one block."""
    return FEWEST_WORDS <= words_in(passage.text) <= MOST_WORDS


def fault_of(example: Example) -> str:
    """Why an example must not be used, or nothing."""
    if not example.passages or not example.question.strip():
        return "empty"
    if len({one.text for one in example.passages}) < len(example.passages):
        return "a passage twice"
    if not all(fits(one) for one in example.passages):
        return "passage length"
    if not example.answers:
        return "a positive without an answer" if example.positives else ""
    if not example.positives:
        return "an answer without a positive"
    if example.answers[0] in ("yes", "no"):
        return ""
    held = [example.passages[row].text for row in example.positives]
    return "" if all(answer in text for answer in example.answers for text in held) else "absent"


def with_distractors(
    random: Random, right: Sequence[Passage], others: Sequence[Passage]
) -> tuple[Passage, ...]:
    """The right passages, then some of the others in their order (hardest first), none twice."""
    wanted = random.choice((0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12))
    kept, seen = list(right), {one.text for one in right}
    for other in others:
        if len(kept) - len(right) >= min(wanted, MOST_DISTRACTORS):
            break
        if other.text not in seen and fits(other):
            seen.add(other.text)
            kept.append(other)
    return tuple(kept)


def as_record(example: Example) -> dict[str, Any]:
    """The line of JSON that training reads."""
    return {
        "kind": example.kind,
        "set": example.set,
        "article": example.article,
        "question": example.question,
        "answers": list(example.answers),
        "passages": [{"title": one.title, "text": one.text} for one in example.passages],
        "positives": list(example.positives),
    }
