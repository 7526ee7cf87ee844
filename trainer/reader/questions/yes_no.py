"""Questions answered with yes or no: rules and limits, stated values, items of a list.

Both answers come equally often; a no rests on something the page states, never on silence alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from trainer.reader.questions import label_value, phrasing
from trainer.reader.questions.facts import Example, Fact, Passage, with_distractors
from trainer.reader.questions.invented import values
from trainer.reader.questions.invented.documents import Domain
from trainer.reader.questions.texts.rules import RULES, Rules

ITS_VERB = {  # labels of lists -> what the thing does with each item
    ("dependencies", "depends on", "requires"): "depend on",
    ("conflicts",): "conflict with",
    ("platforms", "supported platforms"): "run on",
    ("supported protocols", "protocols"): "speak",
    ("supported methods", "http methods"): "support",
    ("ports", "connectors", "interfaces"): "have",
    ("certifications", "approvals"): "have the approval",
    ("log levels",): "know the log level",
}


def yes_no(
    random: Random, domains: Sequence[Domain], name: str, rules: Rules | None = None
) -> Example:
    """One question with the answer yes or no, each as likely."""
    wanted = random.random() < 0.5
    if rules or random.random() < 0.6:
        return _by_rule(random, name, wanted, rules or RULES)
    made = None
    while made is None:
        made = by_fact(random, domains, name, wanted)
    return made


def _by_rule(random: Random, name: str, wanted: bool, rules: Rules) -> Example:
    patterns, text = random.choice(list(rules.values()))
    lines = random.sample(text.strip().splitlines(), 6)
    pattern = random.choice(patterns)
    entities = [values.filled(random, pattern) for _ in range(random.randint(3, 7))]
    entities = list(dict.fromkeys(entities))
    right = entities[0]
    topic = random.choice(
        ("Rules", "Good to know", "Terms of use", "FAQ", "House rules", "Conditions", "Notes")
    )
    limits = _limits(random, lines[0])
    asked = random.choice(lines[0].split(" | ")[1 if wanted else 2].split(" // "))
    question = phrasing.worn(
        random, _fill(random, asked, right, limits).replace("X allowed", "one allowed"), right
    )
    passages = [_rules_page(random, lines, right, topic, limits)]
    passages += [
        _rules_page(random, lines, one, topic, _limits(random, lines[0])) for one in entities[1:]
    ]
    return Example(
        "yesno",
        name,
        right,
        question,
        ("yes" if wanted else "no",),
        with_distractors(random, passages[:1], passages[1:]),
    )


def _limits(random: Random, line: str) -> int:
    found = re.search(r"\{n:(\d+):(\d+)\}", line)
    return random.randint(int(found[1]), int(found[2])) if found else 0


def _fill(random: Random, text: str, entity: str, limit: int) -> str:
    """The limit, something within it and something beyond, and the entity."""
    text = re.sub(r"\{n:\d+:\d+\}", str(limit), text)
    less = max(1, limit - random.randint(1, max(1, limit // 2)))
    more = limit + random.randint(1, max(2, min(limit // 3, 90))) if limit != 22 else 23
    if ":30" in text or ":15" in text:
        less, more = max(1, limit - random.randint(1, 3)), min(23, limit + random.randint(0, 2))
    return (
        text.replace("{<}", str(less))
        .replace("{>}", str(more))
        .replace("{e}", entity)
        .replace("{E}", entity)
    )


def _rules_page(random: Random, lines: list[str], entity: str, topic: str, limit: int) -> Passage:
    """The rules of one entity; the first of `lines` with the stated limit, the rest with any."""
    said = [_fill(random, lines[0].split(" | ")[0], entity, limit)]
    said += [
        _fill(random, line.split(" | ")[0], entity, _limits(random, line))
        for line in lines[1 : random.randint(3, 6)]
    ]
    random.shuffle(said)
    joint = random.choice((" ", "\n", "\n- "))
    text = ("- " if joint == "\n- " else "") + joint.join(said)
    if random.random() < 0.6:
        text = (
            random.choice(
                (
                    f"{topic} of {entity}\n",
                    f"The following applies at {entity}. ",
                    f"About {entity}, please note:\n",
                )
            )
            + text
        )
    return Passage(random.choice((f"{entity} > {topic}", f"{entity} - {topic}", entity)), text)


def by_fact(random: Random, domains: Sequence[Domain], name: str, wanted: bool) -> Example | None:
    """A claim about a fact of a page: its value, a bound on it, an item of its list."""
    domain = random.choice(domains)
    groups = label_value.family(random, domain)
    page = random.choice(groups[0])
    fact = random.choice(page.facts)
    spec = next(
        rule.spec for _, rules in domain.headings for rule in rules if fact.label in rule.names
    )
    question = _claim(random, fact, spec, page.entity, wanted)
    if not question:
        return None
    others = label_value.others_of(random, groups, page, fact.label, True)
    answer = "yes" if wanted else "no"
    question = phrasing.worn(random, question, page.entity)
    return Example(
        "yesno",
        name,
        page.entity,
        question,
        (answer,),
        with_distractors(random, [page.passage], others),
    )


def _claim(random: Random, fact: Fact, spec: str, entity: str, wanted: bool) -> str:
    number = re.match(r"^([\d,]+(?:\.\d+)?)( [^\d;,()]+)?$", fact.value)
    if fact.kind == "list" and fact.items and not fact.parts and spec.startswith("list"):
        return _membership(random, fact, spec, entity, wanted)
    if number and random.random() < 0.6:
        return _bound(
            random, fact, entity, float(number[1].replace(",", "")), number[2] or "", wanted
        )
    if (
        len(fact.value.split()) > 9
        or fact.kind in ("bool", "parts", "list")
        or "no" in fact.value.lower().split()
        or "not" in fact.value.split()
    ):
        return ""
    shown = fact.value if wanted else values.draw(random, spec).text
    if not wanted and (
        shown == fact.value or len(shown.split()) > 9 or shown in fact.value or fact.value in shown
    ):
        return ""
    shape = random.choice(
        (
            "Is the {l} of {e} {v}?",
            "Is {v} the {l} of {e}?",
            "Does {e} have {v} as {l}?",
            "Is it true that the {l} of {e} is {v}?",
            "{e}: is the {l} {v}?",
            "Is {e}'s {l} {v}?",
            "Does the page give {v} as the {l} of {e}?",
        )
    )
    return shape.format(l=fact.label, e=entity, v=shown)


def _membership(random: Random, fact: Fact, spec: str, entity: str, wanted: bool) -> str:
    pool = [one.strip() for one in spec.partition(" ")[2].split(";")]
    absent = [one for one in pool if one not in fact.items and one not in fact.value]
    if not wanted and not absent:
        return ""
    item = random.choice(fact.items if wanted else absent)
    verb = next((verb for label, verb in ITS_VERB.items() if fact.label.lower() in label), "")
    if verb and random.random() < 0.5:
        short = re.sub(r" \(.*\)$", "", item)
        shapes = (f"Does {entity} {verb} {short}?", f"{entity}: does it {verb} {short}?")
        return random.choice(shapes)
    shape = random.choice(
        (
            "Is {i} among the {l} of {e}?",
            "Do the {l} of {e} include {i}?",
            "Does {e} list {i} under {l}?",
            "Is {i} one of the {l} of {e}?",
            "{e}: is {i} named under {l}?",
        )
    )
    return shape.format(i=item, l=fact.label, e=entity)


def _bound(random: Random, fact: Fact, entity: str, value: float, unit: str, wanted: bool) -> str:
    """Above, below or at least a figure near the stated one."""
    factor = random.uniform(1.1, 1.8)
    above = random.random() < 0.5
    limit = value / factor if above == wanted else value * factor
    shown = f"{limit:,.1f}" if value < 10 else f"{round(limit):,}"
    if float(shown.replace(",", "")) == value:
        return ""
    word = random.choice(
        ("more than", "above", "over", "greater than")
        if above
        else ("less than", "below", "under", "smaller than")
    )
    shape = random.choice(
        (
            "Is the {l} of {e} {w} {v}?",
            "Is {e}'s {l} {w} {v}?",
            "{e}: is the {l} {w} {v}?",
            "Does {e} have {a} {l} of {w} {v}?",
        )
    )
    article = "an" if fact.label[0].lower() in "aeio" else "a"
    return shape.format(l=fact.label, e=entity, w=word, v=f"{shown}{unit}", a=article)
