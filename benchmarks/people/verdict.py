"""What the cells say: each arm's R@1, and differences between arms on the same questions.

A question's value is its mean over the seeds that all arms have; the interval is a paired
bootstrap over questions. Knows ranks only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.people.cells import ARMS
from evaluation.intervals import bootstrap_means, middle

TOLERATED = 0.01  # of R@1, that a fifth of wrong people may cost
Ranks = Sequence[int | None]  # 1 = first; None or 0 = not found
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:+.1f} ({100 * self.low:+.1f} to {100 * self.high:+.1f})"


@dataclass(frozen=True, slots=True)
class Verdict:
    seeds: tuple[int, ...]  # those that every arm has
    questions: int
    firsts: Mapping[str, Figure]  # R@1 by arm
    gained: Figure | None  # right people against nobody
    harmed: Figure | None  # some wrong against nobody
    lost: Figure | None  # some wrong against right people

    @property
    def is_broken(self) -> bool:
        """Whether wrong people surely cost more than is tolerated."""
        return self.harmed is not None and self.harmed.high < -TOLERATED


def judge(made: Mapping[tuple[str, int], Ranks]) -> Verdict:
    """`made` by arm and seed; what is missing is left out."""
    seeds = sorted({seed for _, seed in made})
    whole = tuple(seed for seed in seeds if all((arm, seed) in made for arm in ARMS))
    if not whole:
        return Verdict((), 0, {}, None, None, None)
    values = {arm: np.mean([firsts(made[arm, seed]) for seed in whole], axis=0) for arm in ARMS}
    nobody, right, wrong = (values[arm] for arm in ARMS)
    return Verdict(
        seeds=whole,
        questions=len(nobody),
        firsts={arm: _figure(column) for arm, column in values.items()},
        gained=_figure(right - nobody),
        harmed=_figure(wrong - nobody),
        lost=_figure(wrong - right),
    )


def firsts(ranks: Ranks) -> Floats:
    """
    >>> firsts([1, 2, None]).tolist()
    [1.0, 0.0, 0.0]
    """
    return np.array([rank == 1 for rank in ranks], dtype=np.float64)


def _figure(values: Floats) -> Figure:
    low, high = middle(bootstrap_means(values[:, None]))[:, 0]
    return Figure(float(values.mean()), float(low), float(high))


def lines_of(verdict: Verdict) -> Iterator[str]:
    """The verdict as a table and a sentence."""
    if verdict.gained is None or verdict.harmed is None or verdict.lost is None:
        yield "No seed has every arm yet."
        return
    yield f"{verdict.questions} questions nobody asked, seeds {', '.join(map(str, verdict.seeds))}."
    yield "| people | R@1 | |"
    yield "| --- | --- | --- |"
    for arm, figure in verdict.firsts.items():
        yield f"| {arm.replace('_', ' ')} | {100 * figure.value:.1f} | |"
    yield f"| right against nobody | {verdict.gained} | points |"
    yield f"| some wrong against nobody | {verdict.harmed} | points |"
    yield f"| some wrong against right | {verdict.lost} | points |"
    yield f"Wrong people cost no more than {100 * TOLERATED:.0f} point: {_said(verdict.harmed)}."


def _said(harmed: Figure) -> str:
    if harmed.low >= -TOLERATED:
        return "holds"
    return "does not hold" if harmed.high < -TOLERATED else "cannot be told from so few questions"
