"""What one question of a training step is: which passages, windows of them, an accepted answer.

Everything is drawn from the generator that is given, so the same seed and step give the same
questions. Knows examples and texts; knows no tokenizer and no model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol, TypeVar

from reread.errors import BadRequest
from reread.records import Passage
from trainer.reader.drawing.examples import NONE, VERDICT, ReadingExample

MOST_REFUSED = 1000  # draws in a row that gave nothing: the data cannot be drawn from


@dataclass(frozen=True, slots=True)
class Drawing:
    """How tasks are drawn; shares are of questions, sizes in words or tokens."""

    passages: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8, 10, 14)
    weights: tuple[int, ...] = (8, 32, 26, 14, 8, 5, 4, 2, 1)
    crop_share: float = 0.6
    crop_words: tuple[int, int] = (40, 75)
    crop_above: int = 70  # words; shorter passages are never cut
    crop_kinds: tuple[str, ...] = ("span", "definition", "none")
    second_right: float = 0.3  # share with another right passage, where there is one
    lower_share: float = 0.06  # questions in lower case without their question mark
    removed_share: float = 0.0  # right passages taken away, where no other holds the answer: refuse
    nearest: float = 3.0  # distractors: an exponential draw over their order, its scale a third
    block_tokens: int = 250
    prompt_tokens: int = 160


@dataclass(frozen=True, slots=True)
class Drawn:
    """A question with the passages to read; `answer` "" refuses, `right` are places of passages."""

    question: str
    passages: tuple[Passage, ...]
    answer: str
    right: tuple[int, ...]
    kind: str


class Task(Protocol):
    """A drawn question in tokens."""

    @property
    def tokens(self) -> int: ...


class ExampleSets:
    """Sets of examples and the share of questions that each gives, by name."""

    def __init__(
        self, sets: Mapping[str, Sequence[ReadingExample]], shares: Mapping[str, float]
    ) -> None:
        self._sets = [sets[name] for name in sorted(shares)]
        self._shares = [shares[name] for name in sorted(shares)]

    def draw(self, drawing: Drawing, random: Random) -> Drawn | None:
        """One question, or None where what was drawn cannot teach (its answer is in none)."""
        example = random.choice(random.choices(self._sets, self._shares)[0])
        places = choose_passages(example, drawing, random)
        if drawing.removed_share and random.random() < drawing.removed_share:
            example, places = without_right(example, places)
        gold = [place for place in places if place in example.positives]
        answer = choose_answer(example, gold, random)
        if not places or answer is None:
            return None
        passages = [example.passages[place] for place in places]
        if random.random() < drawing.crop_share and example.kind in drawing.crop_kinds:
            passages = [
                crop(one, example.answers if place in gold else (), drawing, random)
                for one, place in zip(passages, places, strict=True)
            ]
        question = example.question
        if random.random() < drawing.lower_share:
            question = question.lower().rstrip("?")
        right = tuple(at for at, place in enumerate(places) if place in gold)
        return Drawn(question, tuple(passages), answer, right, example.kind)


T = TypeVar("T", bound=Task)


def draw_step(draw: Callable[[Random], T | None], seed: int, step: int, tokens: int) -> list[T]:
    """The questions of one step: as many as it takes to read at least `tokens`.

    BadRequest where hardly anything that is drawn can teach.
    """
    random = Random(f"{seed}/{step}")
    found: list[T] = []
    total = refused = 0
    while total < tokens:
        task = draw(random)
        if task is not None:
            found.append(task)
            total, refused = total + task.tokens, 0
            continue
        refused += 1
        if refused > MOST_REFUSED:
            raise BadRequest(
                f"{MOST_REFUSED} draws in a row gave no question whose answer stands in a passage "
                "within the first tokens; check the data's answers."
            )
    return found


def choose_passages(example: ReadingExample, drawing: Drawing, random: Random) -> list[int]:
    """Places of the passages read: a right one where there is one, the rest mostly hard."""
    count = random.choices(drawing.passages, drawing.weights)[0]
    right = example.positives
    others = [place for place in range(len(example.passages)) if place not in right]
    chosen: list[int] = []
    while others and len(chosen) < count - (1 if right else 0):
        at = int(random.expovariate(1.0) * len(others) / drawing.nearest)
        chosen.append(others.pop(min(at, len(others) - 1)))
    if right:
        chosen.append(random.choice(right[:3]))
        if len(right) > 1 and random.random() < drawing.second_right:
            chosen.append(random.choice(right[:3]))
    chosen = list(dict.fromkeys(chosen))
    random.shuffle(chosen)
    return chosen


def without_right(
    example: ReadingExample, places: Sequence[int]
) -> tuple[ReadingExample, list[int]]:
    """The question with its near passages alone, to be refused; as it was where they answer it."""
    others = [place for place in places if place not in example.positives]
    texts = [example.passages[place].text.casefold() for place in others]
    said = () if example.kind == VERDICT else example.answers
    if not others or any(one.casefold() in text for one in said for text in texts):
        return example, list(places)
    return replace(example, answers=(), positives=(), kind=NONE), others


def choose_answer(example: ReadingExample, gold: Sequence[int], random: Random) -> str | None:
    """What is to be said: "" refuses; None where no answer stands in the passages chosen."""
    if not example.answers:
        return ""
    if example.kind == VERDICT:
        return example.answers[0]
    here = [
        answer
        for answer in example.answers
        if any(answer in example.passages[place].text for place in gold)
    ]
    return random.choice(here) if here else None


def crop(passage: Passage, answers: Sequence[str], drawing: Drawing, random: Random) -> Passage:
    """A window of a long passage, around the first answer that stands in it.

    The passage is left whole where no window would hold all of the answer.
    """
    words = passage.text.split(" ")
    if len(words) <= drawing.crop_above:
        return passage
    size = min(random.randint(*drawing.crop_words), len(words))
    first, last = 0, len(words) - size
    found = next((one for one in answers if one in passage.text), None)
    if found is not None:
        begins = passage.text[: passage.text.index(found)].count(" ")
        ends = begins + found.count(" ") + 1
        first, last = max(0, ends - size), min(begins, last)
    if first > last:
        return passage
    start = random.randint(first, last)
    return replace(passage, text=" ".join(words[start : start + size]))


def data_fingerprint(sets: Mapping[str, Sequence[ReadingExample]]) -> str:
    """A short hash of all examples, in order."""
    digest = hashlib.sha256()
    for name in sorted(sets):
        digest.update(name.encode() + b"\0")
        for one in sets[name]:
            digest.update(repr(one).encode())
    return digest.hexdigest()[:16]
