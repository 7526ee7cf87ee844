"""Writes a section as a page does: label lines, tables, running text, YAML and a dozen more.

Knows typography; values stay as they are, character for character. Knows no questions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from trainer.reader.questions.facts import MOST_WORDS, Document, Fact, Passage, Section, words_in

ONE_LINE = ("semicolons", "running", "sentences", "slashes")


@dataclass(frozen=True, slots=True)
class Page:
    """A passage with the facts that stand in it."""

    passage: Passage
    entity: str
    heading: str
    facts: tuple[Fact, ...]


def pages(random: Random, document: Document, style: str, titles: str) -> list[Page]:
    """A document's sections as passages; short sections are joined as an ingest would."""
    found: list[Page] = []
    for section in document.sections:
        for facts in _chunks(random, section.facts):
            found.append(_page(random, document, replace(section, facts=facts), style, titles))
    return _joined(random, found)


def _chunks(random: Random, facts: tuple[Fact, ...]) -> list[tuple[Fact, ...]]:
    """Facts in runs of at most some number of words."""
    most, runs, size = random.choice((40, 70, 100, 140, 165)), [[facts[0]]], 0
    for fact in facts[1:]:
        size = sum(words_in(one.label) + words_in(one.value) + 1 for one in runs[-1])
        if size + words_in(fact.value) + 3 > most:
            runs.append([])
        runs[-1].append(fact)
    return [tuple(run) for run in runs]


def _page(random: Random, document: Document, section: Section, style: str, titles: str) -> Page:
    if style not in ONE_LINE and style not in ("yaml", "toml", "pipes", "markdown table", "equals"):
        section = replace(section, facts=tuple(_on_lines(random, one) for one in section.facts))
    title = {
        "path": f"{document.entity} > {section.heading}",
        "dash": f"{document.entity} - {section.heading}",
        "entity": document.entity,
        "noun": f"{document.noun.capitalize()}: {document.entity} > {section.heading}",
        "reverse": f"{section.heading} ({document.entity})",
        "guide": f"{document.noun.capitalize()} directory > {document.entity}",
    }[titles]
    text = render(random, section, style)
    if titles in ("entity", "guide"):
        text = f"{section.heading}\n{text}"
    return Page(Passage(title, text), document.entity, section.heading, section.facts)


def _on_lines(random: Random, fact: Fact) -> Fact:
    """Sub-labels each on a line of their own, now and then."""
    if fact.kind != "parts" or random.random() < 0.7:
        return fact
    return replace(fact, value="\n".join(f"{label}: {value}" for label, value in fact.parts))


def _joined(random: Random, found: list[Page]) -> list[Page]:
    """Neighbours of the same entity made one passage while the first is short."""
    kept: list[Page] = []
    for page in found:
        before = kept[-1] if kept else None
        small = before is not None and words_in(before.passage.text) < random.choice(
            (20, 20, 50, 80)
        )
        if (
            before
            and small
            and words_in(before.passage.text) + words_in(page.passage.text) < MOST_WORDS - 10
        ):
            body = page.passage.text.removeprefix(f"{page.heading}\n")
            same = page.heading == before.heading
            text = before.passage.text + ("\n" if same else f"\n\n{page.heading}\n") + body
            joined = Passage(before.passage.title, text)
            kept[-1] = replace(
                before, passage=joined, heading=page.heading, facts=before.facts + page.facts
            )
        else:
            kept.append(page)
    return kept


def style_of(random: Random) -> str:
    """One layout's name; plain label lines are the commonest."""
    return random.choice(
        (*STYLES(), "colon", "colon", "colon", "running", "pipes", "pipes", "sentences")
    )


def STYLES() -> tuple[str, ...]:  # noqa: N802
    """The names of all layouts."""
    return tuple(_writers())


def title_style_of(random: Random) -> str:
    """How a family of pages is titled."""
    return random.choice(
        ("path", "path", "path", "dash", "entity", "entity", "noun", "reverse", "guide")
    )


def render(random: Random, section: Section, style: str) -> str:
    """The section's text in one layout."""
    return _writers()[style](random, section)


def _writers() -> dict[str, Callable[[Random, Section], str]]:
    return {
        "colon": _lines(lambda label, value: f"{label}:{_gap(value)}{value}"),
        "dash": _lines(lambda label, value: f"{label} - {value}"),
        "long dash": _lines(lambda label, value: f"{label} — {value}"),
        "bold": _lines(lambda label, value: f"**{label}** {value}"),
        "bold colon": _lines(lambda label, value: f"**{label}:** {value}"),
        "bullets": _lines(lambda label, value: f"- {label}: {value}"),
        "stars": _lines(lambda label, value: f"* {label}: {value}"),
        "below": _lines(lambda label, value: f"{label}\n{value}"),
        "definition": _lines(lambda label, value: f"{label}\n    {value}"),
        "bare": _lines(lambda label, value: f"{label} {value}"),
        "pipes": _lines(lambda label, value: f"{label} | {value}"),
        "markdown table": _markdown,
        "equals": _lines(lambda label, value: f"{_key(label)}={value}"),
        "yaml": _lines(lambda label, value: f"{_key(label)}: {value}"),
        "toml": _lines(lambda label, value: f'{_key(label)} = "{value}"'),
        "semicolons": _one_line("; "),
        "slashes": _one_line(" / "),
        "running": _one_line(" "),
        "sentences": _sentences,
    }


def _gap(value: str) -> str:
    return "\n" if "\n" in value else " "


def _key(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", label).strip("_").lower()


def cased(random: Random, section: Section) -> Section:
    """Labels as headings are cased: 'Maximum load', 'MAXIMUM LOAD', 'maximum load'."""
    draw = random.random()
    if draw < 0.7:
        facts = tuple(
            replace(one, label=one.label[0].upper() + one.label[1:]) for one in section.facts
        )
    elif draw < 0.8:
        facts = tuple(replace(one, label=one.label.upper()) for one in section.facts)
    else:
        facts = section.facts
    return replace(section, facts=facts)


def _lines(write: Callable[[str, str], str]) -> Callable[[Random, Section], str]:
    def written(random: Random, section: Section) -> str:
        joint = "\n\n" if random.random() < 0.08 else "\n"
        return joint.join(write(one.label, one.value) for one in cased(random, section).facts)

    return written


def _one_line(joint: str) -> Callable[[Random, Section], str]:
    def written(random: Random, section: Section) -> str:
        return joint.join(f"{one.label}: {one.value}" for one in cased(random, section).facts)

    return written


def _markdown(random: Random, section: Section) -> str:
    head = random.choice(
        ("| Property | Value |", "| Item | Details |", "| | |", f"| {section.heading} | |")
    )
    rows = [f"| {one.label} | {one.value} |" for one in cased(random, section).facts]
    return "\n".join([head, "| --- | --- |", *rows])


def _sentences(random: Random, section: Section) -> str:
    """Prose with one sentence a fact."""
    said = []
    for fact in section.facts:
        end = "" if fact.value.endswith(".") else "."
        said.append(
            random.choice(
                (
                    f"The {fact.label} of {section.entity} is {fact.value}{end}",
                    f"Its {fact.label} is {fact.value}{end}",
                    f"The {fact.label} is {fact.value}{end}",
                    f"{fact.label[0].upper()}{fact.label[1:]}: {fact.value}{end}",
                    f"As {fact.label}, the page gives {fact.value}{end}",
                    f"For the {fact.label}, {section.entity} has {fact.value}{end}",
                )
            )
        )
    return " ".join(said)
