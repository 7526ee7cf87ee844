"""Turn question-answer files and plain text into training examples for a reader.

Knows questions, answers, passages and which passages answer; knows no tensors and no model. Cloze
examples make a question out of a sentence by taking some of its words away.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from reread.records import Passage

WORD = re.compile(r"\w")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")


@dataclass(frozen=True, slots=True)
class ReaderExample:
    """A question with the passages it may be read with; `positives` are rows of `passages`."""

    question: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    positives: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ValidationQuestion:
    """A question with every accepted answer and its passages in retrieval order, none left out."""

    question: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class ReadingTask:
    """What one training step reads: `positive` is the place of an answering passage, or -1."""

    question: str
    answer: str
    passages: tuple[Passage, ...]
    positive: tuple[int, ...]


def draw_task(example: ReaderExample, count: int, rng: random.Random) -> ReadingTask:
    """One positive among `count - 1` distractors in random order, and one of the answers.

    Distractors are drawn from the front of the retrieved list with falling probability, so that
    most are hard ones; passages that hold the answer are never used as distractors.
    """
    others = [i for i in range(len(example.passages)) if i not in example.positives]
    chosen = _draw_front(others, count - 1, rng)
    if example.positives:
        chosen.append(rng.choice(example.positives[:2]))
    rng.shuffle(chosen)
    places = tuple(k for k, i in enumerate(chosen) if i in example.positives)
    passages = tuple(example.passages[i] for i in chosen)
    return ReadingTask(example.question, choose_answer(example, rng), passages, places)


def front_task(example: ReaderExample, count: int, rng: random.Random) -> ReadingTask:
    """The first `count` passages in the order retrieved, whether they answer or not.

    Section 3.1 of arXiv 2012.04584: the reader trains on what the retriever found.
    """
    places = tuple(sorted(k for k in example.positives if k < count))
    answer = choose_answer(example, rng)
    return ReadingTask(example.question, answer, example.passages[:count], places)


def choose_answer(example: ReaderExample, rng: random.Random) -> str:
    """One of the answers, each as likely as annotators gave it."""
    return rng.choice(example.answers)


def _draw_front(rows: Sequence[int], count: int, rng: random.Random) -> list[int]:
    pool = list(rows)
    chosen: list[int] = []
    while pool and len(chosen) < count:
        chosen.append(pool.pop(min(int(rng.expovariate(1.0) * len(pool) / 3), len(pool) - 1)))
    return chosen


def make_cloze(text: str, title: str, rng: random.Random) -> ReaderExample | None:
    """Ask for 1-4 words of one sentence of `text` with a thinned-out copy of that sentence."""
    sentences = [s.split() for s in SENTENCE_END.split(text)]
    sentences = [s for s in sentences if 6 <= len(s) <= 60]
    if not sentences:
        return None
    words = rng.choice(sentences)
    span = _choose_span(words, rng)
    if span is None:
        return None
    start, end = span
    answer = " ".join(words[start:end]).strip(".,;:!?()[]\"'")
    question = _thin(words, start, end, _question_word(answer, rng), rng)
    return ReaderExample(question, (answer,), (Passage("", title, text),), (0,))


def make_continuation(text: str, title: str, rng: random.Random) -> ReaderExample | None:
    """Ask for the 6 to 12 words that follow three given ones: dense practice in copying."""
    words = text.split()
    if len(words) < 30:
        return None
    start = rng.randrange(3, len(words) - 10)
    answer = " ".join(words[start : start + rng.randint(6, 12)]).strip(".,;:()[]\"'")
    question = "continue " + " ".join(words[start - 3 : start])
    return ReaderExample(question, (answer,), (Passage("", title, text),), (0,))


def _choose_span(words: Sequence[str], rng: random.Random) -> tuple[int, int] | None:
    informative = [i for i, w in enumerate(words) if i and (w[0].isupper() or w[0].isdigit())]
    anchors = informative if informative and rng.random() < 0.7 else range(len(words))
    start = rng.choice(list(anchors))
    end = min(start + rng.choice((1, 1, 2, 2, 3, 4)), len(words))
    if start in informative:  # take a whole name, not its first half
        while end < len(words) and words[end][:1].isupper() and end - start < 4:
            end += 1
    return (start, end) if WORD.search("".join(words[start:end])) else None


def _question_word(answer: str, rng: random.Random) -> str:
    if re.fullmatch(r"(1[0-9]|20)\d\d", answer):
        return rng.choice(("when", "what year", "in what year"))
    if answer[:1].isdigit():
        return rng.choice(("how many", "how much", "what number", "what"))
    if answer[:1].isupper():
        return rng.choice(("who", "what", "which", "where", "what is the name"))
    return rng.choice(("what", "what", "how", "why", "what kind of"))


def _thin(words: Sequence[str], start: int, end: int, asked: str, rng: random.Random) -> str:
    reach = rng.randint(4, 12)
    before, after = list(words[max(0, start - reach) : start]), list(words[end : end + reach])
    kept = [[w for w in side if rng.random() > 0.3] for side in (before, after)]
    if rng.random() < 0.3:
        rng.shuffle(kept)
    front = rng.random() < 0.6
    body = [asked, *kept[0], *kept[1]] if front else [*kept[0], asked, *kept[1]]
    return " ".join(body).strip(".,;: ") + "?"
