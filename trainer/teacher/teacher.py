"""What a teacher is: a question with passages in, a score per passage out; some compare pairs.

`teach` gives examples their teacher's scores and refuses what nothing could be learnt from. Knows
examples and numbers; knows no model, no objective and no student.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from reread.errors import BadRequest
from trainer.examples import Example

QUESTIONS_AT_ONCE = 8
Progress = Callable[[float], None]  # share done; may raise to stop


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a teacher says of one question's passages; scores run parallel to them."""

    scores: tuple[float, ...]  # (K,) larger is better, on the teacher's own scale
    by_token: tuple[tuple[float, ...], ...] | None = None  # (K, T) log-probabilities of an answer
    answer: str | None = None  # what it answered itself


class Teacher(Protocol):
    """Judges the passages of questions, each as if it were asked alone."""

    @property
    def name(self) -> str:
        """Names the model and its revision; scores of one name are on one scale."""

    @property
    def signal(self) -> str:
        """What its scores are: an aggregation of attention, or the teacher's setting."""

    def judge(self, examples: Sequence[Example]) -> list[Judgement]: ...


def teach(
    teacher: Teacher,
    examples: Sequence[Example],
    *,
    progress: Progress = lambda share: None,
    at_once: int = QUESTIONS_AT_ONCE,
) -> list[Example]:
    """The examples with this teacher's scores. Raises BadRequest where these teach nothing.

    A question whose scores are all equal stays: it is for the caller to leave out.
    """
    taught: list[Example] = []
    for start in range(0, len(examples), at_once):
        progress(start / len(examples))
        batch = examples[start : start + at_once]
        for one, said in zip(batch, teacher.judge(batch), strict=True):
            _check_finite(teacher, one, said.scores)
            taught.append(
                replace(
                    one, teacher=said.scores, token_teacher=said.by_token, signal=teacher.signal,
                    reader=teacher.name, answer=one.answer if said.answer is None else said.answer,
                )
            )  # fmt: skip
    _check_telling(teacher, taught)
    return taught


def is_flat(scores: Sequence[float]) -> bool:
    """Whether they say nothing about an order."""
    return len(set(scores)) < 2


def _check_finite(teacher: Teacher, example: Example, scores: Sequence[float]) -> None:
    wrong = [one for one in scores if not math.isfinite(one)]
    if wrong:
        raise BadRequest(
            f"The teacher {teacher.name} ({teacher.signal}) scores {len(wrong)} of {len(scores)} "
            f"passages of {example.question[:60]!r} as {wrong[0]}: load it in float32, or choose "
            f"another teacher."
        )


def _check_telling(teacher: Teacher, examples: Sequence[Example]) -> None:
    if examples and all(is_flat(one.teacher) for one in examples):
        raise BadRequest(
            f"The teacher {teacher.name} ({teacher.signal}) gives all passages of each of the "
            f"{len(examples)} questions the same score, from which nothing can be learnt: check "
            f"its model and prompt, or choose another teacher."
        )
