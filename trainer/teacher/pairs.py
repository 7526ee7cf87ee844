"""Comparisons of two passages: which are asked for, both orders of each, and the reader's own.

Pairs are neighbours in the pointwise ranking (PairDistill, EMNLP 2024): the first 20, at most 5
places apart, 16 of them. Knows examples and numbers; knows no objective and no student.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

import numpy as np

from evaluation.measure import AnswerReader
from reread.errors import BadRequest
from reread.reading import ReadRequest
from reread.records import LOGGED_AGGREGATION, Passage
from trainer.examples import Example, Preference
from trainer.settings import DistilSettings
from trainer.teacher.teacher import Progress

Two = tuple[Passage, Passage]


class PairTeacher(Protocol):
    """Says which of two passages of a question is the better one."""

    @property
    def name(self) -> str:
        """Names the model and its revision."""

    def compare(self, question: str, pairs: Sequence[Two]) -> list[float]:
        """(P,) log-odds that the first passage of each pair is the better one."""


def teach_pairs(
    teacher: PairTeacher,
    examples: Sequence[Example],
    settings: DistilSettings,
    *,
    seed: int,
    progress: Progress = lambda share: None,
) -> list[Example]:
    """Examples, whose scores are known, with preferences; BadRequest where one is not finite."""
    taught: list[Example] = []
    for n, one in enumerate(examples):
        progress(n / len(examples))
        chosen = choose_pairs(one, settings, seed=seed)
        log_first = prefer(teacher, one, chosen, both_orders=settings.both_orders)
        pairs = tuple(
            Preference(i, j, value) for (i, j), value in zip(chosen, log_first, strict=True)
        )
        taught.append(replace(one, pairs=pairs))
    return taught


def choose_pairs(example: Example, settings: DistilSettings, *, seed: int) -> list[tuple[int, int]]:
    """Places of the pairs to compare, the better by the pointwise scores first.

    Drawn from the seed and the question, so a round that is run again asks the same; all there are
    where fewer are than wanted.
    """
    order = sorted(range(len(example.teacher)), key=lambda k: (-example.teacher[k], k))
    order = order[: settings.pair_depth]
    near = [
        (order[i], order[j])
        for i in range(len(order))
        for j in range(i + 1, min(i + settings.pair_window, len(order) - 1) + 1)
    ]
    if len(near) <= settings.pairs_per_question:
        return near
    digest = hashlib.sha256(f"{seed}/{example.question}".encode()).digest()
    return Random(digest).sample(near, settings.pairs_per_question)


def prefer(
    teacher: PairTeacher, example: Example, places: Sequence[tuple[int, int]], *, both_orders: bool
) -> list[float]:
    """(P,) log p(first is better); of both orders the mean of the two probabilities."""
    if not places:
        return []
    there = [(example.passages[i], example.passages[j]) for i, j in places]
    asked = [*there, *((two, one) for one, two in there)] if both_orders else there
    odds = teacher.compare(example.question, asked)
    wrong = [one for one in odds if not math.isfinite(one)]
    if wrong:
        raise BadRequest(
            f"The pair teacher {teacher.name} compares {len(wrong)} of {len(odds)} pairs of "
            f"{example.question[:60]!r} as {wrong[0]}: load it in float32, or choose another."
        )
    logs = -np.logaddexp(0.0, -np.asarray(odds))  # (P,) or (2 P,) log sigmoid
    if both_orders:
        back = -np.logaddexp(0.0, np.asarray(odds[len(there) :]))  # log(1 - p) of the turned pair
        logs = np.logaddexp(logs[: len(there)], back) - math.log(2.0)
    return [float(one) for one in logs]


@dataclass(frozen=True, slots=True)
class ReaderPairs:
    """The reader's attention when it reads two passages alone.

    Attention differs by reader in scale: `spread`, its scores' usual deviation within a list,
    becomes one unit of log-odds.
    """

    reader: AnswerReader
    spread: float
    aggregation: str = LOGGED_AGGREGATION

    @property
    def name(self) -> str:
        return self.reader.name

    def compare(self, question: str, pairs: Sequence[Two]) -> list[float]:
        requests = [ReadRequest(question, pair) for pair in pairs]
        readings = self.reader.read(requests, aggregation=self.aggregation)
        unit = max(self.spread, 1e-12)
        return [(one.attention[0] - one.attention[1]) / unit for one in readings]
