"""Documents of invented entities: reads a domain's text and draws entities with their facts.

Knows the form of the domain texts; does not know how a section is laid out or asked about.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from trainer.reader.questions.facts import Document, Fact, Section
from trainer.reader.questions.invented import values


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One label of a domain: its names, how a value is drawn, whole questions."""

    names: tuple[str, ...]
    spec: str
    asks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """A kind of entity with its headings and labels."""

    noun: str
    other_nouns: tuple[str, ...]
    entity: str
    headings: tuple[tuple[str, tuple[LabelRule, ...]], ...]


def read_domains(text: str) -> list[Domain]:
    """All domains of one text; a line that fits no form is an error."""
    return [_domain(part.strip().splitlines()) for part in text.split("\n# ") if part.strip()]


def _domain(lines: list[str]) -> Domain:
    noun, entity, others = (one.strip() for one in lines[0].removeprefix("# ").split("|"))
    headings: list[tuple[str, list[LabelRule]]] = []
    for line in lines[1:]:
        if line.startswith("["):
            headings.append((line.strip("[]"), []))
        elif line.count("|") == 2:
            headings[-1][1].append(_rule(line))
        else:
            raise ValueError(f"{line!r} is no label of {noun!r}; write 'name | spec | questions'.")
    kept = tuple((heading, tuple(rules)) for heading, rules in headings)
    return Domain(noun, tuple(one.strip() for one in others.split(",")), entity, kept)


def _rule(line: str) -> LabelRule:
    names, spec, asks = (one.strip() for one in line.split("|"))
    split_asks = tuple(one.strip() for one in asks.split("//") if one.strip())
    return LabelRule(tuple(one.strip() for one in names.split("=")), spec, split_asks)


def siblings(random: Random, domain: Domain, count: int) -> list[Document]:
    """Documents of the same kind, some with names that are easily mistaken for one another."""
    kept: list[str] = []
    while len(kept) < count:
        name = values.filled(random, domain.entity)
        if kept and random.random() < 0.35:
            name = _near(random, kept[0])
        if name not in kept:
            kept.append(name)
    shown = {
        rule.names[0]: random.choice(rule.names) for _, rules in domain.headings for rule in rules
    }
    return [document(random, domain, name, shown) for name in kept]


def _near(random: Random, name: str) -> str:
    """Another name, one word or digit apart: 'Orion X2' -> 'Orion X7'."""
    digits = [i for i, sign in enumerate(name) if sign.isdigit()]
    if digits:
        i = random.choice(digits)
        return name[:i] + str((int(name[i]) + random.randint(1, 8)) % 9 + 1) + name[i + 1 :]
    head, _, tail = name.partition(" ")
    return (
        f"{values.filled(random, '{name town}')} {tail}"
        if tail
        else f"{random.choice(('New', 'North', 'Old'))} {head}"
    )


def document(random: Random, domain: Domain, entity: str, shown: dict[str, str]) -> Document:
    """One entity's facts; `shown` is how this family of pages names each label."""
    sections = []
    for heading, rules in domain.headings:
        kept = [rule for rule in rules if random.random() < 0.85] or list(rules)
        if random.random() < 0.3:
            random.shuffle(kept)
        facts = tuple(_fact(random, rule, shown[rule.names[0]]) for rule in kept)
        sections.append(Section(entity, domain.noun, heading, facts))
    return Document(entity, domain.noun, domain.noun, tuple(sections))


def _fact(random: Random, rule: LabelRule, name: str) -> Fact:
    value = values.draw(random, rule.spec)
    others = tuple(one for one in rule.names if one != name)
    return Fact(name, value.text, value.kind, others, rule.asks, value.parts, value.items)


def without(document: Document, label: str) -> Document:
    """The document with every fact of that label taken out."""
    sections = tuple(
        replace(one, facts=tuple(fact for fact in one.facts if fact.label != label))
        for one in document.sections
    )
    return replace(document, sections=tuple(one for one in sections if one.facts))
