"""The reading tasks of one training stage: which questions and passages each step reads.

Mixes questions with cloze questions made from plain text, crops passages for the early stages, and
groups tasks of near-equal length. Everything is drawn from the seed and the step's number alone, so
a run can begin at any step without going through those before it. Knows no tokens and no model.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from reread.errors import BadRequest
from reread.records import Passage
from trainer.reader.examples import (
    ReaderExample,
    ReadingTask,
    draw_task,
    front_task,
    make_cloze,
    make_continuation,
)
from trainer.reader.settings import TaskMix

CROP_WORDS = (35, 75)
POOL_BATCHES = 20  # tasks are sorted by length within pools of so many batches
TRIES = 200  # texts looked at for one cloze question before giving up


@dataclass(frozen=True, slots=True)
class TaskSource:
    """What tasks are made of, and the seed they are drawn with."""

    examples: Sequence[ReaderExample]
    texts: Sequence[Passage]  # none: questions only
    mix: TaskMix
    seed: int = 0


def stream_steps(source: TaskSource, size: int, first: int = 0) -> Iterator[list[ReadingTask]]:
    """Every step's `size` tasks, of near-equal length, from step `first` on, without end."""
    pool = first // POOL_BATCHES
    skip = first % POOL_BATCHES
    while True:
        yield from draw_pool(source, size, pool)[skip:]
        pool, skip = pool + 1, 0


def draw_pool(source: TaskSource, size: int, pool: int) -> list[list[ReadingTask]]:
    """The tasks of POOL_BATCHES steps: drawn, sorted by length, cut into steps, steps shuffled.

    The shares of the mix are exact in every pool, and every question is read once a round.
    """
    rng = random.Random(f"{source.seed}/pool/{pool}")
    total = size * POOL_BATCHES
    made = _kinds(source, total)
    asked = total - len(made)
    rows = round_rows(len(source.examples), asked, pool * asked, source.seed)
    found = [source.examples[row] for row in rows]
    found += [_make_from_text(make, source.texts, rng) for make in made]
    tasks = [_read_task(one, source.mix, rng) for one in found]
    tasks.sort(key=_longest)
    steps = [tasks[i : i + size] for i in range(0, total, size)]
    rng.shuffle(steps)
    return steps


def round_rows(count: int, wanted: int, first: int, seed: int) -> list[int]:
    """Rows number `first`.. of endless rounds over `count` rows, a new order each round.

    >>> sorted(round_rows(3, 3, 3, seed=0)), len(round_rows(3, 4, 2, seed=0))
    ([0, 1, 2], 4)
    """
    rows: list[int] = []
    if wanted and not count:
        raise BadRequest("There is no question to train on; give a questions file that has some.")
    turn, skip = divmod(first, max(1, count))
    while len(rows) < wanted:
        order = list(range(count))
        random.Random(f"{seed}/round/{turn}").shuffle(order)
        rows += order[skip : skip + wanted - len(rows)]
        turn, skip = turn + 1, 0
    return rows


MakeQuestion = Callable[[str, str, random.Random], ReaderExample | None]


def _kinds(source: TaskSource, total: int) -> list[MakeQuestion]:
    if not source.texts:
        return []
    cloze = round(source.mix.cloze_share * total)
    rest = min(round(source.mix.continue_share * total), total - cloze)
    return [*[make_cloze] * cloze, *[make_continuation] * rest]


def _make_from_text(
    make: MakeQuestion, texts: Sequence[Passage], rng: random.Random
) -> ReaderExample:
    """A question made of a passage, with the passage next to it as distractor."""
    for _ in range(TRIES):
        place = rng.randrange(len(texts))
        example = make(texts[place].text, texts[place].title, rng)
        if example is not None and len(texts) > 1:
            other = texts[place - 1] if place else texts[1]
            return replace(example, passages=(*example.passages, other))
        if example is not None:
            return example
    raise BadRequest(
        f"{TRIES} passages drawn from the {len(texts)} given as plain text hold no sentence to ask "
        "about; train without --texts."
    )


def _read_task(example: ReaderExample, mix: TaskMix, rng: random.Random) -> ReadingTask:
    make = front_task if mix.as_retrieved else draw_task
    task = make(example, mix.passages, rng)
    return crop_task(task, rng) if rng.random() < mix.crop_share else task


def crop_task(task: ReadingTask, rng: random.Random) -> ReadingTask:
    """Keep a window of each passage, the answer inside it where the passage answers."""
    passages = tuple(
        crop_passage(p, task.answer if k in task.positive else None, rng)
        for k, p in enumerate(task.passages)
    )
    return replace(task, passages=passages)


def crop_passage(passage: Passage, answer: str | None, rng: random.Random) -> Passage:
    """35 to 75 consecutive words of a longer passage, around `answer` where it is given."""
    words = passage.text.split()
    if len(words) <= CROP_WORDS[1]:
        return passage
    size = rng.randint(*CROP_WORDS)
    start = rng.randint(0, len(words) - size)
    found = passage.text.lower().find(answer.lower()) if answer else -1
    if answer and found >= 0:
        first = len(passage.text[:found].split())
        slack = max(0, size - len(answer.split()))
        start = max(0, min(first - rng.randint(0, slack), len(words) - size))
    return replace(passage, text=" ".join(words[start : start + size]))


def _longest(task: ReadingTask) -> tuple[int, int]:
    return len(task.passages), max(len(p.text) for p in task.passages) + len(task.question)
