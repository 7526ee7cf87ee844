"""Questions of a home's own: made from its passages, and those whose answers people gave.

Each comes with the passages that are retrieved for it, so that what it is told from is what it will
be read among; some come without the passage that answers, to be refused. No label is needed: the
answer was taken from the passage. Passages under access labels are not asked about. Knows passages
and a search; knows no reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from evaluation.measure import Searchable
from evaluation.questions import LabelledQuestion
from reread.records import Passage
from trainer.examples import Example
from trainer.feedback import question_key
from trainer.reader.adapting.asking import ask
from trainer.reader.drawing.examples import NONE, ReadingExample

TOP_K = 8  # read for a question
REFUSED_SHARE = 0.25  # of the questions, without their answer
FEWEST_NEAR = 2  # passages of a question that is to be refused
AT_ONCE = 64  # questions searched together
HELD_OUT, CALIBRATED = 0.2, 0.2  # shares of the passages asked about


@dataclass(slots=True)
class Parts:
    """To learn from, to calibrate by and to be judged by: no passage is asked about in two."""

    learnt: list[ReadingExample] = field(default_factory=list)
    calibrated: list[ReadingExample] = field(default_factory=list)
    judged: list[ReadingExample] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.learnt) + len(self.calibrated) + len(self.judged)

    def of(self, key: str) -> list[ReadingExample]:
        """The part that a passage or question belongs to, in every round the same."""
        draw = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        if draw < HELD_OUT:
            return self.judged
        return self.calibrated if draw < HELD_OUT + CALIBRATED else self.learnt


def make_own(
    generation: Searchable, count: int, seed: int, check: Callable[[float], None]
) -> Parts:
    """Up to `count` questions about passages drawn from the corpus; `check` may raise to stop."""
    random, store = Random(seed), generation.passages
    rows = random.sample(range(len(store)), min(count, len(store)))
    found = Parts()
    for first in range(0, len(rows), AT_ONCE):
        check(first / len(rows))
        _add(found, generation, store.get(rows[first : first + AT_ONCE]), random)
    return found


def _add(found: Parts, generation: Searchable, sources: Sequence[Passage], random: Random) -> None:
    made = [(one, ask(one, random)) for one in sources if not one.labels]
    asked = [(source, one) for source, one in made if one is not None]
    if not asked:
        return
    lists = generation.search([one.question for _, one in asked], TOP_K)
    for (source, one), hits in zip(asked, lists, strict=True):
        near = generation.passages.get([hit.row for hit in hits])
        others = tuple(
            other for other in near
            if other.id != source.id and not other.labels and not one.is_answered_by(other)
        )  # fmt: skip
        if random.random() < REFUSED_SHARE and len(others) >= FEWEST_NEAR:
            example = ReadingExample(one.question, (), others, (), NONE)
        else:
            passages = (source, *others)
            example = ReadingExample(one.question, (one.answer,), passages, (0,), one.kind)
        found.of(source.id).append(example)


def make_said(examples: Sequence[Example], labels: Sequence[LabelledQuestion]) -> Parts:
    """Questions of the log whose answers people gave or confirmed, where these stand in a passage
    that was read; none is calibrated by, as there are few."""
    said = {question_key(one.question): one for one in labels if one.answers}
    found = Parts()
    for one in examples:
        label = said.get(question_key(one.question))
        example = None if label is None else _said(one, label)
        if example is not None:
            part = found.of(question_key(one.question))
            (found.judged if part is found.judged else found.learnt).append(example)
    return found


def _said(one: Example, label: LabelledQuestion) -> ReadingExample | None:
    """The passages that hold an answer, marked ones where there are such; None without any."""
    held = {
        at: spelled for at, passage in enumerate(one.passages)
        if (spelled := as_spelled(label.answers, passage.text)) is not None
    }  # fmt: skip
    marked = {at for at in held if one.passages[at].id in label.passage_ids} or set(held)
    if not marked:
        return None
    answers = tuple(dict.fromkeys(held[at] for at in sorted(marked)))
    kept = [at for at in range(len(one.passages)) if at in marked or at not in held]
    order = sorted(kept, key=lambda at: at not in marked)
    passages = tuple(one.passages[at] for at in order)
    return ReadingExample(one.question, answers, passages, tuple(range(len(marked))))


def as_spelled(answers: Sequence[str], text: str) -> str | None:
    """The first of the answers that stands in a text, letter case aside, as the text has it.

    >>> as_spelled(["LOG_DIR", "the folder"], "It is The folder.")
    'The folder'
    """
    for answer in answers:
        at = text.lower().find(answer.lower())
        if answer and at >= 0 and len(text.lower()) == len(text):
            return text[at : at + len(answer)]
    return None


def mix_of(
    sets: Mapping[str, Sequence[ReadingExample]], shares: Mapping[str, float]
) -> dict[str, float]:
    """The shares of the sets that have anything, adding up to 1."""
    there = {name: share for name, share in shares.items() if sets.get(name)}
    return {name: share / sum(there.values()) for name, share in there.items()}
