"""How sure a mean over questions is: bootstrap intervals, and draws that other figures can share.

Questions are drawn with replacement, as many as there are, and the interval is the middle 95% of
the means (percentile bootstrap; Efron and Tibshirani 1993, chapter 13). It says how far another
sample of like questions might move the figure, not whether these questions are the right ones.
Where all values are equal the interval has no width, however few they are. Knows numbers only.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RESAMPLES = 10_000  # the ends of an interval then lie within 0.3 points of their quantile (2 sd)
DRAWS_AT_ONCE = 4_000_000  # question draws held in memory, about 100 MB

Floats = npt.NDArray[np.float64]
Table = Mapping[str, Sequence[float | None]]  # figure -> one value per question; None = has none
Interval = tuple[float, float]


def resample_counts(
    size: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> Iterator[npt.NDArray[np.int64]]:
    """Blocks of (R', N): how often each of N questions was drawn in each of `resamples` draws.

    >>> [block.sum(axis=1).tolist() for block in resample_counts(3, resamples=2)]
    [[3, 3]]
    """
    generator = np.random.default_rng(seed)
    rows = max(1, DRAWS_AT_ONCE // size)
    for start in range(0, resamples, rows):
        height = min(rows, resamples - start)
        drawn = generator.integers(0, size, size=(height, size))  # (R', N)
        drawn += size * np.arange(height)[:, None]
        yield np.bincount(drawn.ravel(), minlength=height * size).reshape(height, size)


def bootstrap_means(values: Floats, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """(N, M) values of M figures -> (R, M) means; all figures share the draws of questions."""
    blocks = resample_counts(len(values), resamples=resamples, seed=seed)
    return np.concatenate([block @ values / len(values) for block in blocks])


def middle(draws: Floats, confidence: float = CONFIDENCE) -> Floats:
    """(R, M) -> (2, M): the ends of the middle `confidence` of each column.

    >>> middle(np.arange(9.0)[:, None], 0.5).tolist()
    [[2.0], [6.0]]
    """
    tail = (1 - confidence) / 2
    ends: Floats = np.quantile(draws, [tail, 1 - tail], axis=0)
    return ends


def mean_intervals(
    table: Table, *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Interval | None]:
    """The interval of each figure's mean over the questions that have it; None below two."""
    found: dict[str, Interval | None] = dict.fromkeys(table)
    for names, values in columns_alike(table):
        if len(values) > 1:
            draws = bootstrap_means(values, resamples=resamples, seed=seed)
            ends = middle(draws, confidence)  # (2, M)
            found |= {name: (float(a), float(b)) for name, a, b in zip(names, *ends, strict=True)}
    return found


def columns_alike(table: Table) -> Iterator[tuple[list[str], Floats]]:
    """Figures that the same questions have, together: their names and their (N', M) values.

    >>> [(names, v.tolist()) for names, v in columns_alike({"a": [1, None], "b": [2, 3]})]
    [(['a'], [[1.0]]), (['b'], [[2.0], [3.0]])]
    """
    groups: dict[tuple[bool, ...], list[str]] = {}
    for name, column in table.items():
        groups.setdefault(tuple(value is not None for value in column), []).append(name)
    for present, names in groups.items():
        rows = [place for place, there in enumerate(present) if there]
        values = [[table[name][row] for name in names] for row in rows]
        yield names, np.array(values, dtype=np.float64).reshape(len(rows), len(names))
