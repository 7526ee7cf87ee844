"""Reference pages of invented programs: functions, flags, variables, error codes, settings.

Knows how such pages are put together; identifiers in answers stand exactly as in the page.
"""

from __future__ import annotations

from random import Random

from trainer.reader.questions import api_entries as entries
from trainer.reader.questions import phrasing
from trainer.reader.questions.api_entries import Entry
from trainer.reader.questions.facts import Example, Passage, with_distractors
from trainer.reader.questions.invented import names


def api(random: Random, name: str) -> Example:
    """One question about one entry of a reference page among pages of the same kind."""
    make = random.choice(
        (
            entries.function,
            entries.function,
            entries.flag,
            entries.variable,
            entries.error,
            entries.setting,
            entries.endpoint,
        )
    )
    tool = names.software(random)
    rival = names.software(random)
    pages: list[tuple[Passage, list[Entry]]] = []
    used: set[str] = set()
    size, layout = random.choice((1, 2, 3, 4)), random.randrange(6)
    for i in range(random.randint(3, 9)):
        owner = tool if i % 3 != 2 else rival
        held = []
        for _ in range(size):
            entry = make(random, owner, layout)
            if entry.name not in used:
                used.add(entry.name)
                held.append(entry)
        if held:
            pages.append((Passage(_title(random, owner, make.__name__, i), _page_text(held)), held))
    while len(pages[0][0].text.split()) < 20:
        entry = make(random, tool, layout)
        pages[0][1].append(entry)
        pages[0] = (Passage(pages[0][0].title, _page_text(pages[0][1])), pages[0][1])
    passage, held = pages[0]
    entry = random.choice(held)
    question, answer = random.choice(entry.asks)
    question = (
        phrasing.worn(random, question.format(t=tool), entry.name)
        if random.random() < 0.5
        else question.format(t=tool)
    )
    return Example(
        "api",
        name,
        tool,
        question,
        (answer,),
        with_distractors(random, [passage], [one for one, _ in pages[1:]]),
    )


def _page_text(held: list[Entry]) -> str:
    return "\n\n".join(entry.text for entry in held)


def _title(random: Random, tool: str, kind: str, i: int) -> str:
    chapter = {
        "function": "API reference",
        "flag": "Command line",
        "variable": "Environment",
        "error": "Error codes",
        "setting": "Configuration",
        "endpoint": "HTTP API",
    }[kind]
    return random.choice(
        (f"{tool} > {chapter}", f"{tool} manual > {chapter} > Part {i + 1}", f"{chapter} - {tool}")
    )
