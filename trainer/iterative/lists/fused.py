"""Two rankings of the same questions as one: the retriever's scores and BM25's, added.

Words and vectors fail on different questions, so their sum finds what either one misses. Knows
ranked lists and numbers; knows neither retriever.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainer.iterative.lists.ranked import RankedLists

Scores = npt.NDArray[np.float64]


def fuse(vectors: RankedLists, words: RankedLists, weight: float, *, depth: int) -> RankedLists:
    """The `depth` best by vectors + weight * words, each standardised per question.

    A list's scores count from its lowest one in units of their standard deviation; a passage it
    lacks counts 0. Equal sums are in the order of rows. Raises ValueError where the lists are of
    different questions.
    """
    if len(vectors) != len(words):
        raise ValueError(f"{len(vectors)} lists by vectors and {len(words)} by words differ.")
    rows = np.full((len(vectors), depth), -1, dtype=np.int64)
    scores = np.zeros((len(vectors), depth), dtype=np.float32)
    for q in range(len(vectors)):
        found, sums = _add([(vectors, 1.0), (words, weight)], q)
        order = np.argsort(-sums, kind="stable")[:depth]
        rows[q, : len(order)], scores[q, : len(order)] = found[order], sums[order]
    return RankedLists(rows, scores)


def _add(
    lists: Sequence[tuple[RankedLists, float]], q: int
) -> tuple[npt.NDArray[np.int64], Scores]:
    """Question q's passages of either list, ascending, and their sums."""
    rows = [np.array(one.rows_of(q), dtype=np.int64) for one, _ in lists]
    found = np.unique(np.concatenate(rows))
    sums = np.zeros(len(found))
    for own, (one, weight) in zip(rows, lists, strict=True):
        sums[np.searchsorted(found, own)] += weight * standardise(one.scores_of(q))
    return found, sums


def standardise(scores: npt.NDArray[np.floating]) -> Scores:
    """From the lowest score, in standard deviations; all 0 where they are equal.

    >>> standardise(np.array([5.0, 3.0, 1.0], dtype=np.float32)).round(3).tolist()
    [2.449, 1.225, 0.0]
    >>> standardise(np.array([2.0, 2.0])).tolist(), standardise(np.array([])).tolist()
    ([0.0, 0.0], [])
    """
    if not len(scores):
        return np.zeros(0)
    exact = scores.astype(np.float64)
    spread = exact.std()
    shifted: Scores = (exact - exact.min()) / (spread if spread > 0 else 1.0)
    return shifted
