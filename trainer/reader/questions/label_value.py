"""Label-value questions over pages of invented entities: the right entity and the right label.

Knows documents, layouts and phrasing; does not know real sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trainer.reader.questions import phrasing
from trainer.reader.questions.facts import Example, Fact, Passage, with_distractors
from trainer.reader.questions.invented import documents, layouts
from trainer.reader.questions.invented.documents import Domain
from trainer.reader.questions.invented.layouts import Page


def family(random: Random, domain: Domain, count: int = 0) -> list[list[Page]]:
    """The pages of several sibling documents in one layout, one list for each entity."""
    found = documents.siblings(random, domain, count or random.choice((2, 3, 4, 5, 6, 7, 9)))
    style, titles = layouts.style_of(random), layouts.title_style_of(random)
    return [layouts.pages(random, one, style, titles) for one in found]


def label_value(random: Random, domains: Sequence[Domain], name: str) -> Example:
    """One question about one fact, or one figure inside it, among sibling pages."""
    groups = family(random, random.choice(domains))
    groups += family(random, random.choice(domains), 2) if random.random() < 0.5 else []
    return of_groups(random, groups, name)


def of_groups(random: Random, groups: Sequence[Sequence[Page]], name: str) -> Example:
    """One question about the first of several groups of pages, one group for each entity."""
    page = random.choice(groups[0])
    fact = random.choice(page.facts)
    named = random.random() < 0.82
    question, answer = asked(random, fact, page.entity, named)
    others = others_of(random, groups, page, fact.label, named)
    passages = with_distractors(random, [page.passage], others)
    return Example("label_value", name, page.entity, question, (answer,), passages)


def asked(random: Random, fact: Fact, entity: str, named: bool = True) -> tuple[str, str]:
    """A question and its answer: the whole value, or one of its parts."""
    if fact.parts and named and random.random() < 0.75:
        part, value = random.choice(fact.parts)
        if fact.kind == "list":
            shape = random.choice(
                (
                    "What share has {p} under {l} in {e}?",
                    "How large is the share of {p} in {e} ({l})?",
                    "{l} {e}: {p}",
                    "What percentage is {p} in {e}, by {l}?",
                    "{e}, {l}: how much is {p}?",
                    "how many per cent {p}, {l}, {e}",
                )
            )
            asked_for = shape.format(p=part, l=fact.label, e=entity)
            return phrasing.worn(random, asked_for, entity), value
        return phrasing.of_part(random, fact, part, entity), value
    return phrasing.of_fact(random, fact, entity, named), fact.value


def others_of(
    random: Random, groups: Sequence[Sequence[Page]], right: Page, label: str, named: bool
) -> list[Passage]:
    """Distractors, hardest first: the same label of other entities, other labels of this one."""
    own = [page.passage for page in groups[0] if page is not right]
    rest = [page for group in groups[1:] for page in group]
    if not named:
        names = {
            one
            for fact in right.facts
            if fact.label == label
            for one in (fact.label, *fact.other_names)
        }
        return own + [
            page.passage
            for page in rest
            if not any(one.lower() in page.passage.text.lower() for one in names)
        ]
    same = [page.passage for page in rest if any(fact.label == label for fact in page.facts)]
    other = [page.passage for page in rest if page.passage not in same]
    random.shuffle(own)
    random.shuffle(other)
    hardest = [one for pair in zip(same, own, strict=False) for one in pair]
    return hardest + same[len(own) :] + own[len(same) :] + other
