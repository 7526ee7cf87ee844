"""Endless streams of reading tasks for one training stage, and their batches.

Mixes questions with cloze questions made from plain text, crops passages for the early stages, and
groups tasks of near-equal length. Knows no model.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from transformers import PreTrainedTokenizerBase

from reread.records import Passage
from trainer.reader_batches import ReaderBatch, collate
from trainer.reader_examples import (
    ReaderExample,
    ReadingTask,
    draw_task,
    make_cloze,
    make_continuation,
    shuffled_forever,
)

CROP_WORDS = (35, 75)
POOL_BATCHES = 20  # tasks are sorted by length within pools of so many batches


@dataclass(frozen=True, slots=True)
class TaskMix:
    """What a stage reads: shares of kinds, passages per question, and how much is cut away."""

    passages: int = 4
    cloze_share: float = 0.0
    continue_share: float = 0.0
    crop_share: float = 0.0


def stream_tasks(
    examples: Sequence[ReaderExample],
    texts: Sequence[Passage],
    mix: TaskMix,
    rng: random.Random,
) -> Iterator[ReadingTask]:
    """Questions in shuffled rounds; questions made of plain text in between."""
    questions = iter(shuffled_forever(examples, rng))
    while True:
        draw = rng.random() if texts else 1.0
        if draw < mix.cloze_share:
            example = _with_neighbour(make_cloze, texts, rng)
        elif draw < mix.cloze_share + mix.continue_share:
            example = _with_neighbour(make_continuation, texts, rng)
        else:
            example = next(questions)
        if example is None:
            continue
        task = draw_task(example, mix.passages, rng)
        yield crop_task(task, rng) if rng.random() < mix.crop_share else task


def _with_neighbour(
    make: Callable[[str, str, random.Random], ReaderExample | None],
    texts: Sequence[Passage],
    rng: random.Random,
) -> ReaderExample | None:
    """A question made of a passage, with the passage next to it as distractor."""
    place = rng.randrange(len(texts))
    example = make(texts[place].text, texts[place].title, rng)
    if example is None or len(texts) < 2:
        return example
    other = texts[place - 1] if place else texts[1]
    return replace(example, passages=(*example.passages, other))


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


def stream_batches(
    tasks: Iterator[ReadingTask],
    tokenizer: PreTrainedTokenizerBase,
    size: int,
    *,
    decoder_start: int,
    max_segment_tokens: int = 250,
    seed: int = 0,
) -> Iterator[ReaderBatch]:
    """Batches of `size` tasks of near-equal length, in random order within a pool."""
    rng = random.Random(seed)
    while True:
        pool = [next(tasks) for _ in range(size * POOL_BATCHES)]
        pool.sort(key=_longest)
        batches = [pool[i : i + size] for i in range(0, len(pool), size)]
        rng.shuffle(batches)
        for batch in batches:
            yield collate(
                batch, tokenizer, decoder_start=decoder_start, max_segment_tokens=max_segment_tokens
            )


def _longest(task: ReadingTask) -> tuple[int, int]:
    return len(task.passages), max(len(p.text) for p in task.passages) + len(task.question)
