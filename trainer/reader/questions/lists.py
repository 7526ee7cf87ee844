"""Whole lists as answers: bullets, numbers, enumerations; every item, not the first alone.

Knows items and how lists are written; the answer is the list as it stands in the page.
"""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trainer.reader.questions import label_value, phrasing
from trainer.reader.questions.facts import Example, Passage, with_distractors
from trainer.reader.questions.invented import values
from trainer.reader.questions.invented.documents import Domain

WHOLE = (
    "What are the {l} of {e}?",
    "List the {l} of {e}.",
    "List all {l} of {e}.",
    "Which {l} does {e} have?",
    "What {l} are named for {e}?",
    "Name all the {l} of {e}",
    "{e} {l}",
    "{l} {e}",
    "Which {l} are given for {e}?",
    "Enumerate the {l} for {e}.",
    "all {l} of {e}",
    "Give the full list of {l} of {e}.",
    "What are {e}'s {l}?",
    "I need every one of the {l} for {e}.",
    "Tell me all {l} of {e}",
)
# lists of names and identifiers that hardly ever come twice
DRAWN = """
participating towns | {name town}
approved suppliers | {name company}
members of the board | {name person}
authors | {name person}
supported versions | {id version}
affected part numbers | {id part}
configuration files | {id path}
required variables | {id env}
recommended programs | {name software}
tested models | {name model}
sponsors | {name company}
stops on the way | {name town}
prices in tiers | {money 5 900} for {qty 2 90 pieces}
meeting dates | {date 2025 2027}
contact addresses | {id email}
mirror sites | {id url}
open ports | {id port}
sizes available | {dims mm}
opening times by day | {choice Monday;Tuesday;Wednesday;Thursday;Friday}: {time x} to {time x}
milestones | {date 2024 2028}: {choice design review;first prototype;field test;approval;delivery;training of staff}
prize winners | {name person} ({name town})
ingredients | {qty 10 900 g} {choice flour;sugar;rye;butter;lentils;rice;cocoa;oats;barley;honey}
materials needed | {qty 2 40} {choice screws;brackets;tiles;clamps;hinges;bolts;washers} ({id part})
known issues | {choice the printer;the export;the search;the login;the map} fails when {choice the clock is wrong;two users save at once;the name holds a slash;memory is short;the proxy is slow}
partner countries | {name country}
reasons for refusal | {choice the form was late;a signature was missing;the fee was not paid;the photograph was too old;the address was wrong;the plan had no scale}
"""
ENTITY = (
    "{name company}",
    "{name town}",
    "{name model}",
    "{name software} {id version}",
    "Project {name model}",
    "{name town} Council",
    "{name town} {choice Regatta;Marathon;Fair}",
)
LEADS = (
    "",
    "",
    "The following apply:",
    "{E} has the following {l}:",
    "{L}:",
    "Below are the {l} of {E}.",
    "{L} of {E}",
    "There are {n} {l}:",
)
TAILS = (
    "",
    "",
    "",
    "The list is reviewed once a year.",
    "Changes are announced four weeks ahead.",
    "Further details are available on request.",
    "Items may differ from country to country.",
    "Please ask our staff when in doubt.",
    "This page replaces all earlier versions.",
)


def whole_list(random: Random, domains: Sequence[Domain], name: str) -> Example:
    """A question whose answer is a whole list of one entity, among other lists and entities."""
    if len(domains) > 8 and random.random() < 0.55:
        return _drawn(random, name)
    while True:
        domain = random.choice(domains)
        rules = [
            rule for _, rules in domain.headings for rule in rules if rule.spec.split()[0] == "list"
        ]
        if rules:
            break
    rule = random.choice(rules)
    entities = list(
        dict.fromkeys(values.filled(random, domain.entity) for _ in range(random.randint(3, 7)))
    )
    style, title = (
        random.choice(("-", "*", "1.", "•", "inline", "inline", "lines", "-")),
        random.choice(("{E} > {L}", "{E} - {L}", "{E}", "{L} ({E})")),
    )
    made = [_page(random, rule.names[0], rule.spec, entity, style, title) for entity in entities]
    own = [
        _page(random, other.names[0], other.spec, entities[0], style, title)
        for other in rules
        if other is not rule
    ]
    pages = label_value.family(random, domain, 2)
    right, answer = made[0]
    rest = [passage for passage, _ in made[1:]]
    others = [one for pair in zip(rest, [p for p, _ in own], strict=False) for one in pair] + rest[
        len(own) :
    ]
    others += [page.passage for page in pages[1]]
    asks = [one.format(e=entities[0]) for one in rule.asks]
    label = random.choice(
        [one for one in rule.names if one.lower() not in phrasing.NO_NOUNS] or rule.names
    )
    question = random.choice(
        (*asks, *(shape.format(l=label, e=entities[0]) for shape in random.sample(WHOLE, 5)))
    )
    question = phrasing.worn(random, question, entities[0])
    return Example(
        "list", name, entities[0], question, (answer,), with_distractors(random, [right], others)
    )


def _drawn(random: Random, name: str) -> Example:
    """A list of names or identifiers; sisters are others' and other lists."""
    lines = random.sample(DRAWN.strip().splitlines(), 4)
    pattern = random.choice(ENTITY)
    entities = list(
        dict.fromkeys(values.filled(random, pattern) for _ in range(random.randint(3, 8)))
    )
    style, title = (
        random.choice(("-", "*", "1.", "•", "inline", "inline", "lines", "-")),
        random.choice(("{E} > {L}", "{E} - {L}", "{E}", "{L} ({E})")),
    )
    specs = [
        (label, _specs(random, spec))
        for label, _, spec in (line.partition(" | ") for line in lines)
    ]
    label = specs[0][0]
    right, answer = _page(random, label, specs[0][1], entities[0], style, title)
    own = [_page(random, other, spec, entities[0], style, title)[0] for other, spec in specs[1:]]
    rest = [
        _page(random, label, _specs(random, lines[0].partition(" | ")[2]), one, style, title)[0]
        for one in entities[1:]
    ]
    others = (
        [one for pair in zip(rest, own, strict=False) for one in pair]
        + rest[len(own) :]
        + own[len(rest) :]
    )
    question = phrasing.worn(
        random, random.choice(WHOLE).format(l=label, e=entities[0]), entities[0]
    )
    return Example(
        "list", name, entities[0], question, (answer,), with_distractors(random, [right], others)
    )


def _specs(random: Random, spec: str) -> str:
    """A list spec of eight drawn items, none twice."""
    return "list " + ";".join(dict.fromkeys(values.filled(random, spec) for _ in range(8)))


def _page(
    random: Random, label: str, spec: str, entity: str, style: str, title: str
) -> tuple[Passage, str]:
    """A passage that holds one list, and the list as it stands there."""
    _, _, rest = spec.partition(" ")
    pool = [values.filled(random, one.strip()) for one in rest.split(";")]
    items = random.sample(pool, min(len(pool), random.choice((2, 3, 3, 4, 4, 5, 6, 7))))
    body = listed(random, items, style)
    fill = {"E": entity, "L": label[0].upper() + label[1:], "l": label, "n": str(len(items))}
    lead = random.choice(LEADS).format(**fill)
    parts = [lead, body, random.choice(TAILS)]
    text = "\n".join(one for one in parts if one)
    while len(text.split()) < 20:
        text = (
            f"{random.choice(_BEFORE).format(**fill)}\n{text}"
            if random.random() < 0.5
            else f"{text}\n{random.choice(_AFTER).format(**fill)}"
        )
    passage = Passage(title.format(**fill), text)
    start = text.index(body)
    answer = text[start : start + len(body)]
    return passage, answer.removeprefix("- ").removeprefix("* ").removeprefix("• ")


_BEFORE = (
    "This section belongs to the page on {E} and was checked by its editors last spring.",
    "{E} publishes this overview for customers, partners and staff.",
    "Read this part before you get in touch about {E}.",
)
_AFTER = (
    "Questions about {E} are answered by the office on weekdays.",
    "Nothing on this page is a binding offer; see the general terms.",
    "The information on {E} was last changed in spring and is valid until further notice.",
)


def listed(random: Random, items: Sequence[str], style: str) -> str:
    """Items in one of the ways lists are written."""
    if style == "inline":
        return values.join_items(random, list(items))
    if style == "1.":
        return "\n".join(f"{i}. {item}" for i, item in enumerate(items, 1))
    if style == "lines":
        return "\n".join(items)
    return "\n".join(f"{style} {item}" for item in items)
