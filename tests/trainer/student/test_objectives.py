"""Each objective against a written-out loop, its gradient, and what it must not see."""

import math
from collections.abc import Callable

import pytest
import torch

from reread.errors import BadRequest
from tests.trainer.student.slow_losses import (
    MASK,
    rows,
    scores,
    slow_emdr2,
    slow_kl,
    slow_margin,
    slow_mse,
    softmax,
)
from trainer.settings import DistilSettings
from trainer.student.objectives import (
    Pairs,
    Signal,
    choose_objective,
    emdr2,
    in_batch,
    kl,
    margin,
    margin_mse,
    mse,
    pair_kl,
    ranknet,
    soft_labels,
)
from trainer.teaching import OBJECTIVES

ALONE = [name for name in OBJECTIVES if name != "pair_kl"]  # no pairs, no other questions
Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def loss_of(name: str) -> Loss:
    objective = choose_objective(
        DistilSettings(objective=name, margin_gamma=0.3, label_temperature=2.0)
    )

    def loss(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        if name == "emdr2":
            return objective(student, Signal(student.detach(), mask.any(2), teacher, mask))
        return objective(student, Signal(teacher, mask))

    return loss


def signal(name: str, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What the objective of that name learns from, and its mask; 2, 3 and 1 answer tokens."""
    if name != "emdr2":
        return scores(seed), MASK
    generator = torch.Generator().manual_seed(seed)
    chances = torch.rand(3, 4, 3, generator=generator, dtype=torch.float64)
    tokens = torch.tensor([[True, True, False], [True] * 3, [True, False, False]])
    return chances.log(), MASK.unsqueeze(2) & tokens.unsqueeze(1)


@pytest.mark.parametrize("seed", range(5))
def test_emdr2_equals_its_loop(seed: int) -> None:
    log_probs, mask = signal("emdr2", seed)
    found = emdr2(scores(seed), log_probs, mask)
    assert float(found) == pytest.approx(slow_emdr2(scores(seed), log_probs, mask), rel=1e-12)


def test_emdr2_is_least_where_the_student_trusts_the_passage_that_explains() -> None:
    log_probs = torch.tensor([[[-1.0, -2.0], [-9.0, -9.0]]])
    mask = torch.ones(1, 2, 2, dtype=torch.bool)
    assert float(emdr2(torch.tensor([[60.0, 0.0]]), log_probs, mask)) == pytest.approx(1.5)
    assert float(emdr2(torch.tensor([[0.0, 60.0]]), log_probs, mask)) == pytest.approx(9.0)


@pytest.mark.parametrize("name", ALONE)
def test_the_order_of_passages_changes_nothing(name: str) -> None:
    loss, (teacher, mask) = loss_of(name), signal(name, 2)
    there = loss(scores(1), teacher, mask)
    assert float(loss(scores(1).flip(1), teacher.flip(1), mask.flip(1))) == pytest.approx(
        float(there)
    )


@pytest.mark.parametrize("seed", range(5))
def test_each_objective_equals_its_loop(seed: int) -> None:
    student, teacher = scores(seed), scores(seed + 100)
    tempered = kl(student, teacher, MASK, student_temperature=0.5, teacher_temperature=2.0)
    assert float(tempered) == pytest.approx(slow_kl(student, teacher, 0.5, 2.0), rel=1e-12)
    assert float(mse(student, teacher, MASK)) == pytest.approx(slow_mse(student, teacher))
    for gamma in (0.1, 0.2, 1.0):
        expected = slow_margin(student, teacher, gamma)
        assert float(margin(student, teacher, MASK, gamma=gamma)) == pytest.approx(expected)


@pytest.mark.parametrize("name", ALONE)
def test_gradients_agree_with_finite_differences(name: str) -> None:
    loss = loss_of(name)
    student = scores(1).requires_grad_()
    teacher, mask = signal(name, 2)
    assert torch.autograd.gradcheck(lambda s: loss(s, teacher, mask), (student,))


@pytest.mark.parametrize("name", ALONE)
def test_padding_changes_neither_value_nor_gradient(name: str) -> None:
    loss = loss_of(name)
    results = []
    for filling in (0.0, 1e6, -1e6):
        student = scores(1).masked_fill(~MASK, filling).requires_grad_()
        teacher, mask = signal(name, 2)
        value = loss(student, teacher.masked_fill(~mask, -filling), mask)
        torch.autograd.backward(value)
        assert student.grad is not None
        assert bool((student.grad[~MASK] == 0).all())
        results.append((value.item(), student.grad.tolist()))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("name", [name for name in ALONE if name != "mse"])
def test_a_constant_per_question_changes_nothing(name: str) -> None:
    loss = loss_of(name)
    shift = torch.tensor([[3.0], [-7.0], [11.0]], dtype=torch.float64)
    teacher, mask = signal(name, 2)
    plain = loss(scores(1), teacher, mask)
    assert float(loss(scores(1) + shift, teacher, mask)) == pytest.approx(float(plain))
    if name != "emdr2":  # its signal is a probability: a shift is another one
        assert float(loss(scores(1), teacher + shift, mask)) == pytest.approx(float(plain))


def test_mse_sees_a_constant() -> None:
    moved = mse(scores(1), scores(1) + 2.0, MASK)
    assert float(moved) == pytest.approx(4.0 * int(MASK.sum()) / 3)


def test_zero_when_the_student_has_what_the_teacher_wants() -> None:
    teacher = scores(3)
    assert float(kl(teacher + 5.0, teacher, MASK)) == pytest.approx(0.0, abs=1e-12)
    assert float(mse(teacher, teacher, MASK)) == 0.0
    assert float(margin(teacher * 1e6, teacher, MASK, gamma=1.0)) == 0.0


def test_the_batch_size_does_not_change_the_scale() -> None:
    for name in ALONE:
        once = (scores(1), *signal(name, 2))
        loss = loss_of(name)
        twice = [torch.cat([one, one]) for one in once]
        assert float(loss(*twice)) == pytest.approx(float(loss(*once)))


def test_a_certain_teacher_gives_a_finite_loss() -> None:
    teacher = torch.tensor([[1e5, 0.0, -1e5]])
    value = kl(torch.zeros(1, 3), teacher, torch.ones(1, 3, dtype=torch.bool))
    assert float(value) == pytest.approx(math.log(3))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BadRequest, match="'cosine'; use one of kl, mse, margin, emdr2, soft_la"):
        DistilSettings(objective="cosine")


PAIRS = Pairs(
    torch.tensor([0, 0, 1]), torch.tensor([0, 3, 0]), torch.tensor([2, 1, 1]),
    torch.tensor([0.9, 0.25, 0.5], dtype=torch.float64).log(),
)  # fmt: skip


def slow_pair_kl(student: torch.Tensor) -> float:
    total = 0.0
    for b, i, j, p in ((0, 0, 2, 0.9), (0, 3, 1, 0.25), (1, 0, 1, 0.5)):
        s = softmax([float(student[b, i].detach()), float(student[b, j].detach())], 1.0)
        total += sum(t * (math.log(t) - math.log(q)) for t, q in zip((p, 1 - p), s, strict=True))
    return total / 3


@pytest.mark.parametrize("seed", range(3))
def test_pairs_equal_their_loop_and_none_cost_nothing(seed: int) -> None:
    student = scores(seed).requires_grad_()
    assert float(pair_kl(student, PAIRS).detach()) == pytest.approx(slow_pair_kl(student), rel=1e-9)
    assert torch.autograd.gradcheck(lambda s: pair_kl(s, PAIRS), (student,))
    assert float(pair_kl(student, None).detach()) == 0.0


def test_a_certain_pair_gives_a_finite_loss_that_pulls_the_right_way() -> None:
    sure = Pairs(*(torch.tensor([n]) for n in (0, 0, 1)), torch.tensor([0.0]))
    student = torch.zeros(1, 2, requires_grad=True)
    torch.autograd.backward(pair_kl(student, sure))
    assert student.grad is not None and student.grad[0, 0] < 0 < student.grad[0, 1]


def in_batch_case(seed: int) -> tuple[torch.Tensor, Signal]:
    """Five passages in all; question 0 owns 0..3, question 1 owns 0 and 1, question 2 owns 2..4."""
    others = torch.randn(3, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    places = torch.tensor([[0, 1, 2, 3], [0, 1, 0, 0], [2, 3, 4, 0]])
    foreign = torch.tensor([[0, 0, 0, 0, 1], [0, 0, 1, 1, 1], [1, 1, 0, 0, 0]]).bool()
    signal = Signal(scores(seed + 9), MASK, pairs=PAIRS, others=others, foreign=foreign)
    return others.gather(1, places).masked_fill(~MASK, 0.0), signal


@pytest.mark.parametrize("seed", range(3))
def test_pair_kl_is_list_and_pairs_and_other_questions_passages(seed: int) -> None:
    student, signal = in_batch_case(seed)
    total = 0.0
    for b, t_row in enumerate(rows(signal.scores)):
        best = t_row.index(max(t_row))
        rivals = [float(s) for s, f in zip(signal.others[b], signal.foreign[b], strict=True) if f]
        total -= math.log(softmax([float(student[b, best]), *rivals], 1.0)[0])
    assert float(in_batch(student, signal)) == pytest.approx(total / 3, rel=1e-12)
    whole = choose_objective(DistilSettings(objective="pair_kl", pair_teacher="reader"))(
        student, signal
    )
    listwise = slow_kl(student, signal.scores, 1.0, 1.0)
    assert float(whole) == pytest.approx(listwise + 3 * slow_pair_kl(student) + total / 3)
    lighter = DistilSettings(
        objective="pair_kl", pair_teacher="reader", pair_weight=0.5, in_batch_weight=0.0
    )
    assert float(choose_objective(lighter)(student, signal)) == pytest.approx(
        listwise + 0.5 * slow_pair_kl(student)
    )


@pytest.mark.parametrize("seed", range(3))
def test_margin_mse_and_ranknet_equal_their_loops(seed: int) -> None:
    student, teacher = scores(seed), scores(seed + 50)
    margins = ranks = 0.0
    for s, t in zip(rows(student), rows(teacher), strict=True):
        best = t.index(max(t))
        gaps = [(s[best] - s[k]) - (t[best] - t[k]) for k in range(len(t)) if k != best]
        margins += sum(gap**2 for gap in gaps) / len(gaps)
        pairs = [(i, j) for i in range(len(t)) for j in range(len(t)) if t[i] > t[j]]
        ranks += sum(math.log1p(math.exp(s[j] - s[i])) for i, j in pairs) / len(pairs)
    assert float(margin_mse(student, teacher, MASK)) == pytest.approx(margins / 3)
    assert float(ranknet(student, teacher, MASK)) == pytest.approx(ranks / 3)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_soft_labels_mix_the_teacher_with_the_labels(share: float) -> None:
    """The middle question has no label: no hard term, and its share of the mean stays."""
    student, teacher = scores(1), scores(2)
    labels = torch.tensor([[0.0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0]])
    chances = [softmax(row, 1.0) for row in rows(student)]
    hard = -(math.log(chances[0][1]) + math.log(chances[2][0] + chances[2][2])) / 3
    soft = 4.0 * slow_kl(student, teacher, 2.0, 2.0)
    found = soft_labels(student, teacher, MASK, labels, temperature=2.0, hard_share=share)
    assert float(found) == pytest.approx(share * hard + (1 - share) * soft)
    if share:
        with pytest.raises(BadRequest, match=f"hard_label_share is {share} and the examples"):
            soft_labels(student, teacher, MASK, None, hard_share=share)


def test_a_temperature_keeps_the_gradients_scale() -> None:
    """At high temperatures T^2 KL has the gradient of matching logits (Hinton et al.)."""
    student = scores(1).requires_grad_()
    sizes = []
    for temperature in (20.0, 200.0):
        loss = soft_labels(student, scores(2), MASK, None, temperature=temperature)
        (gradient,) = torch.autograd.grad(loss, student)
        sizes.append(float(gradient.norm()))
    assert sizes[0] == pytest.approx(sizes[1], rel=0.1)
