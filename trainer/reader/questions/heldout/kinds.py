"""Evaluation questions of eight kinds from held-out domains, procedures, rules and hand-made pages.

Kinds: entity, number, date, definition, yesno, technical, list_procedure, unanswerable. Knows the
held-out texts and the makers; training sees none of these labels, goals or rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from trainer.reader.questions import label_value, lists, procedures, refusals, yes_no
from trainer.reader.questions.facts import (
    Example,
    Passage,
    fault_of,
    fits,
    with_distractors,
    words_in,
)
from trainer.reader.questions.heldout import sources as heldout
from trainer.reader.questions.heldout.sources import Item
from trainer.reader.questions.invented.documents import Domain, read_domains
from trainer.reader.questions.texts.held_out import HELD_OUT
from trainer.reader.questions.texts.held_out_rules import GOALS, RULES

PERSON, FIGURE, DATE = ("person", "place", "org"), ("number", "money", "parts"), ("date",)


def examples(
    random: Random,
    packages: Sequence[Item],
    directives: Sequence[Item],
    by_hand: Sequence[Example],
    each: int,
) -> Iterator[Example]:
    """So many questions of each kind, the hand-made ones on top."""
    domains = read_domains(HELD_OUT)
    makers: dict[str, Callable[[], Example | None]] = {
        "entity": lambda: _label(random, domains, PERSON),
        "number": lambda: _label(random, domains, FIGURE),
        "date": lambda: _label(random, domains, DATE),
        "definition": lambda: _from(random, [*packages, *directives], ("Description",)),
        "yesno": lambda: _claim(random, domains, packages),
        "technical": lambda: _from(
            random, directives, ("Syntax", "Default", "Context", "Module", "Override")
        ),
        "list_procedure": lambda: _sequence(random, domains),
        "unanswerable": lambda: _absent(random, domains, packages, directives),
    }
    for kind, make in makers.items():
        made: list[Example] = []
        while len(made) < each:
            example = make()
            if (
                example
                and not fault_of(example)
                and example.question not in {one.question for one in made}
            ):
                made.append(example)
                yield replace(example, kind=kind)
    yield from by_hand


def _label(random: Random, domains: Sequence[Domain], kinds: tuple[str, ...]) -> Example | None:
    groups = label_value.family(random, random.choice(domains))
    able = [(page, fact) for page in groups[0] for fact in page.facts if fact.kind in kinds]
    if not able:
        return None
    page, fact = random.choice(able)
    question, answer = label_value.asked(random, fact, page.entity, True)
    others = label_value.others_of(random, groups, page, fact.label, True)
    return Example(
        "",
        "heldout-synthetic",
        page.entity,
        question,
        (answer,),
        with_distractors(random, [page.passage], others),
    )


def _from(random: Random, items: Sequence[Item], labels: tuple[str, ...]) -> Example | None:
    entity, passage, facts = random.choice(items)
    able = [fact for fact in facts if fact.label in labels and words_in(fact.value) < 30]
    if not able:
        return None
    fact = random.choice(able)
    others = [one[1] for one in random.sample(list(items), 8) if one[0] != entity]
    question = random.choice(fact.asks).format(e=entity)
    return Example(
        "",
        "heldout-real",
        entity,
        question,
        (fact.value,),
        with_distractors(random, [passage], others),
    )


def _claim(random: Random, domains: Sequence[Domain], packages: Sequence[Item]) -> Example | None:
    draw, wanted = random.random(), random.random() < 0.5
    if draw < 0.5:
        return yes_no.yes_no(random, domains, "heldout-synthetic", RULES)
    if draw < 0.75:
        return yes_no.by_fact(random, domains, "heldout-synthetic", wanted)
    entity, passage, facts = random.choice(packages)
    needed = [
        re.sub(r" .*", "", one)
        for fact in facts
        if fact.label == "Depends"
        for one in fact.value.split(", ")
    ]
    if not needed:
        return None
    other = random.choice(
        [
            re.sub(r" .*", "", one)
            for item in random.sample(list(packages), 30)
            for fact in item[2]
            if fact.label == "Depends"
            for one in fact.value.split(", ")
        ]
        or ["nothing"]
    )
    name = random.choice(needed) if wanted else other
    if not wanted and name in passage.text:
        return None
    others = [one[1] for one in random.sample(list(packages), 6) if one[0] != entity]
    return Example(
        "",
        "heldout-real",
        entity,
        f"Does {entity} depend on {name}?",
        ("yes" if wanted else "no",),
        with_distractors(random, [passage], others),
    )


def _sequence(random: Random, domains: Sequence[Domain]) -> Example:
    if random.random() < 0.5:
        return lists.whole_list(random, domains, "heldout-synthetic")
    return procedures.procedure(random, "heldout-synthetic", (("machine", GOALS),))


def _absent(
    random: Random, domains: Sequence[Domain], packages: Sequence[Item], directives: Sequence[Item]
) -> Example | None:
    if random.random() < 0.6:
        return refusals.refusal(random, domains, "heldout-synthetic")
    items, labels = random.choice(((packages, heldout.DEBIAN), (directives, heldout.DIRECTIVE)))
    entity, passage, facts = random.choice(items)
    unsaid = [
        one
        for one in labels
        if one not in {fact.label for fact in facts} and one not in passage.text
    ]
    if not unsaid:
        return None
    label = random.choice(unsaid)
    others = [one[1] for one in random.sample(list(items), 4) if one[0] != entity]
    question = random.choice(labels[label].split(" // ")).format(e=entity)
    return Example("", "heldout-real", entity, question, (), (passage, *others), ())


def by_hand(path: Path) -> list[Example]:
    """Hand-made pages: '== title', the text, then lines 'kind ? question = answer' (none: '-')."""
    pages: list[tuple[Passage, list[str]]] = []
    for block in path.read_text(encoding="utf-8").split("\n== ")[0:]:
        head, _, body = block.removeprefix("== ").partition("\n")
        lines = body.strip().split("\n")
        asked = [line for line in lines if re.match(r"\w+ \? ", line)]
        text = "\n".join(line for line in lines if line not in asked).strip()
        pages.append((Passage(head.strip(), text), asked))
    found = []
    for passage, asked in pages:
        others = tuple(one for one, _ in pages if one != passage and fits(one))[:5]
        for line in asked:
            kind, _, rest = line.partition(" ? ")
            question, _, answer = rest.rpartition(" = ")
            answer = answer.strip().replace("\\n", "\n")
            right = () if answer == "-" else (answer,)
            found.append(
                Example(
                    kind,
                    "by-hand",
                    passage.title,
                    question,
                    right,
                    (passage, *others),
                    (0,) if right else (),
                )
            )
    return found
