"""Definitions of invented terms in glossaries, asked in both directions, and what things are.

Knows a small grammar of what things are; knows no real term.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trainer.reader.questions import label_value, phrasing
from trainer.reader.questions.facts import Example, Passage, with_distractors
from trainer.reader.questions.invented import names, values
from trainer.reader.questions.invented.documents import Domain
from trainer.reader.questions.invented.layouts import Page
from trainer.reader.questions.invented.names import words

KINDS = (
    "device",
    "method",
    "unit",
    "contract",
    "vessel",
    "tax",
    "disease",
    "dance",
    "document",
    "process",
    "tool",
    "protocol",
    "rule",
    "person",
    "container",
    "soil",
    "fabric",
    "wind",
    "ceremony",
    "record",
    "test",
    "bird",
    "agreement",
    "chart",
    "signal",
    "loan",
    "cheese",
    "valve",
)
DOES = (
    "that measures the {x} of a {y}",
    "used to join two {y}s without {x}",
    "by which a {y} is passed from one {z} to another",
    "that keeps {x} away from the {y}",
    "in which each {y} is checked before {x}",
    "paid by the owner of a {y} at the end of {x}",
    "that looks after the {y}s of a {z}",
    "made from {x} and carried on the back",
    "that says how much {x} a {y} may hold",
    "common in the mountains and feared for its {x}",
    "that turns {x} into {y}s",
    "which ends when the last {y} has left the {z}",
    "between a {z} and its {y}s about the use of {x}",
    "found only near a {z} after {x}",
    "with a narrow neck, meant for {x}",
    "that lets a {y} run again after {x}",
)
X = words("""
    pressure heat salt rain wool oil light debt grain noise smoke silver frost ink sugar
    rust honey steam dust sleep
""")
Y = words("""
    pump letter ship tenant server patient field bridge kettle loaf record wheel voter
    message wall sample guest thread page kiln
""")
Z = words("""
    harbour village court ward workshop network choir guild mill college customs post
    hospital camp registry
""")
LINKS = (
    "{t}: {a} {d}",
    "{T} – {a} {d}",
    "A {t} is {a} {d}",
    "{T} means {a} {d}",
    "{T} (noun): {a} {d}",
    "{T}\n    {A} {d}",
    "By {t} we understand {a} {d}",
    "| {t} | {a} {d} |",
    "**{t}** {a} {d}",
    "The term {t} refers to {a} {d}",
)
ASKS = (
    "What is a {t}?",
    "What is meant by {t}?",
    "Define {t}.",
    "define {t}",
    "What does {t} mean?",
    "{t} meaning",
    "{t} definition",
    "How is {t} defined?",
    "What does the term {t} refer to?",
    "Explain the word {t}.",
    "what is {t}",
    "What do they call a {t}?",
    "Give the definition of {t}.",
    "What is understood by a {t}?",
)
BACK = (
    "What is the word for {a} {d}?",
    "Which term means {a} {d}?",
    "What is {a} {d} called?",
    "How do you call {a} {d}?",
)


def definition(random: Random, name: str) -> Example:
    """One term of one glossary among others, asked for its meaning or by its meaning."""
    link, terms = random.choice(LINKS), list(dict.fromkeys(_term(random) for _ in range(30)))
    field = f"{names.root(random)} {random.choice(('Mining', 'Sailing', 'Court', 'Baking', 'Weaving', 'Network', 'Estate', 'Ward'))}"  # noqa: E501
    pages, size = [], random.randint(2, 4)
    for i in range(0, size * random.randint(2, 6), size):
        entries = [(term, *_meaning(random)) for term in terms[i : i + size]]
        pages.append((entries, _page(random, entries, link, field)))
    entries, passage = pages[0]
    term, article, meaning = random.choice(entries)
    if random.random() < 0.75:
        shown = article.capitalize() if "{A}" in link else article
        question, answer = random.choice(ASKS).format(t=term), f"{shown} {meaning}"
    else:
        question = random.choice(BACK).format(a=article, d=meaning)
        answer = term if term in passage.text else term.capitalize()
    question = phrasing.worn(random, question, term)
    return Example(
        "definition",
        name,
        passage.title,
        question,
        (answer,),
        with_distractors(random, [passage], [one for _, one in pages[1:]]),
    )


def described(random: Random, domains: Sequence[Domain], name: str) -> Example:
    """What a thing is, where its page says so in one value among others."""
    made = None
    while made is None:
        domain = random.choice(domains)
        labels = domain.headings[0][1][0].names
        made = of_line(random, label_value.family(random, domain), labels, name)
    return made


def of_line(
    random: Random, groups: Sequence[Sequence[Page]], labels: Sequence[str], name: str
) -> Example | None:
    """The first of several groups of pages, asked what it is; None where none of the labels, which
    say so, stands on its pages."""
    found = [(page, one) for page in groups[0] for one in page.facts if one.label in labels]
    if not found:
        return None
    page, fact = found[0]
    question = phrasing.worn(random, random.choice(fact.asks).format(e=page.entity), page.entity)
    others = label_value.others_of(random, groups, page, fact.label, True)
    passages = with_distractors(random, [page.passage], others)
    return Example("definition", name, page.entity, question, (fact.value,), passages)


def _term(random: Random) -> str:
    stem = names.root(random).lower() + random.choice(
        ("ing", "er", "age", "let", "ment", "ock", "ix", "ure", "band", "stay", "ry")
    )
    return random.choice(
        (
            stem,
            stem,
            f"{random.choice(('dry', 'double', 'cold', 'blind', 'running', 'half', 'open'))} {stem}",  # noqa: E501
            f"{stem} {random.choice(('lock', 'fee', 'line', 'gauge', 'day'))}",
        )
    )


def _meaning(random: Random) -> tuple[str, str]:
    """An article and a meaning: ('a', 'device that measures the heat of a pump')."""
    kind, does = random.choice(KINDS), random.choice(DOES)
    does = does.format(x=random.choice(X), y=random.choice(Y), z=random.choice(Z))
    adjective = random.choice(
        ("", "", "small ", "old ", "temporary ", "simple ", "public ", "light ", "rare ")
    )
    extra = random.choice(
        (
            "",
            "",
            "",
            values.filled(random, ", usually {qty 2 90 cm} long"),
            ", also called a " + names.root(random).lower() + "ock",
            ", first described by " + names.person(random),
        )
    )
    text = f"{adjective}{kind} {does}{extra}"
    return ("an" if text[0] in "aeio" else "a"), text


def _page(random: Random, entries: list[tuple[str, str, str]], link: str, field: str) -> Passage:
    lines = []
    for term, article, meaning in entries:
        fill = {
            "t": term,
            "T": term.capitalize(),
            "a": article,
            "A": article.capitalize(),
            "d": meaning,
        }
        lines.append(link.format(**fill) + ("" if "|" in link else "."))
    text = "\n".join(lines)
    if len(text.split()) < 20 or random.random() < 0.3:
        text = f"This glossary explains the words used on the pages about {field.lower()} matters.\n{text}"  # noqa: E501
    return Passage(f"{field} glossary > {entries[0][0][0].upper()}", text)
