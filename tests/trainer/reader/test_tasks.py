"""The stream of training tasks: any step alone is what it is in the whole stream."""

import random
from collections import Counter
from itertools import islice

import pytest

from reread.errors import BadRequest
from reread.records import Passage
from tests.worlds.reader_training import make_reader_examples, make_texts
from trainer.reader.examples import ReaderExample, front_task
from trainer.reader.settings import TaskMix
from trainer.reader.tasks import POOL_BATCHES, TaskSource, draw_pool, stream_steps


def source(share: float = 0.25, seed: int = 0, questions: int = 30) -> TaskSource:
    mix = TaskMix(passages=3, cloze_share=share, crop_share=0.5)
    return TaskSource(make_reader_examples(questions), make_texts(), mix, seed)


def test_a_stream_may_begin_at_any_step() -> None:
    whole = list(islice(stream_steps(source(), 4), 3 * POOL_BATCHES))
    for first in (1, POOL_BATCHES - 1, POOL_BATCHES, 2 * POOL_BATCHES + 7):
        late = list(islice(stream_steps(source(), 4, first), 5))
        assert late == whole[first : first + 5]
    assert list(islice(stream_steps(source(seed=1), 4), 20)) != whole[:20]


def test_every_question_is_read_once_a_round_and_shares_are_exact() -> None:
    tasks = [task for step in islice(stream_steps(source(), 3), 60) for task in step]
    asked = [task.question for task in tasks if task.question.startswith("which ")]
    real = [one for one in asked if one.removeprefix("which ").isdigit()]
    assert len(tasks) - len(real) == 3 * 15, "a quarter of the 60 of every pool"
    assert set(Counter(real[:]).values()) <= {4, 5}, "135 readings of 30 questions"


def test_answers_vary_between_rounds() -> None:
    pools = [draw_pool(source(0.0, questions=5), 1, pool) for pool in range(4)]
    given: dict[str, set[str]] = {}
    for pool in pools:
        for (task,) in pool:
            given.setdefault(task.question, set()).add(task.answer)
    assert all(len(answers) == 2 for answers in given.values())


def test_steps_hold_tasks_of_near_equal_length() -> None:
    steps = draw_pool(source(0.0), 4, 0)
    longest = [max(max(len(p.text) for p in task.passages) for task in step) for step in steps]
    shortest = [min(max(len(p.text) for p in task.passages) for task in step) for step in steps]
    assert sum(a - b for a, b in zip(longest, shortest, strict=True)) < sum(longest) / 3
    assert longest != sorted(longest), "in random order"


def test_the_paper_reads_the_first_passages_as_they_came() -> None:
    passages = tuple(Passage(str(i), "", "t") for i in range(6))
    example = ReaderExample("q", ("a", "b"), passages, (4, 1))
    task = front_task(example, 3, random.Random(0))
    assert task.passages == passages[:3]
    assert task.positive == (1,)
    assert front_task(example, 100, random.Random(0)).positive == (1, 4)


def test_nothing_to_train_on_is_said() -> None:
    with pytest.raises(BadRequest, match="no question to train on"):
        draw_pool(TaskSource([], make_texts(), TaskMix()), 2, 0)
    with pytest.raises(BadRequest, match="hold no sentence to ask about"):
        bare = [Passage("1", "", "short")]
        draw_pool(TaskSource(make_reader_examples(3), bare, TaskMix(cloze_share=0.5)), 2, 0)
    with pytest.raises(BadRequest, match=r"cloze_share is 1\.5"):
        TaskMix(cloze_share=1.5)
