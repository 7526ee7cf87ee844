"""Whether a reader in bfloat16 reads as it does in float32: the same few questions read by both.

Knows readings and their scores; knows no model and no processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from reread.reading import Reading, ReadRequest
from reread.records import Passage

LEAST_RANKS = 0.99  # mean Spearman correlation of the passages' scores
PASSAGES = tuple(
    Passage(f"probe-{n}", title, text)
    for n, (title, text) in enumerate([
        ("Harbour", "The harbour was built in 1874 and has room for 62 fishing boats."),
        ("Harbour", "Ferries leave the harbour every forty minutes from April to October."),
        ("Lighthouse", "The lighthouse stands on Gull Rock; its keeper was Anna Brandt."),
        ("Opening hours", "Office: 9.00 to 16.30\nWorkshop: 7.30 to 15.00\nClosed on Sunday"),
        ("set_limit(value)", "set_limit(value) sets the largest number of connections; 0 is none."),
        ("Bread", "Mix 500 g of flour with 10 g of salt, wait an hour, bake at 230 degrees."),
        ("River", "Melting snow raises the river by two metres in most years."),
        ("Union", "The fishers' union was founded by Henrik Olsen after the storm of 1901."),
    ])
)  # fmt: skip
QUESTIONS = (
    "When was the harbour built?",
    "Who was the keeper of the lighthouse?",
    "When does the workshop open?",
    "How many horses does the mayor own?",
)


class Reads(Protocol):
    """Any reader."""

    def read(self, requests: Sequence[ReadRequest]) -> list[Reading]: ...


def read_alike(exact: Reads, fast: Reads) -> bool:
    """Same answers and refusals, and nearly the same order of passages, question by question."""
    requests = [ReadRequest(question, PASSAGES) for question in QUESTIONS]
    pairs = list(zip(exact.read(requests), fast.read(requests), strict=True))
    if any((one.answer, one.found) != (other.answer, other.found) for one, other in pairs):
        return False
    ranks = [rank_agreement(one.attention, other.attention) for one, other in pairs]
    return sum(ranks) / len(ranks) >= LEAST_RANKS


def rank_agreement(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's correlation of two scores of the same n passages, equals in their order.

    >>> rank_agreement([1.0, 2.0, 3.0], [2.0, 4.0, 9.0]), rank_agreement([1.0, 2.0], [2.0, 1.0])
    (1.0, -1.0)
    """
    n = len(one)
    left, right = (torch.tensor(values).argsort(stable=True).argsort() for values in (one, other))
    apart = float(((left - right).double() ** 2).sum())
    return 1.0 - 6.0 * apart / (n * (n * n - 1))
