"""Procedures: all the steps as they stand, or the step before or after another.

Knows a grammar of steps over a dozen fields; the answer is the contiguous text of the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trainer.reader.questions import phrasing
from trainer.reader.questions.facts import Example, Passage, with_distractors
from trainer.reader.questions.invented import names, values
from trainer.reader.questions.texts.goals import (
    ACTS,
    CARE,
    DEEDS,
    LABS,
    MACHINES,
    OBJECTS,
    OFFICES,
    SOFTWARE,
)

ALL_STEPS = (
    "How do I {g}?",
    "How do you {g}?",
    "How to {g}?",
    "how to {g}",
    "What are the steps to {g}?",
    "List all the steps to {g}.",
    "What do I have to do to {g}?",
    "Give me the procedure to {g}.",
    "Explain how to {g}",
    "steps to {g}",
    "What is the procedure to {g}?",
    "How can I {g}?",
    "Describe how to {g}, step by step.",
    "What must be done to {g}?",
    "I want to {g}. What do I do?",
    "In which order do I {g}?",
)
STYLES = ("1.", "1.", "1.", "1)", "Step 1:", "-", "prose", "inline", "(1)")


def fields() -> tuple[tuple[str, str], ...]:
    """Training's fields with their goals and steps."""
    return (("machine", MACHINES), ("software", SOFTWARE), ("office", OFFICES), ("lab", LABS))


def procedure(random: Random, name: str, known: Sequence[tuple[str, str]] | None = None) -> Example:
    """One procedure among others for the same thing and the same one for other things."""
    goals = _goals(random, known or fields())
    style, count = random.choice(STYLES), random.randint(3, 6)
    things = [_thing(random, goals) for _ in range(count)]
    pages = [
        [_page(random, goal, thing, style) for goal in goals[1]] for thing in dict.fromkeys(things)
    ]
    passage, steps, goal, body = random.choice(pages[0])
    same = [
        page[0]
        for group in pages[1:]
        for page in group
        if page[2].split()[0:2] == goal.split()[0:2]
    ]
    own = [page[0] for page in pages[0] if page[0] != passage]
    random.shuffle(own)
    others = (
        [one for pair in zip(own, same, strict=False) for one in pair]
        + own[len(same) :]
        + same[len(own) :]
    )
    if random.random() < 0.62:
        question, answer = random.choice(ALL_STEPS).format(g=goal), body
    else:
        question, answer = _one_step(random, goal, steps, style)
    question = phrasing.worn(random, question, goal)
    return Example(
        "procedure",
        name,
        passage.title,
        question,
        (answer,),
        with_distractors(random, [passage], others),
    )


def _goals(random: Random, known: Sequence[tuple[str, str]]) -> tuple[str, list[str]]:
    field, text = random.choice(known)
    if len(known) > 1 and random.random() < 0.55:
        return "machine", [
            _composed(random, deed) for deed in random.sample(DEEDS, random.randint(3, 6))
        ]
    lines = [line for line in text.strip().splitlines() if line]
    return field, random.sample(lines, min(len(lines), random.randint(2, 6)))


def _composed(random: Random, deed: str) -> str:
    """A procedure of steps that no other has: 'service {T} | Open the oil sump // ...'."""
    count = random.randint(3, 9)
    steps = [
        f"{act.capitalize()} the {thing}{care}"
        for act, thing, care in zip(
            random.sample(ACTS, count),
            random.sample(OBJECTS, count),
            random.choices(CARE, k=count),
            strict=True,
        )
    ]
    return f"{deed} {{T}} | {' // '.join(steps)}"


def _thing(random: Random, goals: tuple[str, list[str]]) -> str:
    return {
        "machine": lambda: random.choice(
            (
                f"the {names.model(random)}",
                f"the {names.town(random)} {random.choice(('pump', 'press', 'lock', 'crane', 'kiln', 'depot'))}",  # noqa: E501
            )
        ),
        "software": lambda: names.software(random),
        "office": lambda: (
            f"{random.choice(('the', 'a'))} {names.root(random)} {random.choice(('permit', 'grant', 'scheme', 'pass', 'licence'))}"  # noqa: E501
        ),
        "lab": lambda: (
            f"{names.root(random)} {random.choice(('Red', 'White', 'B', 'No. 3', 'Hall', 'Gold'))}"
        ),
    }[goals[0]]()


def _page(random: Random, line: str, thing: str, style: str) -> tuple[Passage, list[str], str, str]:
    """The passage, its steps as written, what they are for, and the steps' contiguous text."""
    goal, _, text = line.partition(" | ")
    goal = values.filled(random, goal.replace("{T}", thing))
    drawn = [values.filled(random, one.strip().replace("{T}", thing)) for one in text.split("//")]
    first = random.randint(0, max(0, len(drawn) - 7))
    steps = [f"{one}." if not one.endswith(".") else one for one in drawn[first:]]
    body = _written(steps, style)
    lead = random.choice(
        (
            "",
            "",
            f"To {goal}:",
            "Proceed as follows:",
            f"Follow these steps to {goal}.",
            "You need about half an hour.",
        )
    )
    tail = random.choice(
        (
            "",
            "",
            "",
            "Call the service line if this does not help.",
            "Never skip a step.",
            "Keep children away meanwhile.",
        )
    )
    text = "\n".join(one for one in (lead, body, tail) if one)
    title = random.choice(
        (
            f"{thing} > How to {goal}",
            goal[0].upper() + goal[1:],
            f"Manual > {goal}",
            f"How to {goal}",
        )
    )
    return Passage(title[0].upper() + title[1:], text), steps, goal, body


def _written(steps: list[str], style: str) -> str:
    if style == "prose":
        links = (
            "First, ",
            "Then ",
            "Next, ",
            "After that, ",
            "Now ",
            "Then ",
            "Finally, ",
            "Last, ",
        )
        said = [step[0].lower() + step[1:] if not step[:2].isupper() else step for step in steps]
        return " ".join(
            f"{links[i] if i < len(steps) - 1 else 'Finally, '}{one}" for i, one in enumerate(said)
        )
    if style == "inline":
        return " ".join(f"{i}. {step}" for i, step in enumerate(steps, 1))
    marks = {"1.": "{}. ", "1)": "{}) ", "Step 1:": "Step {}: ", "(1)": "({}) "}
    return "\n".join(
        (marks[style].format(i) if style in marks else "") + step for i, step in enumerate(steps, 1)
    )


def _one_step(random: Random, goal: str, steps: list[str], style: str) -> tuple[str, str]:
    """A question for a single step, its text without the mark."""
    i = random.randrange(len(steps) - 1)
    shown = (
        steps
        if style != "prose"
        else [step[0].lower() + step[1:] if not step[:2].isupper() else step for step in steps]
    )
    draw = random.random()
    if draw < 0.35:
        shape = random.choice(
            (
                "What comes after step {n} when you {g}?",
                "Which step follows step {n} to {g}?",
                "What do I do after step {n} to {g}?",
            )
        )
        return shape.format(n=i + 1, g=goal), shown[i + 1]
    if draw < 0.6:
        shape = random.choice(
            ("What is step {n} to {g}?", "Step {n} of how to {g}?", "What is the {o} step to {g}?")
        )
        ordinal = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")[i]
        return shape.format(n=i + 1, o=ordinal, g=goal), shown[i]
    if draw < 0.75:
        return random.choice(
            (
                "What is the last step to {g}?",
                "How does one finish to {g}?",
                "last step when you {g}",
            )
        ).format(g=goal), shown[-1]
    before = steps[i].rstrip(".")
    before = before[0].lower() + before[1:]
    shape = random.choice(
        (
            'To {g}, what do I do after "{b}"?',
            "What comes next after you {b} (to {g})?",
            "I have done this: {b}. What is next to {g}?",
        )
    )
    return shape.format(g=goal, b=before), shown[i + 1]
