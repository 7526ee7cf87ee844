"""Label-value, table, yes/no and unanswerable examples over the documents of real facts.

Knows the families of real_facts and the makers for invented documents; adds no facts of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trainer.reader.questions import (
    definitions,
    label_value,
    phrasing,
    refusals,
    table_questions,
)
from trainer.reader.questions.facts import Example, with_distractors
from trainer.reader.questions.invented import layouts
from trainer.reader.questions.real import facts_of_packages as real_facts
from trainer.reader.questions.real.python_docs import Entry, example_of
from trainer.reader.questions.real.records import Record
from trainer.reader.questions.tables import Table

Families = dict[str, list[Record]]


def _noun(random: Random, families: Families) -> str:
    """A family; large ones more often, but not in proportion."""
    nouns = list(families)
    return random.choices(nouns, [len(families[noun]) ** 0.5 for noun in nouns])[0]


def _groups(random: Random, families: Families, noun: str = "") -> list[list[layouts.Page]]:
    noun = noun or _noun(random, families)
    found = real_facts.siblings(random, noun, families[noun], random.randint(2, 10))
    style, titles = layouts.style_of(random), layouts.title_style_of(random)
    return [layouts.pages(random, one, style, titles) for one in found]


def label(random: Random, families: Families, name: str) -> Example:
    """One question about one fact of a real record; the entity is always named."""
    groups = _groups(random, families)
    page = random.choice(groups[0])
    fact = random.choice(page.facts)
    question = phrasing.of_fact(random, fact, page.entity, True)
    others = label_value.others_of(random, groups, page, fact.label, True)
    passages = with_distractors(random, [page.passage], others)
    return Example("label_value", name, page.entity, question, (fact.value,), passages)


def described(random: Random, families: Families, name: str) -> Example:
    """What a package is, by its own record."""
    made = None
    while made is None:
        groups = _groups(random, families, real_facts.PACKAGE)
        made = definitions.of_line(random, groups, ("summary",), name)
    return made


def missing(random: Random, families: Families, name: str) -> Example:
    """A real record without the fact that is asked for."""
    noun = _noun(random, families)
    found = real_facts.siblings(random, noun, families[noun], random.randint(3, 8))
    return refusals.missing_label(random, found, name)


def claim(random: Random, families: Families, name: str) -> Example:
    """Is the value of a real fact so? The wrong value is a sibling's."""
    while True:
        groups = _groups(random, families)
        page = groups[0][0]
        fact = random.choice(page.facts)
        rest = [one for group in groups[1:] for other in group for one in other.facts]
        wrong = [one.value for one in rest if one.label == fact.label and one.value != fact.value]
        if wrong and fact.kind != "bool" and len(fact.value.split()) < 10:
            break
    wanted = random.random() < 0.5
    shape = random.choice(
        (
            "Is the {l} of {e} {v}?",
            "Is {v} the {l} of {e}?",
            "Does {e} have the {l} {v}?",
            "Is it true that {e} has {v} as {l}?",
            "{e}: is the {l} {v}?",
        )
    )
    shown = fact.value if wanted else random.choice(wrong)
    question = phrasing.worn(
        random, shape.format(l=fact.label, e=page.entity, v=shown), page.entity + shown
    )
    others = label_value.others_of(random, groups, page, fact.label, True)
    passages = with_distractors(random, [page.passage], others)
    return Example("yesno", name, page.entity, question, ("yes" if wanted else "no",), passages)


def table(random: Random, families: Families, name: str) -> Example:
    """Several real records as rows of one table, others as its sisters."""
    made: list[Table] = []
    while not made:
        noun = _noun(random, families)
        records = families[noun]
        head = [fact.label for _, facts in records[0][1] for fact in facts]
        for i in range(random.randint(2, 7)):
            chosen = random.sample(records, random.randint(4, 8))
            columns = head if len(head) <= 4 else random.sample(head, 4)
            rows = tuple(row for row in (_row(one, columns) for one in chosen) if all(row))
            if len(rows) > 2:
                caption = f"{noun.capitalize()}s > table {i + 1}"
                made.append(Table(caption, (noun.capitalize(), *columns), rows))
    return table_questions.table_of(random, name, made)


def _row(record: Record, columns: Sequence[str]) -> tuple[str, ...]:
    held = {fact.label: fact.value for _, facts in record[1] for fact in facts}
    return (record[0], *(held.get(column, "") for column in columns))


def absent(random: Random, entries: Sequence[Entry], name: str) -> Example:
    """A manual's question with the manual's other entries, none of which names the thing."""
    while True:
        i = random.randrange(len(entries))
        entry = entries[i]
        if entry.asks and len(entry.name) > 3:
            break
    _, question, _ = random.choice(entry.asks)
    near = [
        entries[j].passage
        for step in range(1, 25)
        for j in (i + step, i - step)
        if 0 <= j < len(entries)
    ]
    last = entry.name.split(".")[-1].lower()
    apart = [one for one in near if last not in (one.title + one.text).lower()]
    passages = tuple(dict.fromkeys(apart))[: random.choice((1, 2, 4, 5, 6, 8, 10))]
    return Example("none", name, entry.group, question, (), passages, ())


def entry(
    random: Random, manuals: Sequence[tuple[str, float, Sequence[Entry]]], kind: str
) -> Example:
    """A question of that kind from one of several manuals, drawn by weight."""
    able = [
        one
        for one in manuals
        if any(ask[0] == kind for found in one[2][:400] for ask in found.asks)
    ]
    name, _, entries = random.choices(able, [weight for _, weight, _ in able])[0]
    return example_of(random, entries, kind, name)
