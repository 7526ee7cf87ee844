"""Ranking agreement against quadratic loops and worked examples."""

import math
from random import Random

import pytest

from evaluation.rank_agreement import average_top_k, count_inversions, index_top_k, ndcg


def slow_inversions(reader: list[float], retriever: list[float]) -> int:
    return sum(
        (reader[i] - reader[j]) * (retriever[i] - retriever[j]) < 0
        for i in range(len(reader))
        for j in range(i)
    )


@pytest.mark.parametrize("seed", range(30))
def test_inversions_equal_the_quadratic_count_with_ties(seed: int) -> None:
    random = Random(seed)
    size = random.randint(0, 40)
    first, second = ([float(random.randint(0, 9)) for _ in range(size)] for _ in range(2))
    assert count_inversions(first, second) == slow_inversions(first, second)


def test_a_hundred_thousand_passages_are_counted_at_once() -> None:
    size = 100_000
    rising = [float(i) for i in range(size)]
    assert count_inversions(rising, rising[::-1]) == size * (size - 1) // 2


def test_top_k_figures_on_a_worked_list() -> None:
    reader, retriever = [5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 5.0, 2.0, 4.0, 3.0]  # 1 3 4 2 0
    assert [average_top_k(reader, retriever, k) for k in (1, 2, 5)] == [0.0, 0.5, 1.0]
    assert [index_top_k(reader, retriever, k) for k in (1, 2, 3)] == [5, 5, 5]
    assert [index_top_k(retriever, reader, k) for k in (1, 2, 5)] == [2, 4, 5]


def test_ties_keep_the_order_given() -> None:
    assert average_top_k([1.0, 1.0], [0.0, 0.0], 1) == 1.0


def slow_top(scores: list[float], k: int) -> set[int]:
    """The first k positions, one maximum at a time."""
    left = dict(enumerate(scores))
    for _ in range(len(scores) - k):
        worst = min(left.values())
        del left[max(i for i, score in left.items() if score == worst)]
    return set(left)


@pytest.mark.parametrize("seed", range(5))
def test_each_question_equals_a_slow_count(seed: int) -> None:
    random = Random(seed)
    for size in [1, 2, 4, 5, 7, 20, 20]:
        reader, retriever = ([float(random.randint(0, 6)) for _ in range(size)] for _ in range(2))
        assert count_inversions(reader, retriever) == slow_inversions(reader, retriever)
        for k in (k for k in (1, 2, 5) if k <= size):
            wanted = slow_top(reader, k)
            shared = len(wanted & slow_top(retriever, k)) / k
            assert average_top_k(reader, retriever, k) == pytest.approx(shared)
            needed = min(n for n in range(21) if wanted <= slow_top(retriever, n))
            assert index_top_k(reader, retriever, k) == needed


def test_missing_scores_rank_last() -> None:
    assert index_top_k([2.0, 1.0], [-math.inf, 0.5], 1) == 2


def test_ndcg_on_a_worked_list() -> None:
    gains = [0.0, 0.7, 0.3]
    ideal = 0.7 + 0.3 / math.log2(3)
    assert ndcg(gains, [3.0, 2.0, 1.0]) == pytest.approx((0.7 / math.log2(3) + 0.15) / ideal)
    assert ndcg(gains, [0.0, 2.0, 1.0]) == pytest.approx(1.0)
    assert ndcg([0.0, 0.0], [1.0, 2.0]) == 1.0


def test_wrong_sizes_are_named() -> None:
    with pytest.raises(ValueError, match="2 and 1 scores"):
        count_inversions([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=r"k = 3, but the list has 2 passages; use 1\.\.2"):
        average_top_k([1.0, 2.0], [1.0, 2.0], 3)
