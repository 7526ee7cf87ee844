"""A retriever's scores of passages that it has no index of: by vector, or token by token.

Knows retrievers, passages and rows; knows no teacher, no store and no lists' origin.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reread.records import Passage
from reread.retriever.interaction import TextVectors, best_matches
from reread.retriever.retriever import DenseRetriever
from reread.search.dense import count_candidates

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
QUESTIONS_AT_ONCE = 256  # a late retriever's: their passages' tokens are in memory together


def score_lists(
    retriever: DenseRetriever,
    questions: Sequence[str],
    lists: Sequence[Sequence[Passage]],
    *,
    questions_at_once: int = QUESTIONS_AT_ONCE,
) -> list[Floats]:
    """(K_i,) of each question with its own passages; no list may be empty for a late retriever."""
    scores: list[Floats] = []
    for start in range(0, len(questions), questions_at_once):
        part = slice(start, start + questions_at_once)
        unique = _number(lists[part])
        passages = retriever.passage_vectors(list(unique))
        asked = retriever.question_vectors(questions[part])
        for b, own in enumerate(lists[part]):
            places = np.array([unique[passage] for passage in own], dtype=np.int64)
            scores.append(compare(asked, b, passages, places))
    return scores


def compare(asked: TextVectors, place: int, passages: TextVectors, places: Rows) -> Floats:
    """(len(places),) one question's scores of some passages, none of them without a token."""
    if asked.tokens is None or not len(places):
        scores: Floats = passages.pooled[places] @ asked.pooled[place]
        return scores
    return best_matches(asked.tokens_of(place), *passages.select(places.tolist()))


def _number(lists: Sequence[Sequence[Passage]]) -> dict[Passage, int]:
    """Every different passage once, in the order in which they come."""
    unique: dict[Passage, int] = {}
    for own in lists:
        for passage in own:
            unique.setdefault(passage, len(unique))
    return unique


class Best:
    """The k best passages of each question, of those shown so far, as the retriever's search.

    Show rows in ascending order: of equal scores the first ones stay. For late interaction the
    candidates are the nearest by one vector, and only what is among them is compared by token;
    of N passages that is C ln(N / C) instead of all.
    """

    def __init__(
        self,
        retriever: DenseRetriever,
        questions: Sequence[str],
        k: int,
        *,
        candidates: int | None = None,  # of a late retriever; None = as many as a generation has
    ) -> None:
        self._retriever, self._k = retriever, k
        self._asked = retriever.question_vectors(questions)
        self._by_token = self._asked.tokens is not None
        self._width = (candidates or count_candidates(k)) if self._by_token else k
        self._rows = [np.zeros(0, dtype=np.int64) for _ in questions]
        self._near = [np.zeros(0, dtype=np.float32) for _ in questions]
        self._matches = [np.zeros(0, dtype=np.float32) for _ in questions]

    def show(self, rows: Rows, passages: Sequence[Passage]) -> None:
        """More of the corpus."""
        made = self._retriever.passage_vectors(passages)
        near = self._asked.pooled @ made.pooled.T  # (B, C)
        for q in range(len(self._rows)):
            self._merge(q, rows, near[q], made)

    def _merge(self, q: int, rows: Rows, near: Floats, made: TextVectors) -> None:
        known, together = len(self._rows[q]), np.concatenate([self._near[q], near])
        kept = np.argsort(-together, kind="stable")[: self._width]
        if self._by_token:
            matches = np.concatenate([self._matches[q], np.zeros(len(rows), dtype=np.float32)])
            fresh = kept[kept >= known]
            matches[fresh] = compare(self._asked, q, made, fresh - known)
            self._matches[q] = matches[kept]
        self._rows[q] = np.concatenate([self._rows[q], rows])[kept]
        self._near[q] = together[kept]

    def rows(self) -> list[list[int]]:
        """Each question's best, best first, ties by row."""
        scores = self._matches if self._by_token else self._near
        return [
            own[np.lexsort((own, -score))][: self._k].tolist()
            for own, score in zip(self._rows, scores, strict=True)
        ]
