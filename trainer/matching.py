"""A retriever's scores of questions with passages it has no index of: by vector, or by token.

Knows retrievers and passages; knows no teacher, no corpus and no lists' origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reread.late_interaction import TokenVectors, best_matches
from reread.records import Passage
from reread.retriever import DenseRetriever

Floats = npt.NDArray[np.float32]
QUESTIONS_AT_ONCE = 256  # a late retriever's: their passages' tokens are in memory together


@dataclass(frozen=True, slots=True)
class EncodedQuestions:
    """B questions, to be compared with passages as their retriever does."""

    retriever: DenseRetriever
    asked: Floats | TokenVectors

    @classmethod
    def of(cls, retriever: DenseRetriever, questions: Sequence[str]) -> "EncodedQuestions":
        if retriever.settings.interaction == "late":
            return cls(retriever, retriever.encode_question_tokens(questions))
        return cls(retriever, retriever.encode_questions(questions))

    def score(self, passages: Sequence[Passage]) -> Floats:
        """(B, N): every question with every passage."""
        if not isinstance(self.asked, TokenVectors):
            products: Floats = self.asked @ self.retriever.encode_passages(passages).T
            return products
        made = self.retriever.encode_passage_tokens(passages)
        rows = [
            best_matches(self.asked.tokens_of(b), made.tokens, made.starts[:-1])
            for b in range(len(self.asked))
        ]
        return np.stack(rows)


def score_lists(
    retriever: DenseRetriever,
    questions: Sequence[str],
    lists: Sequence[Sequence[Passage]],
) -> list[Floats]:
    """(K_i,) of each question with its own passages; no list may be empty for a late retriever."""
    if retriever.settings.interaction != "late":
        return _score_pooled(retriever, questions, lists)
    scores: list[Floats] = []
    for start in range(0, len(questions), QUESTIONS_AT_ONCE):
        part = slice(start, start + QUESTIONS_AT_ONCE)
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
    scores: list[Floats] = []
    for b, own in enumerate(lists):
        tokens = [passages.tokens_of(unique[passage]) for passage in own]
        starts = np.cumsum([0, *(len(one) for one in tokens[:-1])])
        scores.append(best_matches(asked.tokens_of(b), np.concatenate(tokens), starts))
    return scores


def _number(lists: Sequence[Sequence[Passage]]) -> dict[Passage, int]:
    """Every different passage once, in the order in which they come."""
    unique: dict[Passage, int] = {}
    for own in lists:
        for passage in own:
            unique.setdefault(passage, len(unique))
    return unique
