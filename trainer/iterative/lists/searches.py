"""Retrieves passages for a whole set of questions, in the whole corpus or within one document each.

Step 4 of the paper's iteration (section 3.5), and the initial passages. Restricted search is
exact: the full ranking with the other documents left out. Knows retrievers, rows and scores;
knows no reader and no run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reread.artefacts.encoding import encode_corpus
from reread.artefacts.passages import PassageStore
from reread.records import Hit
from reread.retriever.interaction import TextVectors
from reread.retriever.retriever import DenseRetriever
from reread.search.dense import DenseSearch, count_candidates
from reread.search.tokens import TokenIndex
from reread.search.vectors import VectorIndex
from reread.search.words import BM25Retriever
from trainer.iterative.lists.ranked import RankedLists, pack

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Progress = Callable[[float], None]  # share done
QUESTIONS_AT_ONCE = 256


def search_words(
    store: PassageStore,
    questions: Sequence[str],
    depth: int,
    within: Sequence[Rows | None],
    progress: Progress,
) -> RankedLists:
    """BM25 with the statistics of the whole corpus; `within[q]` limits question q to those rows."""
    bm25 = BM25Retriever.build(one for batch in store.iterate() for one in batch)
    lists: list[list[Hit]] = []
    for place, (question, rows) in enumerate(zip(questions, within, strict=True)):
        if rows is None:
            lists += bm25.search([question], depth)
        else:
            lists.append(best_within(bm25.score_all(question)[rows], rows, depth))
        progress((place + 1) / len(questions))
    return pack(lists)


@dataclass(frozen=True, slots=True)
class ListSearch:
    """A generation's search, or its exact ranking within some rows; files are the caller's."""

    search: DenseSearch
    vectors: Floats  # (N, D)

    def find(
        self, questions: Sequence[str], depth: int, within: Sequence[Rows | None]
    ) -> RankedLists:
        """(Q, depth) lists, ties by row: of inner products, or by tokens as the service does."""
        lists: list[list[Hit]] = []
        for start in range(0, len(questions), QUESTIONS_AT_ONCE):
            part = slice(start, start + QUESTIONS_AT_ONCE)
            lists += self._find(list(questions[part]), depth, within[part])
        return pack(lists)

    def _find(
        self, questions: list[str], depth: int, within: Sequence[Rows | None]
    ) -> list[list[Hit]]:
        asked, by_token = self.search.embed(questions), self.search.tokens is not None
        near = self._nearest(asked, count_candidates(depth) if by_token else depth, within)
        if not by_token:
            return near
        return [
            self.search.match(asked, place, rows_of(hits), depth) for place, hits in enumerate(near)
        ]

    def _nearest(
        self, asked: TextVectors, depth: int, within: Sequence[Rows | None]
    ) -> list[list[Hit]]:
        """By one vector each."""
        whole = [place for place, rows in enumerate(within) if rows is None]
        everywhere = self.search.nearest(TextVectors(asked.pooled[whole]), depth)
        found = dict(zip(whole, everywhere, strict=True))
        for place, own in enumerate(within):
            if own is not None:
                found[place] = best_within(self.vectors[own] @ asked.pooled[place], own, depth)
        return [found[place] for place in range(len(within))]


def encode_lists(
    retriever: DenseRetriever,
    store: PassageStore,
    folder: Path,
    progress: Progress,
    *,
    index: str = "Flat",
) -> ListSearch:
    """Every passage encoded into files of `folder`, which may be removed while it is searched."""
    folder.mkdir(parents=True, exist_ok=True)
    path, kept = folder / "vectors.npy", folder / "tokens"
    encode_corpus(store, retriever, path, progress=progress, tokens=kept)
    vectors: Floats = np.load(path, mmap_mode="r", allow_pickle=False)
    tokens = TokenIndex.load(kept) if retriever.interaction.by_token else None
    return ListSearch(DenseSearch(retriever, VectorIndex.build(vectors, index), tokens), vectors)


def rows_of(hits: Sequence[Hit]) -> Rows:
    return np.array([hit.row for hit in hits], dtype=np.int64)


def best_within(scores: Floats, rows: Rows, depth: int) -> list[Hit]:
    """The `depth` best of some rows; `scores` runs parallel to `rows`, ties by row.

    >>> best_within(np.array([1, 3, 3], np.float32), np.array([9, 7, 5]), 2)
    [Hit(row=5, score=3.0, nearness=None), Hit(row=7, score=3.0, nearness=None)]
    """
    order = np.lexsort((rows, -scores))[:depth]
    return [Hit(int(rows[place]), float(scores[place])) for place in order]
