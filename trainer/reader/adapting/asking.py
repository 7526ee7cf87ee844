"""A question about one passage whose answer is known, because it was taken out of the passage.

Values that stand behind their labels ("Opening hours: 9 to 5") are asked for by the label, spans of
a sentence by the rest of it. Knows one passage; knows no corpus and no reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from reread.records import Passage
from trainer.reader.questions import phrasing
from trainer.reader.questions.facts import Fact
from trainer.reader.questions.real.prose import ask_of

LABELLED = re.compile(
    r"^[ \t]*[-*|]?[ \t]*([A-Z][\w /()'-]{1,38}?)[ \t]*[:|][ \t]+(\S[^\n|]{0,90}?)[ \t|]*$", re.M
)
MOST_LABEL_WORDS, MOST_VALUE_WORDS = 5, 14
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
VALUE_SHARE = 0.7  # of passages that hold both
TRIES = 4  # sentences of a passage that are looked at
PART = " > "  # between a document's title and its sections'


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer stands once in the passage, character for character."""

    question: str
    answer: str
    kind: str
    label: str = ""  # that the answer stands behind
    entity: str = ""  # whose value it is, by the question

    def is_answered_by(self, other: Passage) -> bool:
        """Whether another passage may answer as well: it says the same, or has the label for what
        goes by the same name."""
        if self.answer.lower() in f"{other.title} {other.text}".lower():
            return True
        named = self.entity.lower() in other.title.replace(PART, " ").lower()
        labels = {label.lower() for label, _ in facts_of(other)} if self.label and named else ()
        return self.label.lower() in labels


def ask(passage: Passage, random: Random) -> Asked | None:
    """A question about the passage; None where nothing of it can be asked for."""
    makers = [_ask_value, _ask_span] if random.random() < VALUE_SHARE else [_ask_span, _ask_value]
    return makers[0](passage, random) or makers[1](passage, random)


def _ask_value(passage: Passage, random: Random) -> Asked | None:
    facts = facts_of(passage)
    if not facts:
        return None
    label, value = random.choice(facts)
    parts = passage.title.split(PART)
    entity = random.choice((parts[-1], " ".join(dict.fromkeys((parts[0], parts[-1])))))
    question = phrasing.of_fact(random, Fact(label, value), entity, bool(entity))
    return Asked(question, value, "label_value", label, entity)


def _ask_span(passage: Passage, random: Random) -> Asked | None:
    sentences = SENTENCE_END.split(passage.text)
    for sentence in random.sample(sentences, min(TRIES, len(sentences))):
        found = ask_of(random, sentence)
        if found and passage.text.count(found[1]) == 1:
            return Asked(phrasing.worn(random, *found), found[1], "prose")
    return None


def facts_of(passage: Passage) -> list[tuple[str, str]]:
    """Labels with their values; a label twice would have two answers, and is left out.

    >>> facts_of(Passage("1", "Mill", "Opening hours: 9 to 5\\nNote that: it is\\nPrice | 3.50 |"))
    [('Opening hours', '9 to 5'), ('Note that', 'it is'), ('Price', '3.50')]
    """
    found = [(one[1].strip(), one[2].strip()) for one in LABELLED.finditer(passage.text)]
    labels = [label.lower() for label, _ in found]
    return [
        (label, value) for label, value in found
        if labels.count(label.lower()) == 1
        and passage.text.count(value) == 1
        and len(label.split()) <= MOST_LABEL_WORDS
        and len(value.split()) <= MOST_VALUE_WORDS
    ]  # fmt: skip
