"""Retrieves passages for a whole set of questions, in the whole corpus or within one document each.

Step 4 of the paper's iteration (section 3.5), and the initial passages. Restricted search is
exact: the full ranking with the other documents left out. Knows retrievers, rows and scores;
knows no reader and no run.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reread.index import VectorIndex
from reread.lexical import BM25Retriever
from reread.passages import PassageStore
from reread.records import Hit
from reread.retriever import DenseRetriever
from trainer.ranked_lists import RankedLists, pack

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Progress = Callable[[float], None]  # share done
PASSAGES_AT_ONCE = 1024
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


class DenseSearch:
    """A retriever over an encoded corpus; the vectors live in a file that the caller removes."""

    def __init__(
        self, retriever: DenseRetriever, vectors: Floats, *, index: str = "Flat", threads: int = 1
    ) -> None:
        self._retriever, self._vectors = retriever, vectors
        self._index = VectorIndex.build(vectors, index, threads=threads)

    def search(
        self, questions: Sequence[str], depth: int, within: Sequence[Rows | None]
    ) -> RankedLists:
        """(Q, depth) lists; inner products, ties by row."""
        lists: list[list[Hit]] = []
        for start in range(0, len(questions), QUESTIONS_AT_ONCE):
            part = slice(start, start + QUESTIONS_AT_ONCE)
            lists += self._search(list(questions[part]), depth, within[part])
        return pack(lists)

    def _search(
        self, questions: list[str], depth: int, within: Sequence[Rows | None]
    ) -> Iterator[list[Hit]]:
        asked = self._retriever.encode_questions(questions)  # (B, D)
        whole = [place for place, rows in enumerate(within) if rows is None]
        scores, rows = self._index.search(asked[whole], depth)
        found = dict(zip(whole, zip(scores.tolist(), rows.tolist(), strict=True), strict=True))
        for place, own in enumerate(within):
            if own is not None:
                yield best_within(self._vectors[own] @ asked[place], own, depth)
            else:
                pairs = zip(*found[place], strict=True)
                yield [Hit(int(row), float(score)) for score, row in pairs]


def encode_corpus(
    retriever: DenseRetriever, store: PassageStore, path: Path, progress: Progress
) -> Floats:
    """(N, D) float32 vectors of every passage, memory-mapped at `path`."""
    shape = (len(store), retriever.dimension)
    vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    start = 0
    for batch in store.iterate(PASSAGES_AT_ONCE):
        vectors[start : start + len(batch)] = retriever.encode_passages(batch)
        start += len(batch)
        progress(start / len(store))
    return vectors


def best_within(scores: Floats, rows: Rows, depth: int) -> list[Hit]:
    """The `depth` best of some rows; `scores` runs parallel to `rows`, ties by row.

    >>> best_within(np.array([1, 3, 3], np.float32), np.array([9, 7, 5]), 2)
    [Hit(row=5, score=3.0), Hit(row=7, score=3.0)]
    """
    order = np.lexsort((rows, -scores))[:depth]
    return [Hit(int(rows[place]), float(scores[place])) for place in order]
