"""Readers in bfloat16 are held to float32, and `auto` is bfloat16 only where it reads alike."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from reread.compute.precision import pick_bf16
from reread.reader.loading import (
    ALIKE,
    OTHERWISE,
    SLOW,
    STARTER,
    fast_if_alike,
    load_reader,
    reader_folder,
)
from reread.reader.probe import PASSAGES, QUESTIONS, rank_agreement, read_alike
from reread.reader.reader import Reader
from reread.reading import Reading, ReadRequest
from tests.reread.reader.tiny_pointing import save_tiny_pointing


class Said:
    """A reader whose readings are given."""

    def __init__(self, answer: str, scores: Sequence[float], found: bool = True) -> None:
        self.reading = Reading(answer, 0.5, tuple(scores), found=found)

    def read(self, requests: Sequence[ReadRequest]) -> list[Reading]:
        return [self.reading] * len(requests)


def test_alike_is_the_same_answers_and_nearly_the_same_order() -> None:
    scores = [0.5, -1.0, 2.0, 0.1, 0.2, 0.3, 7.0, 4.0]
    exact = Said("1874", scores)
    assert read_alike(exact, Said("1874", [3 * one - 8 for one in scores]))
    assert not read_alike(exact, Said("1875", scores))
    assert not read_alike(exact, Said("1874", scores, found=False))
    turned = [0.5, -1.0, 2.0, 0.2, 0.1, 0.3, 7.0, 4.0]  # two neighbours: 1 - 6 x 2 / 504
    assert rank_agreement(scores, turned) == pytest.approx(1 - 12 / 504)
    assert not read_alike(exact, Said("1874", turned))


def test_auto_says_what_it_chose_and_why(tmp_path: Path) -> None:
    fast = pick_bf16(None, torch.device("cpu"))
    folder = save_tiny_pointing(tmp_path / "reader")
    for name in (STARTER, folder):
        info = load_reader(name, device="cpu").info()
        assert (info["dtype"], info["dtype_why"]) in (
            [("bfloat16", ALIKE), ("float32", OTHERWISE)] if fast else [("float32", SLOW)]
        )
    asked = load_reader(folder, device="cpu", dtype="bfloat16").info()
    assert (asked["dtype"], asked["dtype_why"]) == ("bfloat16", "as asked")


def test_the_fast_reader_serves_only_where_it_reads_alike(tmp_path: Path) -> None:
    exact, same, other = (
        Reader.load(save_tiny_pointing(tmp_path / str(n), seed=seed), dtype="float32")
        for n, seed in enumerate((0, 0, 5))
    )
    assert fast_if_alike(exact, same) is same and same.dtype_why == "as asked"
    assert fast_if_alike(exact, other) is exact and exact.dtype_why == OTHERWISE


def test_the_starter_in_bfloat16_reads_as_in_float32() -> None:
    """The same answers to questions that the probe does not ask, and the same order of passages."""
    asked = [f"What does passage {n} say about {title}?" for n, title in enumerate(
        ("the harbour", "ferries", "the lighthouse", "the office", "connections", "salt", "snow",
         "Henrik Olsen", "the storm", "Sunday", "April", "Anna Brandt")
    )]  # fmt: skip
    requests = [ReadRequest(one, PASSAGES) for one in (*asked, *QUESTIONS)]
    exact = Reader.load(reader_folder(STARTER), device="cpu", dtype="float32").read(requests)
    fast = load_reader(STARTER, device="cpu", dtype="bfloat16").read(requests)
    same = sum(one.answer == other.answer for one, other in zip(exact, fast, strict=True))
    ranks = [rank_agreement(one.attention, other.attention)
             for one, other in zip(exact, fast, strict=True)]  # fmt: skip
    assert same >= 0.9 * len(requests)
    assert sum(ranks) / len(ranks) >= 0.98
