"""Questions that the passages do not answer, though they come near.

The right entity without that label, the label of other entities only, an attribute of another
world, a part that is not given, a near name. Knows documents; refuses nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from trainer.reader.questions import label_value, phrasing
from trainer.reader.questions.facts import Document, Example, Fact, Passage, fits
from trainer.reader.questions.invented import documents, layouts, values
from trainer.reader.questions.invented.documents import Domain
from trainer.reader.questions.invented.layouts import Page


def refusal(random: Random, domains: Sequence[Domain], name: str) -> Example:
    """One question without an answer among passages that look as if they had it."""
    draw = random.random()
    if draw < 0.42:
        return _missing_label(random, random.choice(domains), name)
    if draw < 0.62:
        return _missing_entity(random, random.choice(domains), name)
    if draw < 0.8:
        return _foreign_label(random, domains, name)
    return _missing_part(random, domains, name)


def _missing_label(random: Random, domain: Domain, name: str) -> Example:
    """The entity's own pages without the label; its sisters have it."""
    return missing_label(
        random, documents.siblings(random, domain, random.choice((2, 3, 4, 5, 7, 9))), name
    )


def missing_label(random: Random, found: list[Document], name: str) -> Example:
    """A fact of the first document is asked for after it was taken out."""
    fact = random.choice([fact for one in found[0].sections for fact in one.facts])
    found[0] = documents.without(found[0], fact.label)
    style, titles = layouts.style_of(random), layouts.title_style_of(random)
    groups = [layouts.pages(random, one, style, titles) for one in found if one.sections]
    question, _ = label_value.asked(random, fact, found[0].entity, random.random() < 0.97)
    own = [page.passage for page in groups[0]]
    random.shuffle(own)
    same = _same(groups[1:], fact.label) if found[0].entity.lower() in question.lower() else []
    passages = (
        [one for pair in zip(own, same, strict=False) for one in pair]
        + own[len(same) :]
        + same[len(own) :]
    )
    return _example(random, name, found[0].entity, question, passages)


def _missing_entity(random: Random, domain: Domain, name: str) -> Example:
    """The question names an entity that no passage is about, often with a near name."""
    groups = label_value.family(random, domain, random.choice((2, 3, 4, 5, 7, 9)))
    page = random.choice(groups[0])
    fact = random.choice(page.facts)
    asked_of = page.entity
    question, _ = label_value.asked(random, fact, asked_of, True)
    passages = _same(groups[1:], fact.label) + [
        one.passage for group in groups[1:] for one in group
    ]
    passages = [
        one
        for one in dict.fromkeys(passages)
        if asked_of not in one.title and asked_of not in one.text
    ]
    return _example(random, name, asked_of, question, passages)


def _foreign_label(random: Random, domains: Sequence[Domain], name: str) -> Example:
    """An attribute that this kind of page never states."""
    domain = random.choice(domains)
    own = {one for _, rules in domain.headings for rule in rules for one in rule.names}
    words = {word for one in own for word in one.lower().split()}
    while True:
        _, rules = random.choice(random.choice(domains).headings)
        rule = random.choice(rules)
        if not any(word in words for one in rule.names for word in one.lower().split()):
            break
    groups = label_value.family(random, domain, random.randint(1, 3))
    entity = groups[0][0].entity
    fact = Fact(rule.names[0], "", "text", rule.names[1:])
    question = phrasing.of_fact(random, fact, entity, True)
    passages = [page.passage for group in groups for page in group]
    return _example(random, name, entity, question, passages)


def _missing_part(random: Random, domains: Sequence[Domain], name: str) -> Example:
    """One of the figures inside a value is not given: total and land, but no water."""
    while True:
        domain = random.choice(domains)
        found = documents.siblings(random, domain, random.randint(2, 4))
        facts = [
            fact
            for one in found[0].sections
            for fact in one.facts
            if fact.kind == "parts" and len(fact.parts) > 1
        ]
        if facts:
            break
    fact = random.choice(facts)
    part, _ = random.choice(fact.parts)
    kept = tuple(one for one in fact.parts if one[0] != part)
    shorter = replace(fact, parts=kept, value=values.joined_parts(random, kept))
    sections = tuple(
        replace(one, facts=tuple(shorter if f is fact else f for f in one.facts))
        for one in found[0].sections
    )
    found[0] = replace(found[0], sections=sections)
    style, titles = layouts.style_of(random), layouts.title_style_of(random)
    groups = [layouts.pages(random, one, style, titles) for one in found]
    question = phrasing.of_part(random, fact, part, found[0].entity)
    holding = _same(groups[:1], fact.label)
    passages = holding + _same(groups[1:], fact.label) + [page.passage for page in groups[0]]
    return _example(random, name, found[0].entity, question, passages)


def _same(groups: Sequence[Sequence[Page]], label: str) -> list[Passage]:
    return [
        page.passage
        for group in groups
        for page in group
        if any(fact.label == label for fact in page.facts)
    ]


def _example(
    random: Random, name: str, entity: str, question: str, passages: Sequence[Passage]
) -> Example:
    most = random.choice((1, 2, 3, 4, 5, 5, 6, 8, 10, 12))
    kept = [one for one in dict.fromkeys(passages) if fits(one)][:most]
    return Example("none", name, entity, question, (), tuple(kept), ())
