"""Bootstrap intervals against slow loops, and against the truth they should cover."""

import numpy as np
import pytest

from evaluation.intervals import bootstrap_means, mean_intervals, resample_counts


def test_means_equal_a_loop_over_the_same_draws() -> None:
    values = np.random.default_rng(1).normal(size=(7, 3))
    drawn = np.random.default_rng(5).integers(0, 7, size=(40, 7))
    slow = [[sum(values[i, m] for i in draw) / 7 for m in range(3)] for draw in drawn]
    assert bootstrap_means(values, resamples=40, seed=5) == pytest.approx(np.array(slow))


def test_blocks_hold_every_draw_once() -> None:
    blocks = list(resample_counts(5000, resamples=1000, seed=2))
    assert [block.shape for block in blocks] == [(800, 5000), (200, 5000)]
    assert all((block.sum(axis=1) == 5000).all() for block in blocks)
    share = np.concatenate(blocks).mean()
    assert share == 1.0
    assert np.concatenate(blocks).var() == pytest.approx(1.0, rel=0.01)  # Poisson(1), nearly


def test_an_interval_equals_a_slow_bootstrap() -> None:
    values = np.random.default_rng(3).exponential(size=50)
    other = np.random.default_rng(99)
    means = sorted(float(np.mean(other.choice(values, size=50))) for _ in range(10_000))
    found = mean_intervals({"x": values.tolist()})["x"]
    assert found == pytest.approx((means[250], means[9750]), abs=0.015)


@pytest.mark.parametrize("kind", ["shares", "numbers"])
def test_nineteen_intervals_of_twenty_cover_the_truth(kind: str) -> None:
    random = np.random.default_rng(11)
    shape = (100, 1000)  # a column is a sample of its own
    draws = random.random(shape) < 0.4 if kind == "shares" else random.exponential(0.4, shape)
    table = {str(n): column.tolist() for n, column in enumerate(draws.T.astype(float))}
    ends = mean_intervals(table, resamples=1000)
    covered = np.mean([one is not None and one[0] <= 0.4 <= one[1] for one in ends.values()])
    assert 0.91 <= covered <= 0.97


def test_width_falls_with_the_root_of_the_number_of_questions() -> None:
    def width(count: int) -> float:
        ends = mean_intervals({"x": [float(n % 2) for n in range(count)]})["x"]
        assert ends is not None
        return ends[1] - ends[0]

    assert width(100) == pytest.approx(2 * 1.96 * 0.05, abs=0.021)  # steps of 0.01 on each side
    assert width(100) / width(1600) == pytest.approx(4, rel=0.1)


def test_the_same_seed_gives_the_same_interval_and_another_another() -> None:
    table = {"x": np.random.default_rng(0).random(200).tolist()}
    assert mean_intervals(table, seed=4) == mean_intervals(table, seed=4)
    assert mean_intervals(table, seed=4) != mean_intervals(table, seed=5)


def test_questions_without_a_value_are_no_part_of_it() -> None:
    values = [0.1, 0.9, 0.4, 0.7]
    holes = [None, 0.1, 0.9, None, 0.4, 0.7]
    found = mean_intervals({"full": [1.0] * 6, "holes": holes, "one": [None] * 5 + [0.3]})
    assert found["holes"] == mean_intervals({"alone": values})["alone"]
    assert (found["full"], found["one"]) == ((1.0, 1.0), None)
    assert list(found) == ["full", "holes", "one"]
