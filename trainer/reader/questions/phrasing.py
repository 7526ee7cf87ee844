"""Words a question in many ways: wh-questions, commands, keywords, haste.

Knows labels and entities; never looks at a passage.
"""

from __future__ import annotations

import re
from random import Random

from trainer.reader.questions.facts import Fact

WITH_ENTITY = (
    "What is the {l} of {e}?",
    "What is the {l} of {e}?",
    "What is {e}'s {l}?",
    "What {l} does {e} have?",
    "Which {l} is given for {e}?",
    "What is given as the {l} of {e}?",
    "For {e}, what is the {l}?",
    "Give the {l} of {e}.",
    "State the {l} for {e}.",
    "Tell me the {l} of {e}",
    "Name the {l} of {e}.",
    "{e} {l}",
    "{l} {e}",
    "{l} of {e}",
    "{l} of {e}?",
    "{e}: {l}?",
    "I need the {l} of {e}.",
    "Can you tell me the {l} of {e}?",
    "What does the page on {e} say about {l}?",
    "Look up the {l} for {e}.",
    "What's the {l} for {e}?",
    "What would be the {l} of {e}?",
    "Do you know the {l} of {e}?",
    "How is the {l} of {e} stated?",
    "In the case of {e}, which {l} applies?",
    "What is listed under {l} for {e}?",
    "Please find the {l} of {e}",
    "What {l} is stated for {e}?",
    "About {e}: what is its {l}?",
)
WITHOUT_ENTITY = (
    "What is the {l}?",
    "What is the {l}?",
    "Which {l} is given?",
    "Give the {l}.",
    "{l}",
    "{l}?",
    "What's the {l}?",
    "State the {l}.",
    "What is listed as {l}?",
    "Tell me the {l}",
    "What does it say about {l}?",
    "Name the {l}.",
    "What {l} is stated?",
    "I am looking for the {l}.",
    "Which {l} applies?",
    "find the {l}",
)
TYPED = {
    "person": (
        "Who is the {l} of {e}?",
        "Who is named as {l} of {e}?",
        "Which person is {l} of {e}?",
        "Who is listed as {l} for {e}?",
    ),
    "date": (
        "When is the {l} of {e}?",
        "What date is given for {l} of {e}?",
        "On what date: {l} of {e}?",
        "Which date is the {l} of {e}?",
    ),
    "place": ("Where is the {l} of {e}?", "What place is given as {l} of {e}?"),
    "money": (
        "How much is the {l} of {e}?",
        "What amount is the {l} of {e}?",
        "how much: {l}, {e}",
    ),
    "number": (
        "How much is the {l} of {e}?",
        "What figure is given for the {l} of {e}?",
        "What value has the {l} of {e}?",
    ),
    "list": (
        "What are the {l} of {e}?",
        "List the {l} of {e}.",
        "Which {l} are named for {e}?",
        "What are {e}'s {l}?",
    ),
    "parts": ("What figures are given for {l} of {e}?", "What are the values for {l} of {e}?"),
    "time": ("What are the {l} of {e}?", "At what time: {l} of {e}?"),
}
PARTS = (
    "What is the {l} of {e}, {p}?",
    "What is the {p} {l} of {e}?",
    "How much is the {p} {l} of {e}?",
    "{e} {p} {l}",
    "{p} {l} of {e}",
    "{l} ({p}) of {e}",
    "Give the {p} figure under {l} for {e}.",
    "For {e}, what is the {l}: {p}?",
    "{l} of {e}: how much for {p}?",
    "What does {e} state for {p} under {l}?",
    "Tell me the {p} {l} of {e}",
    "what's the {l} for {p}, {e}",
)
PART_WORDS = {
    "total": ("total", "overall", "whole", "entire"),
    "maximum": ("maximum", "highest", "greatest", "peak"),
    "typical": ("typical", "usual", "normal"),
    "standby": ("standby", "idle"),
    "men": ("men", "male"),
    "women": ("women", "female"),
    "children": ("children", "child", "kids"),
    "adults": ("adults", "adult"),
    "combined": ("combined", "mixed"),
    "of which sugars": ("sugars", "of which sugars"),
    "water": ("water", "inland water"),
    "of which saturated": ("saturated", "of which saturated"),
    "youth": ("youth", "young people's"),
}


KEYWORDS = (
    "{e} {l}",
    "{l} {e}",
    "{e}: {l}?",
    "{e} - {l}",
    "{e}, {l}?",
    'What does the page on {e} give under "{l}"?',
    'What stands under "{l}" for {e}?',
)
NO_NOUNS = frozenset(
    (
        "held",
        "began",
        "keeps",
        "not covered",
        "contains",
        "open",
        "filed",
        "closed",
        "listed on",
        "used for",
        "built",
        "sow",
        "made in",
        "designed by",
        "founded by",
        "written in",
        "taught by",
        "run by",
        "released",
        "bred by",
        "first climbed",
        "opened",
        "established",
        "founded",
        "depends on",
        "supported until",
        "requires python",
        "runs as",
        "in the box",
        "do not take if",
        "how to get there",
        "recipe by",
        "ships to",
        "paid for solar power",
        "salary paid",
        "offered",
        "maintained by",
        "funded by",
        "registered as",
        "complaints to",
        "valid in",
        "incorporated",
        "first mentioned",
        "independent since",
        "serves",
        "deprecated",
        "date filed",
        "composed of",
        "last revised",
        "in service since",
        "working from home",
        "camping",
        "children",
        "driving",
        "bags",
        "launched",
        "keel laid",
        "directed by",
        "starring",
        "music by",
        "filmed in",
        "first shown",
        "inspected by",
        "items at a time",
        "not for loan",
        "reporting a claim",
        "enrolment closes",
        "carrying over leave",
        "wireless",
        "web",
        "next inspection due",
    )
)


def of_fact(random: Random, fact: Fact, entity: str, named: bool) -> str:
    """A question for a whole fact; `named` says whether the entity stands in it."""
    if named and fact.asks and random.random() < 0.42:
        return worn(random, random.choice(fact.asks).format(e=entity), entity)
    label = _label(random, fact)
    if label.lower() in NO_NOUNS:
        if fact.asks and named and random.random() < 0.6:
            return worn(random, random.choice(fact.asks).format(e=entity), entity)
        shape = random.choice(
            KEYWORDS
            if named
            else ("{l}", "{l}?", 'What stands under "{l}"?', 'What is given under "{l}"?')
        )
        return worn(random, shape.format(l=label, e=entity), entity)
    if not named:
        return worn(random, random.choice(WITHOUT_ENTITY).format(l=label), "")
    typed = TYPED.get(fact.kind, ())
    shape = random.choice(typed) if typed and random.random() < 0.3 else random.choice(WITH_ENTITY)
    return worn(random, shape.format(l=label, e=entity), entity)


def of_part(random: Random, fact: Fact, part: str, entity: str) -> str:
    """A question for one of the values inside a fact."""
    if "point" in part:
        shape = random.choice(
            (
                "What is the {p} of {e}?",
                "Where is the {p} of {e}?",
                "{p} {e}",
                "Name the {p} of {e}.",
            )
        )
        return worn(random, shape.format(p=part, e=entity), entity)
    word = random.choice(PART_WORDS.get(part, (part,)))
    return worn(
        random, random.choice(PARTS).format(l=_label(random, fact), p=word, e=entity), entity
    )


def _label(random: Random, fact: Fact) -> str:
    """The label or another name of it, as it stands inside a sentence."""
    names = [one for one in (fact.label, *fact.other_names) if one.lower() not in NO_NOUNS]
    name = random.choice(
        names if names and random.random() < 0.9 else (fact.label, *fact.other_names)
    )
    first, _, rest = name.partition(" ")
    keep = first.isupper() or any(sign.isupper() for sign in first[1:]) or "_" in first
    lowered = first if keep else first.lower()
    return f"{lowered} {rest}" if rest else lowered


def worn(random: Random, question: str, entity: str) -> str:
    """As people type: lower case, no question mark, a slip; names stay right."""
    question = question[0].upper() + question[1:] if random.random() < 0.85 else question
    draw = random.random()
    if draw < 0.14:
        question = question.lower()
    if random.random() < 0.22:
        question = question.rstrip("?.")
    if random.random() < 0.05:
        question = _slip(random, question, entity)
    return question


def _slip(random: Random, question: str, entity: str) -> str:
    """Two neighbouring letters swapped in one long plain word."""
    spared = set(entity.lower().split())
    words = [w for w in re.findall(r"(?<![\w-])[a-z]{5,}(?![\w-])", question) if w not in spared]
    if not words:
        return question
    word = random.choice(words)
    i = random.randint(1, len(word) - 3)
    return question.replace(word, word[:i] + word[i + 1] + word[i] + word[i + 2 :], 1)
