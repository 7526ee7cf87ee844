"""Retrieves passages for a whole set of questions, in the whole corpus or within one document each.

Step 4 of the paper's iteration (section 3.5), and the initial passages. Restricted search is
exact: the full ranking with the other documents left out. Knows retrievers, rows and scores;
knows no reader and no run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reread.artefacts.generation import count_candidates
from reread.artefacts.passages import PassageStore
from reread.records import Hit, Passage
from reread.retriever.retriever import DenseRetriever
from reread.search.tokens import TokenIndex, TokenWriter
from reread.search.vectors import VectorIndex
from reread.search.words import BM25Retriever
from trainer.iterative.lists.ranked import RankedLists, pack

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Progress = Callable[[float], None]  # share done
PASSAGES_AT_ONCE, TOKEN_PASSAGES_AT_ONCE = 1024, 256
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
class EncodedCorpus:
    """Every passage's vector, and for late interaction its tokens'; they live in a folder."""

    vectors: Floats  # (N, D)
    tokens: TokenIndex | None


class DenseSearch:
    """A retriever over an encoded corpus, whose folder the caller removes."""

    def __init__(
        self, retriever: DenseRetriever, corpus: EncodedCorpus, *, index: str = "Flat"
    ) -> None:
        self._retriever, self._corpus = retriever, corpus
        self._index = VectorIndex.build(corpus.vectors, index)

    def search(
        self, questions: Sequence[str], depth: int, within: Sequence[Rows | None]
    ) -> RankedLists:
        """(Q, depth) lists, ties by row: of inner products, or by tokens as the service does."""
        search = self._search_late if self._corpus.tokens is not None else self._search
        lists: list[list[Hit]] = []
        for start in range(0, len(questions), QUESTIONS_AT_ONCE):
            part = slice(start, start + QUESTIONS_AT_ONCE)
            lists += search(list(questions[part]), depth, within[part])
        return pack(lists)

    def _search(
        self, questions: list[str], depth: int, within: Sequence[Rows | None]
    ) -> list[list[Hit]]:
        asked = self._retriever.encode_questions(questions)  # (B, D)
        return self._find(asked, depth, within)

    def _search_late(
        self, questions: list[str], depth: int, within: Sequence[Rows | None]
    ) -> list[list[Hit]]:
        assert self._corpus.tokens is not None
        asked = self._retriever.encode_question_tokens(questions)
        candidates = self._find(asked.pooled, count_candidates(depth), within)
        return [
            self._corpus.tokens.best(asked.tokens_of(place), rows_of(hits), depth)
            for place, hits in enumerate(candidates)
        ]

    def _find(self, asked: Floats, depth: int, within: Sequence[Rows | None]) -> list[list[Hit]]:
        """The nearest by one vector each."""
        whole = [place for place, rows in enumerate(within) if rows is None]
        scores, rows = self._index.search(asked[whole], depth)
        found = dict(zip(whole, zip(scores.tolist(), rows.tolist(), strict=True), strict=True))
        lists = []
        for place, own in enumerate(within):
            if own is not None:
                lists.append(best_within(self._corpus.vectors[own] @ asked[place], own, depth))
            else:
                pairs = zip(*found[place], strict=True)
                lists.append([Hit(int(row), float(score)) for score, row in pairs])
        return lists


def encode_corpus(
    retriever: DenseRetriever, store: PassageStore, folder: Path, progress: Progress
) -> EncodedCorpus:
    """Every passage encoded into files of `folder`, and these memory-mapped."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = (len(store), retriever.dimension)
    path, tokens = folder / "vectors.npy", folder / "tokens"
    vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    if retriever.settings.interaction != "late":
        for part, batch in _slices(store, PASSAGES_AT_ONCE, progress):
            vectors[part] = retriever.encode_passages(batch)
        return EncodedCorpus(vectors, None)
    with TokenWriter(tokens, retriever.token_dimension) as writer:
        for part, batch in _slices(store, TOKEN_PASSAGES_AT_ONCE, progress):
            made = retriever.encode_passage_tokens(batch)
            vectors[part] = made.pooled
            writer.add_all(made)
    return EncodedCorpus(vectors, TokenIndex.load(tokens))


def _slices(
    store: PassageStore, count: int, progress: Progress
) -> Iterator[tuple[slice, list[Passage]]]:
    """The corpus in parts, each with its rows; progress is told when a part is done."""
    start = 0
    for batch in store.iterate(count):
        yield slice(start, start + len(batch)), batch
        start += len(batch)
        progress(start / len(store))


def rows_of(hits: Sequence[Hit]) -> Rows:
    return np.array([hit.row for hit in hits], dtype=np.int64)


def best_within(scores: Floats, rows: Rows, depth: int) -> list[Hit]:
    """The `depth` best of some rows; `scores` runs parallel to `rows`, ties by row.

    >>> best_within(np.array([1, 3, 3], np.float32), np.array([9, 7, 5]), 2)
    [Hit(row=5, score=3.0), Hit(row=7, score=3.0)]
    """
    order = np.lexsort((rows, -scores))[:depth]
    return [Hit(int(rows[place]), float(scores[place])) for place in order]
