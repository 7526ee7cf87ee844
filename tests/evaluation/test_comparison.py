"""Paired comparison: exact p-values, differences that are there, and none where there is none."""

from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest

from evaluation.comparison import compare, sign_flip_p_values
from evaluation.results_file import Results, read_results, write_results
from reread.errors import BadRequest


def make_results(
    name: str, columns: dict[str, list[float | None]], ids: list[str] | None = None
) -> Results:
    count = len(next(iter(columns.values())))
    names = tuple(ids or [f"q{n}" for n in range(count)])
    texts = tuple(f"what is {one}" for one in names)
    return Results(Path(name), names, texts, {k: tuple(v) for k, v in columns.items()})


def test_p_values_are_those_of_all_sign_patterns() -> None:
    gains = np.random.default_rng(0).normal(0.4, 1.0, size=(10, 3))
    flipped = np.array([np.abs(np.array(s) @ gains) for s in product((-1, 1), repeat=10)])
    exact = (flipped >= np.abs(gains.sum(axis=0)) - 1e-9).mean(axis=0)
    assert sign_flip_p_values(gains) == pytest.approx(exact, abs=0.015)


def test_sums_that_tie_but_for_rounding_count_as_ties() -> None:
    gains = np.array([[0.1], [0.2], [-0.3], [0.6]])
    flipped = [abs(round(float(np.array(s) @ gains[:, 0]), 6)) for s in product((-1, 1), repeat=4)]
    exact = np.mean([one >= 0.6 for one in flipped])
    assert sign_flip_p_values(gains)[0] == pytest.approx(exact, abs=0.02)


def test_without_a_difference_one_p_value_in_twenty_is_below_5_percent() -> None:
    gains = np.random.default_rng(1).normal(size=(60, 1000))  # a column is a comparison of its own
    p_values = sign_flip_p_values(gains, resamples=1000)
    assert 0.03 <= (p_values < 0.05).mean() <= 0.07
    assert 0.45 <= (p_values < 0.5).mean() <= 0.55


def test_a_real_difference_is_found_in_any_order_of_lines() -> None:
    random = Random(0)
    before = [float(random.random() < 0.4) for _ in range(200)]
    after = [1.0 if random.random() < 0.2 else value for value in before]
    noise = [float(random.random() < 0.5) for _ in range(200)]
    other = [1.0 - value if random.random() < 0.1 else value for value in noise]
    order = random.sample(range(200), 200)
    first = make_results("a", {"em": [*before], "noise": [*noise]})
    second = make_results(
        "b",
        {"noise": [other[i] for i in order], "em": [after[i] for i in order]},
        [f"q{i}" for i in order],
    )
    found = compare(first, second)
    em, noisy = found.differences["em"], found.differences["noise"]
    assert list(found.differences) == ["em", "noise"]
    assert em.questions == 200
    assert (em.first, em.second) == (pytest.approx(sum(before) / 200), sum(after) / 200)
    assert em.difference == pytest.approx(em.second - em.first)
    assert em.p_value == pytest.approx(1 / 10_001) and 0 < em.low < em.difference < em.high
    assert noisy.p_value > 0.1 and noisy.low < 0 < noisy.high
    assert compare(first, second) == found


def test_swapping_the_files_mirrors_the_difference() -> None:
    first = make_results("a", {"f1": [0.1, 0.5, 0.9, 0.3]})
    second = make_results("b", {"f1": [0.4, 0.5, 0.7, 0.8]})
    there, back = (compare(*pair).differences["f1"] for pair in ((first, second), (second, first)))
    assert (there.difference, there.low, there.high) == pytest.approx(
        (-back.difference, -back.high, -back.low)
    )
    assert there.p_value == back.p_value


def test_a_file_equals_itself() -> None:
    one = make_results("a", {"em": [1.0, 0.0, 1.0], "mrr": [None, 0.5, None]})
    same = compare(one, one).differences
    assert [(d.difference, d.low, d.high, d.p_value) for d in same.values()] == [(0, 0, 0, 1)] * 2
    assert (same["mrr"].questions, same["mrr"].first) == (1, 0.5)


@pytest.mark.parametrize(
    ("other", "names", "sentence"),
    [
        (make_results("b", {"em": [1.0]}), [], "a has 1 questions that b has not, such as 'q1'"),
        (
            make_results("b", {"em": [1.0, 0.0, 0.0]}), [],
            "b has 1 questions that a has not, such as 'q2'",
        ),
        (make_results("b", {"f1": [1.0, 0.0]}), [], "a does not hold f1"),
        (make_results("b", {"em": [1.0, 0.0]}), ["mrr"], "a does not hold mrr.* among em"),
        (make_results("b", {"em": [1.0, None]}), [], "'q1' has em in only one of a and b"),
        (
            Results(Path("b"), ("q0", "q1"), ("what is q0", "who"), {"em": (1.0, 0.0)}), [],
            "Question 'q1' is 'what is q1' in a and 'who' in b",
        ),
    ],
)  # fmt: skip
def test_files_that_do_not_match_are_refused(
    other: Results, names: list[str], sentence: str
) -> None:
    with pytest.raises(BadRequest, match=sentence):
        compare(make_results("a", {"em": [1.0, 0.0]}), other, names)


def test_a_figure_no_question_has_is_refused() -> None:
    empty = make_results("a", {"em": [1.0], "mrr": [None]})
    with pytest.raises(BadRequest, match="No question of a has a value of mrr"):
        compare(empty, empty)
    assert list(compare(empty, empty, ["em"]).differences) == ["em"]


def test_common_figures_can_be_chosen() -> None:
    first = make_results("a", {"em": [1.0, 0.0], "f1": [1.0, 0.5]})
    second = make_results("b", {"f1": [1.0, 0.0]})
    assert list(compare(first, second, ["f1"]).differences) == ["f1"]


GOOD = {"id": "1", "question": "q", "metrics": {"em": 1, "mrr": None}}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write_results(path, [GOOD, {**GOOD, "id": "é", "metrics": {"mrr": 0.5, "em": 0.0}}])
    found = read_results(path)
    assert (found.ids, found.questions) == (("1", "é"), ("q", "q"))
    assert found.columns == {"em": (1, 0.0), "mrr": (None, 0.5)}


@pytest.mark.parametrize(
    ("second_line", "sentence"),
    [
        ('{"id": "2", "metr', "line 3 is not JSON"),
        ("[1]", "line 3 is no JSON object"),
        ('{"metrics": {"em": 1}}', "line 3 is no JSON object with a text as `id`"),
        ('{"id": "2", "em": 1.0}', "line 3 has no `metrics`; write the file again"),
        ('{"id": "2", "metrics": {"em": "1"}}', "line 3: em is '1', not a number"),
        ('{"id": "2", "metrics": {"em": true}}', "line 3: em is True, not a number"),
        ('{"id": "2", "metrics": {"em": NaN, "mrr": 1}}', "line 3: em is nan, not a number"),
        ('{"id": "2", "metrics": {"em": 1, "f1": 0}}', "line 3 and the first .* f1, mrr"),
        ('{"id": "1", "metrics": {"em": 1, "mrr": 1}}', "line 3 repeats the id '1' of line 1"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, second_line: str, sentence: str) -> None:
    path = tmp_path / "r.jsonl"
    write_results(path, [GOOD])
    path.write_text(path.read_text() + "\n" + second_line + "\n", encoding="utf-8")
    with pytest.raises(BadRequest, match=sentence):
        read_results(path)


def test_empty_and_absent_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRequest, match="empty holds no results"):
        read_results(tmp_path / "empty")
    for name in ("absent", "binary"):
        with pytest.raises(BadRequest, match=f"Cannot read the results file .*{name}"):
            read_results(tmp_path / name)
