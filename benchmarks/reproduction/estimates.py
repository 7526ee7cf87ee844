"""A mean with its 95% interval: over questions by bootstrap, or over seeds by Student's t.

The first says how far other questions of the kind might move it, the second how far other seeds
might on the same questions. Knows numbers; knows no figure, no table and no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import mean, stdev
from typing import NamedTuple

from evaluation.intervals import mean_intervals

# Two-sided 95% quantiles of Student's t with 1, 2, ... degrees of freedom. More seeds than that
# are given the last one, which is wider than their own.
STUDENTS_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
NO_WIDTH = 1e-9


class Estimate(NamedTuple):
    """A figure or a difference, in percent; no interval where nothing says how sure it is."""

    middle: float
    interval: tuple[float, float] | None
    by_question: bool = False


def over_questions(values: Sequence[float]) -> Estimate:
    """One value per question, its mean over the seeds."""
    return Estimate(mean(values), mean_intervals({"one": values})["one"], by_question=True)


def over_seeds(values: Sequence[float]) -> Estimate:
    """One value per seed. Seeds that all agree say no more than one does: no interval.

    >>> [round(end, 3) for end in over_seeds([60.0, 62.0]).interval or ()]
    [48.294, 73.706]
    >>> over_seeds([60.0]) == over_seeds([60.0, 60.0]) == Estimate(60.0, None)
    True
    """
    middle = mean(values)
    if len(values) < 2 or stdev(values) < NO_WIDTH:
        return Estimate(middle, None)
    quantile = STUDENTS_T[min(len(values) - 1, len(STUDENTS_T)) - 1]
    half = quantile * stdev(values) / sqrt(len(values))
    return Estimate(middle, (middle - half, middle + half))
