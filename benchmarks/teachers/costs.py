"""What a student or a teacher costs: parameters, time per question, passages a second, bytes.

Time is the processor's, which says the same on a machine that does other things as well. A
student's question is encoded alone; a teacher's is read with all its passages, which is what
ranking by it takes. Knows models and a clock; knows no file.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from reread.reader.reader import Reader
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever
from trainer.examples import Example
from trainer.loop.costs import bytes_per_passage
from trainer.teacher.attention import AttentionTeacher
from trainer.teacher.cross_encoder import CrossEncoder
from trainer.teacher.teacher import Teacher

Clock = Callable[[], float]


def student_costs(
    student: DenseRetriever,
    questions: Sequence[str],
    passages: Sequence[Passage],
    *,
    clock: Clock = time.process_time,
) -> dict[str, Any]:
    """The first question and the first passages are encoded before the clock runs."""
    student.passage_vectors(passages[:8])
    began = clock()
    student.passage_vectors(passages)
    seconds = clock() - began
    return {
        "parameters": sum(one.numel() for one in student.parameters()),
        "question_us": 1e6 * _median(lambda one: student.question_vectors([one]), questions, clock),
        "passages_per_s": len(passages) / seconds,
        "bytes_per_passage": bytes_per_passage(student, passages),
    }


def teacher_costs(
    teacher: Teacher,
    questions: Sequence[str],
    passages: Sequence[Passage],
    depth: int,
    *,
    clock: Clock = time.process_time,
) -> dict[str, Any]:
    """Each question is judged with other `depth` passages; bytes: it has no index."""
    lists = [tuple(passages[n * depth : (n + 1) * depth]) for n in range(len(questions))]
    examples = [
        Example(question, own or tuple(passages[:depth]), (None,) * depth, (), "", n)
        for n, (question, own) in enumerate(zip(questions, lists, strict=True))
    ]
    seconds = _median(lambda one: teacher.judge([one]), examples, clock)
    return {
        "parameters": count_parameters(teacher),
        "question_us": 1e6 * seconds,
        "passages_per_s": depth / seconds,
        "bytes_per_passage": None,
    }


def count_parameters(teacher: Teacher) -> int:
    if isinstance(teacher, CrossEncoder):
        model = teacher.model
    else:
        assert isinstance(teacher, AttentionTeacher)
        assert isinstance(teacher.reader, Reader)
        model = teacher.reader.model
    return sum(one.numel() for one in model.parameters())


def _median(work: Callable[[Any], object], items: Sequence[Any], clock: Clock) -> float:
    """Seconds of the middle item, after the first was done once more."""
    work(items[0])
    seconds = []
    for one in items:
        began = clock()
        work(one)
        seconds.append(clock() - began)
    return statistics.median(seconds)
