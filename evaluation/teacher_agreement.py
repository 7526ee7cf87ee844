"""How far a retriever's scores agree with the reader's on lists both have ranked.

Works on plain numbers, one list per question; knows no model, no corpus and no threshold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation import rank_agreement

Measure = Callable[[Sequence[float], Sequence[float], int], float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Means over the questions; `question_ndcg` keeps one value each for paired comparison."""

    top_1: float
    ndcg: float
    inversions: float
    average_top_k: dict[str, float]
    index_top_k: dict[str, float]
    kl: float | None  # None where a score is missing, or the scores are not the encoder's
    question_ndcg: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "top_1_agreement": self.top_1,
            "ndcg": self.ndcg,
            "inversions": self.inversions,
            "average_top_k": self.average_top_k,
            "index_top_k": self.index_top_k,
            "kl": self.kl,
        }


def measure_agreement(
    teacher: Sequence[np.ndarray],  # (K_i,) scaled scores
    student: Sequence[np.ndarray],  # (K_i,) -inf where the passage was not found
    *,
    temperature: float | None,  # of the student's scores; None = no KL, they are no logits
) -> Agreement:
    """Agreement over all questions; gains of nDCG are the reader's relevances."""
    pairs = [(list(t), list(s)) for t, s in zip(teacher, student, strict=True)]
    gains = [list(relevance(one)) for one in teacher]
    ndcg = [rank_agreement.ndcg(g, s) for g, (_, s) in zip(gains, pairs, strict=True)]
    return Agreement(
        top_1=_mean([rank_agreement.rank(t)[0] == rank_agreement.rank(s)[0] for t, s in pairs]),
        ndcg=_mean(ndcg),
        inversions=_mean([rank_agreement.count_inversions(t, s) for t, s in pairs]),
        average_top_k=_by_depth(pairs, rank_agreement.average_top_k),
        index_top_k=_by_depth(pairs, rank_agreement.index_top_k),
        kl=None if temperature is None else _mean_kl(teacher, student, temperature),
        question_ndcg=tuple(ndcg),
    )


def relevance(scores: np.ndarray) -> np.ndarray:  # (K,) -> (K,)
    """Softmax over one question's passages.

    >>> relevance(np.zeros(2, dtype=np.float32)).tolist()
    [0.5, 0.5]
    """
    shifted: np.ndarray = np.exp(scores - scores.max())
    return np.asarray(shifted / shifted.sum())


def _by_depth(pairs: list[tuple[list[float], list[float]]], measure: Measure) -> dict[str, float]:
    # a list shorter than k has no figure at k
    long_enough = {k: [pair for pair in pairs if len(pair[0]) >= k] for k in rank_agreement.DEPTHS}
    return {
        str(k): _mean([measure(t, s, k) for t, s in lists])
        for k, lists in long_enough.items()
        if lists
    }


def _mean_kl(
    teacher: Sequence[np.ndarray], student: Sequence[np.ndarray], temperature: float
) -> float | None:
    if not all(np.isfinite(scores).all() for scores in student):
        return None
    terms = [
        _kl(relevance(t), relevance(s / temperature)) for t, s in zip(teacher, student, strict=True)
    ]
    return _mean(terms)


def _kl(target: np.ndarray, guess: np.ndarray) -> float:
    tiny = np.finfo(np.float64).tiny
    return float(np.sum(target * np.log(np.maximum(target, tiny) / np.maximum(guess, tiny))))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
