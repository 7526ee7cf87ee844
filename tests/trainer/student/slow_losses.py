"""The objectives written out as loops over passages, for three questions of up to four passages."""

import math

import torch

MASK = torch.tensor([[True, True, True, True], [True, True, False, False], [True] * 3 + [False]])


def scores(seed: int) -> torch.Tensor:
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


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
