"""Evaluation questions from sources, domains and labels that training never sees.

Real documentation: Debian's package records, the headers of PEPs, the periodic table, a web
server's directives. Each question has the right section among five of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from random import Random

from lxml import html as lxml_html

from trainer.reader.questions import phrasing
from trainer.reader.questions.facts import Example, Fact, Passage, fits, words_in
from trainer.reader.questions.real.python_docs import clean, cut

Item = tuple[str, Passage, list[Fact]]  # the entity, its section, the facts in it

DEBIAN = {
    "Maintainer": "Who maintains {e}? // Whom do I write to about {e}?",
    "Section": "To which section does {e} belong? // In what section of the archive is {e}?",
    "Version": "Which version of {e} is installed? // What version has {e}?",
    "Depends": "What does {e} depend on? // Which packages does {e} need?",
    "Installed-Size": "How large is {e} once installed? // What is the installed size of {e}?",
    "Priority": "What priority has {e}?",
    "Homepage": "Where is the web page of {e}? // What is the homepage of {e}?",
    "Source": "From which source package is {e} built?",
    "Architecture": "For what architecture is {e} built?",
    "Suggests": "What does {e} suggest installing besides?",
    "Recommends": "Which packages does {e} recommend?",
    "Multi-Arch": "What is the Multi-Arch value of {e}?",
    "Conflicts": "What does {e} conflict with?",
    "Replaces": "What does {e} replace?",
    "Description": "What is {e}? // What is {e} in a few words?",
    "Provides": "What does {e} provide?",
    "Breaks": "What is broken by {e}?",
}
PEP = {
    "Author": "Who wrote {e}? // Who is the author of {e}?",
    "Status": "What is the status of {e}? // Is {e} final, rejected or something else?",
    "Type": "What type of PEP is {e}?",
    "Created": "When was {e} created? // On what day was {e} created?",
    "Python-Version": "For which Python version is {e}?",
    "Title": "What is {e} called? // What is the title of {e}?",
    "Post-History": "When was {e} posted? // What is the post history of {e}?",
    "Resolution": "Where is the resolution of {e}?",
    "Discussions-To": "Where is {e} discussed?",
    "Requires": "Which PEPs does {e} require?",
    "Superseded-By": "Which PEP supersedes {e}?",
    "Replaces": "Which PEP does {e} replace?",
    "Topic": "What topic has {e}?",
    "Sponsor": "Who sponsors {e}?",
    "PEP-Delegate": "Who is the delegate for {e}?",
    "BDFL-Delegate": "Who was the BDFL's delegate for {e}?",
}
DIRECTIVE = {
    "Description": "What does the {e} directive do?",
    "Syntax": "What is the syntax of {e}? // How is {e} written?",
    "Default": "What is the default of {e}? // What is {e} set to by default?",
    "Context": "In which context may {e} be used? // Where can {e} be used?",
    "Override": "Which override does {e} need?",
    "Status": "What status has {e}?",
    "Module": "Which module provides {e}? // To which module does {e} belong?",
    "Compatibility": "Since when is {e} available? // What is said about the compatibility of {e}?",
}


def _facts(fields: Sequence[tuple[str, str]], asks: dict[str, str]) -> list[Fact]:
    return [
        Fact(label, value, asks=tuple(one.strip() for one in asks[label].split("//")))
        for label, value in fields
        if label in asks and value
    ]


def debian(path: Path) -> list[Item]:
    """Package records as they stand in a status file, without the checksums and status."""
    found: list[Item] = []
    for record in path.read_text(encoding="utf-8").split("\n\n"):
        fields = [
            line.partition(": ")[::2]
            for line in record.split("\n")
            if re.match(r"[A-Z][\w-]*: ", line)
        ]
        kept = [(label, value) for label, value in fields if label in DEBIAN or label == "Package"]
        kept = [(label, value) for label, value in kept if words_in(value) <= 45]
        if kept:
            name = kept[0][1]
            text = "\n".join(f"{label}: {value}" for label, value in kept)
            found.append((name, Passage(f"Packages > {name}", text), _facts(kept, DEBIAN)))
    return [one for one in found if fits(one[1])]


def peps(paths: Sequence[Path]) -> list[Item]:
    """The headers of PEPs as they stand."""
    found: list[Item] = []
    for path in paths:
        head = path.read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
        head = re.sub(r"\n +", " ", head)
        fields = [line.partition(": ")[::2] for line in head.split("\n") if ": " in line]
        number = dict(fields).get("PEP", path.stem)
        text = "\n".join(f"{label}: {value.strip()}" for label, value in fields)
        found.append(
            (
                f"PEP {number}",
                Passage(f"PEP {number} > Preamble", text),
                _facts([(a, b.strip()) for a, b in fields], PEP),
            )
        )
    return [one for one in found if fits(one[1])]


def elements() -> list[Item]:
    """Elements with what the package `periodictable` states of them."""
    found: list[Item] = []
    for one in import_module("periodictable").elements:
        if one.number < 1 or not one.mass:
            continue
        facts = [
            Fact(
                "symbol", one.symbol, asks=("What is the symbol of {e}?", "How is {e} abbreviated?")
            ),
            Fact(
                "atomic number",
                str(one.number),
                asks=("What is the atomic number of {e}?", "How many protons has {e}?"),
            ),
            Fact(
                "standard atomic mass",
                f"{one.mass:.4f} u",
                asks=("What is the atomic mass of {e}?", "How heavy is an atom of {e}?"),
            ),
            Fact(
                "density",
                f"{one.density} g/cm3" if one.density else "",
                asks=("How dense is {e}?", "What is the density of {e}?"),
            ),
            Fact(
                "covalent radius",
                f"{one.covalent_radius} angstrom" if one.covalent_radius else "",
                asks=(
                    "What is the covalent radius of {e}?",
                    "How large is the covalent radius of {e}?",
                ),
            ),
            Fact(
                "known isotopes",
                f"{len(one.isotopes)}, from {one.symbol}-{one.isotopes[0]} to {one.symbol}-{one.isotopes[-1]}",  # noqa: E501
                asks=("Which isotopes of {e} are known?", "How many isotopes has {e}?"),
            ),
            Fact(
                "ionic charges",
                ", ".join(f"{charge:+d}" for charge in one.ions),
                asks=("Which charges do ions of {e} have?", "What are the ionic charges of {e}?"),
            ),
            Fact(
                "crystal structure",
                str((getattr(one, "crystal_structure", None) or {}).get("symmetry", "")),
                asks=("How does {e} crystallise?", "What is the crystal structure of {e}?"),
            ),
        ]
        kept = [fact for fact in facts if fact.value]
        name = one.name.capitalize()
        text = "\n".join(f"{fact.label.capitalize()}: {fact.value}" for fact in kept)
        found.append((name, Passage(f"Periodic table > {name}", f"{name}\n{text}"), kept))
    return [one for one in found if fits(one[1])]


def directives(folder: Path) -> list[Item]:
    """Directives of a web server's manual with the table at their head."""
    found: list[Item] = []
    for path in sorted(folder.glob("*.html")):
        tree = lxml_html.parse(str(path)).getroot()
        for section in tree.find_class("directive-section"):
            heads, table = section.findall("h2"), section.find("table")
            if not heads or table is None:
                continue
            name = clean(heads[0]).split(" ")[0].strip("<>")
            fields = [tuple(clean(cell) for cell in row)[:2] for row in table.iter("tr")]
            rows = [(one[0].rstrip(":"), one[1]) for one in fields if len(one) == 2 and one[1]]
            body = [clean(one) for one in section.findall("p")]
            text = cut("\n".join([f"{label} | {value}" for label, value in rows] + body), 150)
            found.append(
                (
                    name,
                    Passage(f"Server manual > {path.stem} > {name}", text),
                    _facts(rows, DIRECTIVE),
                )
            )
    return [one for one in found if fits(one[1])]


def questions(
    random: Random, items: Sequence[Item], name: str, count: int, most_words: int = 30
) -> Iterator[Example]:
    """Questions of one source; four neighbours of the same kind stand beside."""
    made, seen = 0, set()
    while made < count:
        i = random.randrange(len(items))
        entity, passage, facts = items[i]
        able = [
            fact
            for fact in facts
            if words_in(fact.value) <= most_words and fact.value in passage.text
        ]
        if not able:
            continue
        fact = random.choice(able)
        if (entity, fact.label) in seen:
            continue
        seen.add((entity, fact.label))
        others = _others(random, items, i, fact.label)
        if len(others) < 4:
            continue
        question = _worded(random, fact, entity)
        place = random.randrange(5)
        passages = [*others[:place], passage, *others[place:]]
        made += 1
        yield Example(
            "label_value", name, entity, question, (fact.value,), tuple(passages), (place,)
        )


def _worded(random: Random, fact: Fact, entity: str) -> str:
    if random.random() < 0.55:
        return phrasing.worn(random, random.choice(fact.asks).format(e=entity), entity)
    return phrasing.of_fact(random, Fact(fact.label, fact.value), entity, True)


def _others(random: Random, items: Sequence[Item], i: int, label: str) -> list[Passage]:
    near = [items[j] for step in range(1, 40) for j in (i + step, i - step) if 0 <= j < len(items)]
    with_label = [one[1] for one in near if any(fact.label == label for fact in one[2])]
    return (
        (with_label + [one[1] for one in near if one[1] not in with_label])[:4]
        if random.random() < 0.7
        else [one[1] for one in random.sample(near, min(4, len(near)))]
    )
