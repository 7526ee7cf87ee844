"""How well two rankings of the same passages agree (FiD-KD, appendix A.2).

Each function takes the reader's and the retriever's scores of one question's passages, higher
better, in the same order. Ties keep the order given. It knows neither models nor files.
"""

import math
from collections.abc import Sequence

DEPTHS = (1, 2, 5)  # those of the paper's code


def count_inversions(reader: Sequence[float], retriever: Sequence[float]) -> int:
    """Pairs that the two order strictly oppositely, in O(n log n); a tie on either side is none.

    >>> count_inversions([3.0, 2.0, 1.0], [1.0, 2.0, 3.0])
    3
    """
    _check_same_length(reader, retriever)
    by_reader = sorted(range(len(reader)), key=lambda i: (-reader[i], -retriever[i]))
    return _merge_count([retriever[i] for i in by_reader])[1]


def _merge_count(values: list[float]) -> tuple[list[float], int]:
    """`values` sorted falling, and how many pairs stood rising."""
    if len(values) < 2:
        return values, 0
    middle = len(values) // 2
    left, in_left = _merge_count(values[:middle])
    right, in_right = _merge_count(values[middle:])
    merged: list[float] = []
    crossing, taken = 0, 0
    for value in right:
        while taken < len(left) and left[taken] >= value:
            merged.append(left[taken])
            taken += 1
        crossing += len(left) - taken
        merged.append(value)
    return merged + left[taken:], in_left + in_right + crossing


def rank(scores: Sequence[float]) -> list[int]:
    """Positions, best score first; ties in the order given."""
    return sorted(range(len(scores)), key=lambda i: (-scores[i], i))


def average_top_k(reader: Sequence[float], retriever: Sequence[float], k: int) -> float:
    """Share of the retriever's first k that are among the reader's first k.

    >>> average_top_k([3.0, 2.0, 1.0], [3.0, 1.0, 2.0], 2)
    0.5
    """
    _check_k(reader, retriever, k)
    return len(set(rank(reader)[:k]) & set(rank(retriever)[:k])) / k


def index_top_k(reader: Sequence[float], retriever: Sequence[float], k: int) -> int:
    """How many of the retriever's passages must be taken to cover the reader's first k.

    >>> index_top_k([3.0, 2.0, 1.0], [3.0, 1.0, 2.0], 2)
    3
    """
    _check_k(reader, retriever, k)
    place = {passage: position for position, passage in enumerate(rank(retriever), start=1)}
    return max(place[passage] for passage in rank(reader)[:k])


def ndcg(gains: Sequence[float], scores: Sequence[float]) -> float:
    """Discounted gain of the ranking by `scores` over the best possible; 1 where no gain is.

    >>> ndcg([0.0, 1.0], [0.9, 0.1]) == 1 / math.log2(3)
    True
    """
    _check_same_length(gains, scores)
    best = _discounted(sorted(gains, reverse=True))
    return _discounted([gains[i] for i in rank(scores)]) / best if best > 0 else 1.0


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(position + 1) for position, gain in enumerate(gains, start=1))


def _check_same_length(first: Sequence[float], second: Sequence[float]) -> None:
    if len(first) != len(second):
        raise ValueError(f"Two rankings of different lists: {len(first)} and {len(second)} scores.")


def _check_k(reader: Sequence[float], retriever: Sequence[float], k: int) -> None:
    _check_same_length(reader, retriever)
    if not 1 <= k <= len(reader):
        raise ValueError(f"k = {k}, but the list has {len(reader)} passages; use 1..{len(reader)}.")
