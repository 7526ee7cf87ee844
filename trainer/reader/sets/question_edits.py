"""Edits a question so that its passage no longer answers it.

Knows no data set and trusts no edit it has not checked.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from trainer.reader.sets.passage_pieces import holds

LATEST_YEAR = 2024
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w.,]*\d)")
YEAR = re.compile(r"^(1[0-9]|20)\d\d$")
NAME = re.compile(r"(?<=\s)[A-Z][\w-]+(?:\s(?:of\s|the\s)?[A-Z][\w-]+)*")
OPPOSITES = dict(
    pair
    for a, b in [
        ("largest", "smallest"),
        ("highest", "lowest"),
        ("oldest", "youngest"),
        ("longest", "shortest"),
        ("biggest", "smallest"),
        ("maximum", "minimum"),
        ("northern", "southern"),
        ("eastern", "western"),
        ("north", "south"),
        ("east", "west"),
    ]
    for pair in ((a, b), (b, a))
)


Names = dict[tuple[str, int], list[str]]


def name_shape(question: str, start: int, name: str) -> tuple[str, int]:
    """What a name must share with its replacement: the word before it and its length in words."""
    before = question[:start].split()
    return (before[-1].lower() if before else "", len(name.split()))


def gather_names(questions: Iterable[str]) -> Names:
    """The names that stand in a set's questions, by shape, in order of first sight."""
    names: dict[tuple[str, int], dict[str, None]] = defaultdict(dict)
    for question in questions:
        for found in NAME.finditer(question):
            names[name_shape(question, found.start(), found.group())][found.group()] = None
    return {shape: list(found) for shape, found in names.items()}


def other_number(number: str, draw: random.Random) -> str:
    """A number of the same look: a year near by, or as many digits with another lead."""
    if YEAR.match(number):
        year = int(number) + draw.choice([-1, 1]) * draw.randint(2, 45)
        return str(year if year <= LATEST_YEAR else int(number) - (year - int(number)))
    digits = [draw.choice("123456789") if c.isdigit() else c for c in number]
    return "".join(digits)


def edits(question: str, near: Names, names: Names, draw: random.Random) -> list[tuple[str, str]]:
    """Possible edits as (edited question, new words); the order within a sort is drawn."""
    found: list[tuple[str, str]] = []
    for match in NUMBER.finditer(question):
        found += [spliced(question, match, other_number(match.group(), draw)) for _ in range(4)]
    for match in NAME.finditer(question):
        shape = name_shape(question, match.start(), match.group())
        for source in (near, names):
            fresh = [n for n in source.get(shape, []) if n.split()[0] not in question]
            found += [spliced(question, match, n) for n in draw.sample(fresh, min(6, len(fresh)))]
    for match in re.finditer(r"\w+", question):
        if match.group() in OPPOSITES:
            found.append(spliced(question, match, OPPOSITES[match.group()]))
    return found


def spliced(question: str, match: re.Match[str], new: str) -> tuple[str, str]:
    """The question with the match replaced, and the new words."""
    return question[: match.start()] + new + question[match.end() :], new


def edit_away(
    question: str, texts: Sequence[str], near: Names, names: Names, draw: random.Random
) -> str | None:
    """The question with a name, number or year swapped for one that stands in none of `texts`.

    Every word of a new name of three letters or more must be absent, so that a surname alone cannot
    bring it back.
    """
    for edited, new in edits(question, near, names, draw):
        parts = [w for w in re.findall(r"[\w.,'-]+", new) if len(w) > 2 or w[:1].isdigit()] or [new]
        if not any(holds(text, part) for text in texts for part in parts):
            return edited
    return None
