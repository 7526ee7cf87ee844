"""A retriever's scores of passages that it has no index of: by vector, or token by token.

Knows retrievers, passages and rows; knows no teacher, no store and no lists' origin.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reread.artefacts.generation import count_candidates
from reread.records import Passage
from reread.retriever.interaction import TokenVectors, best_matches
from reread.retriever.retriever import DenseRetriever

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
    if retriever.settings.interaction != "late":
        return _score_pooled(retriever, questions, lists)
    scores: list[Floats] = []
    for start in range(0, len(questions), questions_at_once):
        part = slice(start, start + questions_at_once)
        scores += _score_late(retriever, questions[part], lists[part])
    return scores


def _score_pooled(
    retriever: DenseRetriever, questions: Sequence[str], lists: Sequence[Sequence[Passage]]
) -> list[Floats]:
    unique = _number(lists)
    passages = retriever.encode_passages(list(unique))  # (P, D)
    asked = retriever.encode_questions(list(questions))  # (B, D)
    return [
        passages[[unique[passage] for passage in own]] @ question
        for own, question in zip(lists, asked, strict=True)
    ]


def _score_late(
    retriever: DenseRetriever, questions: Sequence[str], lists: Sequence[Sequence[Passage]]
) -> list[Floats]:
    unique = _number(lists)
    passages = retriever.encode_passage_tokens(list(unique))
    asked = retriever.encode_question_tokens(list(questions))
    return [
        best_matches(asked.tokens_of(b), *passages.select([unique[passage] for passage in own]))
        for b, own in enumerate(lists)
    ]


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
        self._asked: TokenVectors | None = None  # of a late retriever
        if retriever.settings.interaction == "late":
            self._asked = retriever.encode_question_tokens(questions)
            self._vectors, self._width = self._asked.pooled, candidates or count_candidates(k)
        else:
            self._vectors, self._width = retriever.encode_questions(questions), k  # (B, D)
        self._rows = [np.zeros(0, dtype=np.int64) for _ in questions]
        self._near = [np.zeros(0, dtype=np.float32) for _ in questions]
        self._matches = [np.zeros(0, dtype=np.float32) for _ in questions]

    def show(self, rows: Rows, passages: Sequence[Passage]) -> None:
        """More of the corpus."""
        made = None
        if self._asked is not None:
            made = self._retriever.encode_passage_tokens(passages)
            vectors = made.pooled
        else:
            vectors = self._retriever.encode_passages(passages)
        near = self._vectors @ vectors.T  # (B, C)
        for q in range(len(self._rows)):
            self._merge(q, rows, near[q], made)

    def _merge(self, q: int, rows: Rows, near: Floats, made: TokenVectors | None) -> None:
        known, together = len(self._rows[q]), np.concatenate([self._near[q], near])
        kept = np.argsort(-together, kind="stable")[: self._width]
        if made is not None:
            matches = np.concatenate([self._matches[q], np.zeros(len(rows), dtype=np.float32)])
            fresh = kept[kept >= known]
            matches[fresh] = self._match(q, made, fresh - known)
            self._matches[q] = matches[kept]
        self._rows[q] = np.concatenate([self._rows[q], rows])[kept]
        self._near[q] = together[kept]

    def _match(self, q: int, made: TokenVectors, places: Rows) -> Floats:
        assert self._asked is not None
        if not len(places):
            return np.zeros(0, dtype=np.float32)
        return best_matches(self._asked.tokens_of(q), *made.select(places.tolist()))

    def rows(self) -> list[list[int]]:
        """Each question's best, best first, ties by row."""
        scores = self._near if self._asked is None else self._matches
        return [
            own[np.lexsort((own, -score))][: self._k].tolist()
            for own, score in zip(self._rows, scores, strict=True)
        ]
