"""A few passages' BM25 scores on the scale of a large index that does not hold them.

What a word is worth, and how long a passage usually is, is the large index's; so the scores of
both can be put in one order. Knows words and scores; does not know which passages they are.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reread.records import Passage
from reread.search.terms import tokenize
from reread.search.words import K1, B, BM25Retriever

Floats = npt.NDArray[np.float32]
PROBES = 32  # passages whose scores are looked at to learn the usual length


class WordsBeside:
    """M passages, in order, beside an index; immutable."""

    def __init__(
        self, index: BM25Retriever, passages: Sequence[Passage], average_length: float
    ) -> None:
        counts = [Counter(words_of(one)) for one in passages]
        self._count, self._index = len(passages), index
        self._frequencies: Counter[str] = Counter(word for one in counts for word in one)
        gathered: dict[str, list[tuple[int, float]]] = {}
        for place, one in enumerate(counts):
            length = K1 * (1 - B + B * one.total() / average_length)
            for word, times in one.items():
                gathered.setdefault(word, []).append((place, times / (times + length)))
        self._weights = {
            word: (np.array([p for p, _ in found]), np.array([w for _, w in found], np.float32))
            for word, found in gathered.items()
        }

    def __len__(self) -> int:
        return self._count

    def score_all(self, question: str) -> Floats:
        """(M,) what each passage would score in the large index."""
        scores = np.zeros(self._count, dtype=np.float32)
        for word, times in Counter(tokenize(question)).items():
            if word in self._weights:
                places, weights = self._weights[word]
                scores[places] += np.float32(times * self._worth(word)) * weights
        return scores

    def _worth(self, word: str) -> float:
        """The large index's idf; of a word that it does not have, the idf in both together."""
        holding = self._index.passages_with(word)
        if holding == 0:
            return idf(self._frequencies[word], len(self._index) + self._count)
        return idf(holding, len(self._index))


def idf(holding: int, count: int) -> float:
    """Lucene's: log(1 + (N - n + 0.5) / (n + 0.5)).

    >>> round(idf(1, 10), 3)
    1.992
    """
    return float(np.log(1 + (count - holding + 0.5) / (holding + 0.5)))


def words_of(passage: Passage) -> list[str]:
    """The words an index has of a passage."""
    return tokenize(f"{passage.title} {passage.text}")


def average_length(index: BM25Retriever, passages: Sequence[tuple[int, Passage]]) -> float:
    """How many words the index's passages have on average, solved for from the scores of a few.

    A score is idf * n / (n + K1 * (1 - B + B * length / average)): known but for the average.
    """
    found = []
    for row, passage in passages:
        counts = Counter(words_of(passage))
        known = [word for word in counts if index.passages_with(word)]
        if not known:
            continue
        word = known[0]
        score = float(index.score_all_words([word])[row])
        worth, times = idf(index.passages_with(word), len(index)), counts[word]
        spread = (times * worth / score - times) / K1 - 1 + B if score > 0 else 0.0
        if spread > 0:
            found.append(B * counts.total() / spread)
        if len(found) == PROBES:
            break
    return float(np.median(found)) if found else 100.0
