"""Fits a reader's calibration to held-back questions, and says how good one is.

Ridge logistic regression in a few signals, by Newton's steps; reliability by bins, AUROC, and the
bound below which nothing is answered. Knows numbers; reads nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reread.errors import BadRequest
from reread.reader.confidence import SIGNALS, Calibration, Logistic

Numbers = npt.NDArray[np.float64]
LEAST_OF_EACH = 20  # examples of either outcome; fewer say nothing
RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One reading of a held-back question."""

    signals: Mapping[str, float]
    right: bool  # the answer, had it been given, was right
    answerable: bool  # the passages hold an answer


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of nearly equal confidence."""

    count: int
    confidence: float  # mean
    right: float  # share


def calibrate(reader: str, outcomes: Sequence[Outcome], wrongly_refused: float) -> Calibration:
    """Both logistics, and the bound that refuses at most that share of answerable questions.

    BadRequest where one outcome is too rare to learn from.
    """
    signals = [one.signals for one in outcomes]
    answerable = [one.answerable for one in outcomes]
    right = fit(signals, [one.right for one in outcomes], "right answers")
    found = fit(signals, answerable, "questions with an answer")
    chances = sorted(found.probability(one.signals) for one in outcomes if one.answerable)
    bound = chances[min(len(chances) - 1, int(wrongly_refused * len(chances)))]
    return Calibration(reader, right, found, round(float(bound), 4))


def fit(signals: Sequence[Mapping[str, float]], happened: Sequence[bool], what: str) -> Logistic:
    """Weights of every signal for an outcome; the bias is not shrunk.

    >>> rows = [{name: float(i % 5 * (name == "mean")) for name in SIGNALS} for i in range(100)]
    >>> one = fit(rows, [i % 5 > 2 for i in range(100)], "x")
    >>> one.probability(rows[4]) > 0.9 > 0.1 > one.probability(rows[0])
    True
    """
    counts = sum(happened), len(happened) - sum(happened)
    if min(counts) < LEAST_OF_EACH:
        raise BadRequest(
            f"Calibrating needs {LEAST_OF_EACH} questions of either kind and there are {counts[0]} "
            f"{what} against {counts[1]}; give more questions."
        )
    x = np.array([[one[name] for name in SIGNALS] for one in signals])  # (n, S)
    y = np.array(happened, dtype=np.float64)
    centre, width = x.mean(0), np.maximum(x.std(0), 1e-9)
    scaled = np.hstack([(x - centre) / width, np.ones((len(x), 1))])
    weights = _newton(scaled, y) / np.append(width, 1.0)
    bias = weights[-1] - float(weights[:-1] @ centre)
    return Logistic(float(bias), dict(zip(SIGNALS, map(float, weights[:-1]), strict=True)))


def auroc(scores: Sequence[float], happened: Sequence[bool]) -> float:
    """Chance that an outcome that happened scores above one that did not; ties count half.

    >>> auroc([0.9, 0.4, 0.4, 0.1], [True, True, False, False])
    0.875
    """
    above = np.array([s for s, one in zip(scores, happened, strict=True) if one])
    below = np.array([s for s, one in zip(scores, happened, strict=True) if not one])
    if not len(above) or not len(below):
        return float("nan")
    gaps = above[:, None] - below[None, :]
    return float((np.sum(gaps > 0) + 0.5 * np.sum(gaps == 0)) / gaps.size)


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[Bin]:
    """Bins of equal numbers of answers, least sure first.

    >>> reliability([0.1, 0.2, 0.8, 0.9], [False, False, True, True], bins=2)
    [Bin(count=2, confidence=0.15, right=0.0), Bin(count=2, confidence=0.85, right=1.0)]
    """
    order = np.argsort(np.array(confidences), kind="stable")
    found = []
    for part in np.array_split(order, min(bins, len(order))):
        sure = [confidences[i] for i in part]
        hits = [right[i] for i in part]
        mean = round(sum(sure) / len(part), 10)
        found.append(Bin(len(part), mean, sum(hits) / len(part)))
    return found


def expected_error(bins: Sequence[Bin]) -> float:
    """Mean distance of confidence from the share of right answers (ECE).

    >>> expected_error([Bin(2, 0.5, 0.0), Bin(2, 0.75, 1.0)])
    0.375
    """
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.confidence - one.right) for one in bins) / total


def _newton(x: Numbers, y: Numbers, steps: int = 30) -> Numbers:
    weights = np.zeros(x.shape[1])
    shrink = np.full(x.shape[1], RIDGE)
    shrink[-1] = 0.0
    for _ in range(steps):
        chances = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (chances - y) + shrink * weights
        curve = (x * (chances * (1 - chances))[:, None]).T @ x + np.diag(shrink + 1e-9)
        weights = weights - np.linalg.solve(curve, slope)
    return weights
