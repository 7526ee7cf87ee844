"""Each objective against a written-out loop, its gradient, and what it must not see."""

import math

import pytest
import torch

from reread.errors import BadRequest
from trainer.settings import OBJECTIVES
from trainer.student.objectives import choose_objective, emdr2, kl, margin, mse

MASK = torch.tensor([[True, True, True, True], [True, True, False, False], [True] * 3 + [False]])


def scores(seed: int) -> torch.Tensor:
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def signal(name: str, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What the objective of that name learns from, and its mask; 2, 3 and 1 answer tokens."""
    if name != "emdr2":
        return scores(seed), MASK
    generator = torch.Generator().manual_seed(seed)
    chances = torch.rand(3, 4, 3, generator=generator, dtype=torch.float64)
    tokens = torch.tensor([[True, True, False], [True] * 3, [True, False, False]])
    return chances.log(), MASK.unsqueeze(2) & tokens.unsqueeze(1)


def rows(values: torch.Tensor) -> list[list[float]]:
    return [row[kept].tolist() for row, kept in zip(values, MASK, strict=True)]


def softmax(values: list[float], temperature: float) -> list[float]:
    powers = [math.exp(value / temperature) for value in values]
    return [power / sum(powers) for power in powers]


def slow_kl(student: torch.Tensor, teacher: torch.Tensor, low: float, high: float) -> float:
    total = 0.0
    for s_row, t_row in zip(rows(student), rows(teacher), strict=True):
        for s, t in zip(softmax(s_row, low), softmax(t_row, high), strict=True):
            total += t * (math.log(t) - math.log(s))
    return total / 3


def slow_mse(student: torch.Tensor, teacher: torch.Tensor) -> float:
    pairs = zip(sum(rows(student), []), sum(rows(teacher), []), strict=True)
    return sum((s - t) ** 2 for s, t in pairs) / 3


def slow_margin(student: torch.Tensor, teacher: torch.Tensor, gamma: float) -> float:
    total = 0.0
    for s_row, t_row in zip(rows(student), rows(teacher), strict=True):
        for i in range(len(s_row)):
            for j in range(len(s_row)):
                if t_row[i] != t_row[j]:
                    sign = 1 if t_row[i] > t_row[j] else -1
                    total += max(0.0, gamma - sign * (s_row[i] - s_row[j]))
    return total / 3


def slow_emdr2(student: torch.Tensor, log_probs: torch.Tensor, mask: torch.Tensor) -> float:
    total, tokens = 0.0, 0
    for b, s_row in enumerate(rows(student)):
        chosen = softmax(s_row, 1.0)
        for t in range(log_probs.shape[2]):
            if mask[b, 0, t]:
                likely = [math.exp(log_probs[b, k, t]) for k in range(len(s_row))]
                total += math.log(sum(s * p for s, p in zip(chosen, likely, strict=True)))
                tokens += 1
    return -total / tokens


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


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_order_of_passages_changes_nothing(name: str) -> None:
    loss, (teacher, mask) = choose_objective(name, gamma=0.3), signal(name, 2)
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


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_agree_with_finite_differences(name: str) -> None:
    loss = choose_objective(name, gamma=0.3)
    student = scores(1).requires_grad_()
    teacher, mask = signal(name, 2)
    assert torch.autograd.gradcheck(lambda s: loss(s, teacher, mask), (student,))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_padding_changes_neither_value_nor_gradient(name: str) -> None:
    loss = choose_objective(name, gamma=0.3)
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


@pytest.mark.parametrize("name", ["kl", "margin", "emdr2"])
def test_a_constant_per_question_changes_nothing(name: str) -> None:
    loss = choose_objective(name, gamma=0.3)
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
    for name in OBJECTIVES:
        once = (scores(1), *signal(name, 2))
        loss = choose_objective(name, gamma=0.3)
        twice = [torch.cat([one, one]) for one in once]
        assert float(loss(*twice)) == pytest.approx(float(loss(*once)))


def test_a_certain_teacher_gives_a_finite_loss() -> None:
    teacher = torch.tensor([[1e5, 0.0, -1e5]])
    value = kl(torch.zeros(1, 3), teacher, torch.ones(1, 3, dtype=torch.bool))
    assert float(value) == pytest.approx(math.log(3))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BadRequest, match="'cosine'; use one of kl, mse, margin, emdr2"):
        choose_objective("cosine", gamma=0.2)
