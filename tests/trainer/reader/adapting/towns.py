"""A small home's documents: towns whose facts stand behind labels, and what searches them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from reread.records import Hit, Passage
from reread.search.words import BM25Retriever

MAYORS = ["Anna Brandt", "Ole Dahl", "Mia Kern", "Ivo Sand", "Lea Moor", "Tom Fjell"]
DAYS = ["Monday", "Tuesday", "Thursday", "Friday", "Saturday"]


def make_towns(count: int) -> list[Passage]:
    """Each names its mayor, its wells and its market day."""
    random = Random(4)
    return [
        Passage(
            f"town-{n}", f"Towns > Town {n}",
            f"Mayor: {random.choice(MAYORS)}\nWells: {100 + n}\nMarket day: {random.choice(DAYS)}",
        )
        for n in range(count)
    ]  # fmt: skip


class Rows(list[Passage]):
    def get(self, rows: Sequence[int]) -> list[Passage]:
        return [self[row] for row in rows]


class WordSearch:
    """Passages searched by words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = Rows(passages)
        self._words = BM25Retriever.build(passages)

    def search(self, questions: Sequence[str], top_k: int) -> list[list[Hit]]:
        return self._words.search(questions, top_k)
