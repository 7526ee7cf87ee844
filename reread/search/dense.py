"""Search by vectors, and by every token's where the retriever compares those.

One vector per passage finds; for late interaction it finds candidates, which a vector per token
orders. Knows a retriever and its index; knows no passage, no manifest and no home.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reread.errors import BadRequest
from reread.records import Hit
from reread.retriever.interaction import TextVectors

if TYPE_CHECKING:
    from reread.retriever.retriever import DenseRetriever
    from reread.search.tokens import TokenIndex
    from reread.search.vectors import VectorIndex

CANDIDATES = 256  # passages compared token by token, the nearest by their one vector


@dataclass(frozen=True, slots=True)
class DenseSearch:
    """Vectors on both sides, from the same weights; `tokens` None = one vector per text."""

    retriever: DenseRetriever
    index: VectorIndex
    tokens: TokenIndex | None = None

    def __post_init__(self) -> None:
        if (self.tokens is not None) != self.retriever.interaction.by_token:
            raise BadRequest(
                f"The retriever compares {self.retriever.interaction.name} vectors and its index "
                f"has {'no' if self.tokens is None else 'its'} tokens: run `reread build`."
            )

    def embed(self, questions: Sequence[str]) -> TextVectors:
        return self.retriever.question_vectors(questions)

    def find(
        self, asked: TextVectors, top_k: int, allowed: npt.NDArray[np.bool_] | None = None
    ) -> list[list[Hit]]:
        """The best for each question, of the rows allowed; tokens order ties by row."""
        if self.tokens is None:
            return self.nearest(asked, top_k, allowed)
        near, rows = self.index.search(asked.pooled, count_candidates(top_k), allowed)
        return [
            _with_nearness(self.match(asked, place, found, top_k), found, near[place])
            for place, found in enumerate(rows)
        ]

    def nearest(
        self, asked: TextVectors, top_k: int, allowed: npt.NDArray[np.bool_] | None = None
    ) -> list[list[Hit]]:
        """The best by one vector per text."""
        scores, rows = self.index.search(asked.pooled, top_k, allowed)
        pairs = zip(rows.tolist(), scores.tolist(), strict=True)
        return [[Hit(row, score) for row, score in zip(*one, strict=True)] for one in pairs]

    def match(
        self, asked: TextVectors, place: int, rows: npt.NDArray[np.int64], top_k: int
    ) -> list[Hit]:
        """The best of these rows for one question, token by token, ties by row."""
        assert self.tokens is not None
        return self.tokens.best(asked.tokens_of(place), rows, top_k)


def _with_nearness(
    hits: Sequence[Hit], rows: npt.NDArray[np.int64], near: npt.NDArray[np.float32]
) -> list[Hit]:
    known = dict(zip(rows.tolist(), near.tolist(), strict=True))
    return [replace(hit, nearness=known[hit.row]) for hit in hits]


def count_candidates(top_k: int) -> int:
    """How many passages a late search compares token by token."""
    return max(CANDIDATES, 2 * top_k)
