"""Two rankings added, against dictionaries."""

from random import Random

import numpy as np
import pytest

from trainer.iterative.lists.fused import fuse
from trainer.iterative.lists.ranked import RankedLists


def draw_lists(random: Random, questions: int, width: int, passages: int) -> RankedLists:
    """Lists of 0 to `width` passages."""
    rows = np.full((questions, width), -1, dtype=np.int64)
    scores = np.zeros((questions, width), dtype=np.float32)
    for q in range(questions):
        count = random.randint(0, width)
        rows[q, :count] = random.sample(range(passages), count)
        scores[q, :count] = sorted((random.gauss(5, 3) for _ in range(count)), reverse=True)
    return RankedLists(rows, scores)


def slow_fuse(vectors: dict[int, float], words: dict[int, float], weight: float) -> list[int]:
    def unit(own: dict[int, float]) -> dict[int, float]:
        values = list(own.values())
        mean = sum(values) / len(values) if values else 0
        spread = (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5 if values else 0
        return {row: (v - min(values)) / (spread or 1) for row, v in own.items()}

    vectors, words = unit(vectors), unit(words)
    total = {row: vectors.get(row, 0) + weight * words.get(row, 0) for row in {*vectors, *words}}
    return sorted(total, key=lambda row: (-total[row], row))


def as_dict(lists: RankedLists, q: int) -> dict[int, float]:
    return dict(zip(lists.rows_of(q), map(float, lists.scores_of(q)), strict=True))


@pytest.mark.parametrize("weight", [0.5, 1.0, 3.0])
def test_the_order_is_that_of_the_sums(weight: float) -> None:
    random = Random(4)
    vectors, words = draw_lists(random, 60, 8, 14), draw_lists(random, 60, 6, 14)
    found = fuse(vectors, words, weight, depth=7)
    assert found.rows.shape == (60, 7)
    for q in range(60):
        wanted = slow_fuse(as_dict(vectors, q), as_dict(words, q), weight)[:7]
        assert found.rows_of(q) == wanted
        assert (np.diff(found.scores_of(q)) <= 0).all()
    assert min(len(found.rows_of(q)) for q in range(60)) < 7  # short and empty lists were there


def test_a_passage_both_find_beats_either_ones_first() -> None:
    vectors = RankedLists(np.array([[7, 3, 9]]), np.array([[0.9, 0.85, 0.1]], np.float32))
    words = RankedLists(np.array([[5, 3, 8]]), np.array([[20.0, 19.0, 2.0]], np.float32))
    assert fuse(vectors, words, 1.0, depth=3).rows.tolist() == [[3, 7, 5]]
    assert fuse(vectors, words, 1e-6, depth=1).rows.tolist() == [[7]]
    assert fuse(vectors, words, 1e6, depth=1).rows.tolist() == [[5]]


def test_scales_of_scores_do_not_matter() -> None:
    random = Random(5)
    vectors, words = draw_lists(random, 20, 8, 12), draw_lists(random, 20, 8, 12)
    larger = RankedLists(words.rows, words.scores * 64 + 16)
    same = fuse(vectors, words, 1.0, depth=8), fuse(vectors, larger, 1.0, depth=8)
    assert same[0].rows.tolist() == same[1].rows.tolist()


def test_lists_of_other_questions_are_refused() -> None:
    one, two = draw_lists(Random(1), 1, 3, 5), draw_lists(Random(1), 2, 3, 5)
    with pytest.raises(ValueError, match="1 lists by vectors and 2 by words"):
        fuse(one, two, 1.0, depth=2)
