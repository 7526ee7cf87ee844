"""Means of the reproduction with 95% intervals, and verdicts by them: over questions, or seeds."""

import json
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest
from scipy import stats

from benchmarks.reproduction.estimates import over_questions, over_seeds
from benchmarks.reproduction.page import shown
from benchmarks.reproduction.pictures import line_of
from benchmarks.reproduction.results import BOTH, Results
from benchmarks.reproduction.shapes import best_of, compare, rises, verdict, worst_of
from benchmarks.reproduction.sizes import SPLITS, Cell
from tests.benchmarks.reproduction_cells import cell, keep_questions


@pytest.mark.parametrize("count", range(2, 12))
def test_over_seeds_is_students_t(count: int):
    values = [60.0 + (7 * n) % 5 for n in range(count)]
    spread = stdev(values) / count**0.5
    low, high = stats.t.interval(0.95, count - 1, loc=mean(values), scale=spread)
    assert over_seeds(values).interval == pytest.approx((low, high), abs=0.002)


def test_more_seeds_than_the_table_has_are_given_no_narrower_an_interval():
    values = [60.0 + (7 * n) % 5 for n in range(30)]
    found = over_seeds(values).interval
    low, high = stats.t.interval(0.95, 29, loc=mean(values), scale=stdev(values) / 30**0.5)
    assert found is not None and found[0] < low and high < found[1]


def test_over_questions_is_a_bootstrap_of_their_means():
    """Against draws made one by one, and against the normal approximation of so many."""
    values = [100.0 * (n % 5 < 2) for n in range(200)]  # 40%
    found = over_questions(values)
    random = np.random.default_rng(5)
    drawn = sorted(float(np.mean(random.choice(values, 200))) for _ in range(4000))
    assert found.middle == 40.0 and found.by_question
    assert found.interval == pytest.approx((drawn[100], drawn[3899]), abs=1.0)
    half = 196 * (0.24 / 200) ** 0.5
    assert found.interval == pytest.approx((40 - half, 40 + half), abs=1.0)
    assert over_questions([100.0]).interval is None


def test_a_figure_is_over_questions_where_every_seed_keeps_them_and_over_seeds_else(tmp_path: Path):
    values = ([1.0, 0.0] * 20, [1.0, 1.0] * 20)
    for seed, own in enumerate(values):
        path = cell(tmp_path, "table1", "bm25-0", seed, 0.5 + seed / 2, sum(own) / 40)
        keep_questions(path, "articles", "EM", own)
    keep_questions(tmp_path / "table1-bm25-0-seed0.json", "questions", "EM", values[0])
    results = Results.read(tmp_path, [])
    by_question = results.estimate("table1", "bm25-0", "articles", "EM")
    expected = over_questions([100.0, 50.0] * 20)  # each its mean over the seeds
    assert by_question == expected and shown(by_question).endswith(" †")
    by_seed = results.estimate("table1", "bm25-0", "questions", "EM")  # one seed kept none
    assert by_seed is not None and not by_seed.by_question
    assert by_seed.interval == (0.0, 100.0)  # 75 +- 318 points, but it is a share
    assert shown(by_seed) == "75.0 [0.0, 100.0]"


def test_one_seed_without_values_per_question_shows_no_interval(tmp_path: Path):
    path = cell(tmp_path, "table1", "bm25-0", 0, 0.5, 0.4)
    alone = Results.read(tmp_path, []).estimate("table1", "bm25-0", "articles", "EM")
    assert shown(alone) == "40.0"
    assert line_of("one", [0, 1], [alone, None]).ends == [None, None]
    keep_questions(path, "articles", "EM", [1.0, 0.0, 1.0, 0.0, 0.0])
    kept = Results.read(tmp_path, []).estimate("table1", "bm25-0", "articles", "EM")
    assert shown(kept) == "40.0 [0.0, 80.0] †"
    assert line_of("one", [0], [kept]).ends == [(0.0, 80.0)]


def test_without_questions_a_difference_is_paired_by_seed(tmp_path: Path):
    """Seeds differ by 10 points and each gains 1 to 2: the gain is sure, the levels are not."""
    for seed, (before, gain) in enumerate(((0.4, 0.01), (0.5, 0.02), (0.6, 0.015))):
        cell(tmp_path, "table1", "bm25-0", seed, before, before)
        cell(tmp_path, "table1", "bm25-1", seed, before + gain, before + gain)
    cell(tmp_path, "table1", "bm25-1", 3, 0.0, 0.0)  # a seed that the other row lacks
    results = Results.read(tmp_path, [])
    lead = compare(("table1", "bm25-1", "EM"), ("table1", "bm25-0", "EM"))(results, "articles")
    low, high = stats.t.interval(0.95, 2, loc=1.5, scale=stdev((1, 2, 1.5)) / 3**0.5)
    assert lead is not None and lead.middle == pytest.approx(1.5)
    assert lead.interval == pytest.approx((low, high), abs=0.002)
    assert verdict(lead) == "holds"  # from 0.3 points on


def test_both_splits_together_are_their_mean_for_each_seed(tmp_path: Path):
    for row, recalls in (("bm25-0", (0.5, 0.7)), ("bm25-1", (0.4, 0.9))):
        for seed, shift in enumerate((-0.02, 0.02)):
            cell(tmp_path, "table1", row, seed, 0.5, 0.5)
            path = tmp_path / Cell("table1", row, seed).file
            body = json.loads(path.read_text())
            for split, recall in zip(SPLITS, recalls, strict=True):
                body["figures"][split]["R@1"] = recall + shift
            path.write_text(json.dumps(body))
    results = Results.read(tmp_path, [])
    after = results.estimate("table1", "bm25-1", BOTH, "R@1")
    assert after is not None and after.middle == pytest.approx(65.0)
    assert after.interval == pytest.approx((65.0 - 2 * 12.706, 65.0 + 2 * 12.706))
    assert results.estimate("table1", "bm25-1", BOTH, "R@100") is None
    lead = compare(("table1", "bm25-1", "R@1"), ("table1", "bm25-0", "R@1"))
    found = [lead(results, one) for one in (*SPLITS, BOTH)]
    assert [one.middle for one in found if one] == pytest.approx([-10, 20, 5])
    assert [verdict(one) for one in found] == ["**differs** ?", "holds ?", "holds ?"]  # all agree


def test_a_rise_over_rounds_is_as_good_as_its_weakest_round(tmp_path: Path):
    for n, em in enumerate((0.1, 0.2, 0.25, 0.24)):
        cell(tmp_path, "table1", f"untrained-{n}", 0, 0.5, em)
    results = Results.read(tmp_path, [])
    assert rises("untrained", 3, "EM")(results, "articles").middle == pytest.approx(-1)
    assert rises("untrained", 2, "EM")(results, "articles").middle == pytest.approx(5)
    assert rises("untrained", 4, "EM")(results, "articles") is None


def test_verdicts_are_paired_by_question_where_cells_keep_them(tmp_path: Path):
    """300 questions of which every tenth is won: the seeds agree, so their spread says nothing."""
    before = [1.0, 0.0] * 150
    after = [1.0 if n % 20 == 1 else value for n, value in enumerate(before)]
    wins_two = [1.0 if n in (1, 3) else value for n, value in enumerate(before)]
    for row, values in (("bm25-0", before), ("bm25-1", after), ("bm25-2", wins_two)):
        for seed in (0, 1):
            path = cell(tmp_path, "table1", row, seed, 0.5, sum(values) / 300)
            keep_questions(path, "articles", "EM", values)
    results = Results.read(tmp_path, [])
    first, second, none = (("table1", f"bm25-{n}", "EM") for n in (1, 2, 0))
    found = compare(first, none)(results, "articles")
    assert found is not None and found.by_question and found.middle == pytest.approx(5.0)
    assert found.interval == pytest.approx((2.6, 7.4), abs=0.3)  # 5 +- 196 sqrt(0.05 0.95 / 300)
    assert verdict(found) == "holds †"
    assert verdict(compare(none, first)(results, "articles")) == "**differs** †"
    assert verdict(compare(second, none)(results, "articles")) == "level †"  # 0.7 points
    by_seeds = compare(second, none)(results, "questions")  # keeps no values per question
    assert by_seeds is not None and not by_seeds.by_question and verdict(by_seeds) == "holds ?"
    both = compare(second, none)(results, BOTH)
    assert both is not None and not both.by_question
    within = compare(none, first, less=6.0)(results, "articles")
    assert within is not None and within.middle == pytest.approx(1.0)
    assert within.interval == pytest.approx((6 - 7.4, 6 - 2.6), abs=0.3)


def test_the_best_and_the_worst_are_held_against_the_nearest(tmp_path: Path):
    for row, recall in (("kl", 0.9), ("mse", 0.5), ("margin-1", 0.7)):
        cell(tmp_path, "table5", row, 0, recall, recall)
    results = Results.read(tmp_path, [])
    rows = ("kl", "mse", "margin-1")
    best = best_of("table5", "kl", "R@20", rows)(results, "articles")
    worst = worst_of("table5", "mse", "R@20", rows)(results, "articles")
    assert best is not None and best.middle == pytest.approx(20.0)
    assert worst is not None and worst.middle == pytest.approx(20.0)
    lost = worst_of("table5", "kl", "R@20", rows)(results, "articles")
    assert lost is not None and lost.middle == pytest.approx(-40.0)
    assert best_of("table5", "kl", "R@20", (*rows, "margin-0.2"))(results, "articles") is None
