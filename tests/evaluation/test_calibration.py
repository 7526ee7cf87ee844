"""Calibration against slow references: logistic regression, AUROC and reliability."""

import math
import random

import pytest

from evaluation.confidence.calibration import (
    Outcome,
    auroc,
    calibrate,
    expected_error,
    fit,
    reliability,
)
from evaluation.confidence.held_back import variants
from reread.errors import BadRequest
from reread.reader.confidence import SIGNALS, Calibration, Logistic, judge, signals_of
from reread.records import Passage


def row(**values):
    return {**dict.fromkeys(SIGNALS, 0.0), **values}


def drawn(count, seed=1):
    """Outcomes whose chance is sigmoid(2 x mean), known beforehand."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        signal = rng.gauss(0, 1)
        happened = rng.random() < 1 / (1 + math.exp(-2 * signal))
        found.append(Outcome(row(mean=signal), happened, happened))
    return found


def test_fitting_finds_the_weight_that_made_the_outcomes():
    outcomes = drawn(4000)
    found = fit([one.signals for one in outcomes], [one.right for one in outcomes], "x")
    assert found.weights["mean"] == pytest.approx(2.0, abs=0.2)
    assert found.bias == pytest.approx(0.0, abs=0.1)
    for value in (-1.0, 0.0, 1.5):
        expected = 1 / (1 + math.exp(-2 * value))
        assert found.probability(row(mean=value)) == pytest.approx(expected, abs=0.04)


def test_auroc_counts_pairs():
    rng = random.Random(2)
    scores = [rng.choice([0.1, 0.2, 0.3, 0.7]) for _ in range(60)]
    happened = [rng.random() < 0.4 for _ in scores]
    pairs = [
        (1.0 if a > b else 0.5 if a == b else 0.0)
        for a, up in zip(scores, happened, strict=True) if up
        for b, other in zip(scores, happened, strict=True) if not other
    ]  # fmt: skip
    assert auroc(scores, happened) == pytest.approx(sum(pairs) / len(pairs))


def test_the_bound_refuses_no_more_answerable_questions_than_allowed():
    outcomes = drawn(1000, seed=3)
    made = calibrate("r", outcomes, wrongly_refused=0.05)
    own = [made.found.probability(one.signals) for one in outcomes if one.answerable]
    refused = sum(one < made.refuse_below for one in own) / len(own)
    assert 0.03 <= refused <= 0.05
    others = [made.found.probability(one.signals) for one in outcomes if not one.answerable]
    assert sum(one < made.refuse_below for one in others) / len(others) > 3 * refused


def test_a_well_calibrated_confidence_has_little_expected_error():
    outcomes = drawn(4000, seed=5)
    made = calibrate("r", outcomes[:2000], wrongly_refused=0.05)
    sure = [made.right.probability(one.signals) for one in outcomes[2000:]]
    right = [one.right for one in outcomes[2000:]]
    assert expected_error(reliability(sure, right)) < 0.04
    assert expected_error(reliability([1.0] * 2000, right)) > 0.4


def test_too_few_of_one_kind_is_a_sentence():
    with pytest.raises(BadRequest, match="needs 20 questions of either kind"):
        fit([row()] * 30, [True] * 30, "right answers")


def test_each_question_is_read_with_and_without_the_passages_that_answer():
    passages = [Passage("a", "", "It holds 5 l."), Passage("b", "", "It is red.")]
    assert list(variants(passages, ["5 l"])) == [(passages, True), (passages[1:], False)]
    assert list(variants(passages, ["blue"])) == [(passages, False)]


def test_a_judgement_refuses_below_the_bound_and_a_setting_outranks_the_calibration():
    flat = Logistic(0.0, {})
    calibration = Calibration("r", Logistic(2.0, {}), flat, 0.6)
    refused = judge(calibration, None, row(), [0.9])
    assert (refused.found, refused.confidence) == (False, 0.05)
    answered = judge(calibration, 0.4, row(), [0.9])
    assert answered.found and answered.confidence == pytest.approx(1 / (1 + math.exp(-2)))
    assert judge(None, 0.99, row(), [0.9, 0.5]).confidence == pytest.approx(0.7)


def test_signals_are_logarithms_and_shares():
    found = signals_of(0.5, [0.5, 0.25], [0.0, 0.0])
    assert found["nothing"] == pytest.approx(0.0)
    assert found["first"] == pytest.approx(math.log(0.5))
    assert found["least"] == pytest.approx(math.log(0.25))
    assert found["mean"] == pytest.approx((math.log(0.5) + math.log(0.25)) / 2)
    assert found["top"] == pytest.approx(0.5) and found["spread"] == pytest.approx(1.0)
    assert (found["rival"], found["agreed"]) == (0.0, 0.0), "a reader that does not tell"
    told = signals_of(0.5, [0.5], [0.0, math.log(3)], rival=0.25, place=0)
    assert told["rival"] == pytest.approx(math.log(0.25))
    assert told["agreed"] == pytest.approx(math.log(1 / 3))
    assert signals_of(0.9, [1.0], [9.0])["nothing"] > 2
