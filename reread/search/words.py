"""The lexical retriever: BM25 over words, exactly as Lucene scores them.

Knows terms and scores; does not know passages' ids or vectors, nor how a text becomes terms
(`terms`). Saved as plain arrays and JSON; no pickle is read.
"""

import json
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reread.errors import BadRequest, CorruptArtefact
from reread.records import Hit, Passage
from reread.search.terms import tokenize

K1, B = 1.2, 0.75  # Lucene's defaults
_VOCABULARY_FILE = "vocabulary.json"


class BM25Retriever:
    """An immutable BM25 index over the rows of a corpus."""

    def __init__(self, engine: Any, vocabulary: dict[str, int], count: int) -> None:
        self._engine = engine
        self._vocabulary = vocabulary
        self._count = count

    @classmethod
    def build(cls, passages: Iterable[Passage]) -> "BM25Retriever":
        """Title and text of each passage, in row order; no passages at all is refused."""
        vocabulary: dict[str, int] = {"": 0}  # bm25s wants at least one column
        documents: list[array[int]] = []
        for passage in passages:
            words = tokenize(f"{passage.title} {passage.text}")
            numbered = (vocabulary.setdefault(word, len(vocabulary)) for word in words)
            documents.append(array("i", numbered))
        if not documents:
            raise BadRequest("BM25 needs at least one passage: ingest some documents first")
        if not any(documents):
            documents[0].append(0)  # an average length of 0 would divide by zero
        engine = _engine()
        engine.index((documents, vocabulary), create_empty_token=False, show_progress=False)
        return cls(engine, vocabulary, len(documents))

    @classmethod
    def load(cls, folder: Path, *, mmap: bool = True) -> "BM25Retriever":
        """Check the files' hashes first; memory-mapped unless told otherwise."""
        import bm25s  # here, not above: importing it runs JAX where JAX is installed

        try:
            engine = bm25s.BM25.load(folder, mmap=mmap, load_vocab=False, show_progress=False)
            body = json.loads((folder / _VOCABULARY_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError) as error:
            raise CorruptArtefact.mismatch(
                folder, "content", "a saved BM25 index", str(error)
            ) from error
        words = {word: number for number, word in enumerate(body["words"])}
        return cls(engine, words, int(body["count"]))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._engine.save(folder, show_progress=False)
        (folder / "vocab.index.json").unlink()  # the words are kept once, in our own file
        body = {"format": 1, "count": self._count, "words": list(self._vocabulary)}
        text = json.dumps(body, ensure_ascii=False)
        (folder / _VOCABULARY_FILE).write_text(text, encoding="utf-8")

    def __len__(self) -> int:
        return self._count

    def search(
        self, questions: Sequence[str], k: int, allowed: npt.NDArray[np.bool_] | None = None
    ) -> list[list[Hit]]:
        """Per question min(k, N) hits, best first, ties by row; no common word scores 0.

        `allowed` (N,): only of these rows, as if there were no others.
        """
        if k < 1:
            raise BadRequest(f"top_k is {k}: ask for at least 1")
        rows = None if allowed is None else np.flatnonzero(allowed)
        return [_best(self.score_all(one), k, rows) for one in questions]

    def passages_with(self, word: str) -> int:
        """How many passages hold this word, as `tokenize` spells it."""
        number = self._vocabulary.get(word)
        if number is None:
            return 0
        starts = self._engine.scores["indptr"]
        return int(starts[number + 1]) - int(starts[number])

    def score_all(self, question: str) -> npt.NDArray[np.float32]:
        """(N,) the score of every passage, in row order."""
        return self.score_all_words(tokenize(question))

    def score_all_words(self, words: Sequence[str]) -> npt.NDArray[np.float32]:
        """(N,) the same for words as `tokenize` made them."""
        known = [self._vocabulary[one] for one in words if one in self._vocabulary]
        if not known:
            return np.zeros(self._count, dtype=np.float32)
        scores: npt.NDArray[np.float32] = self._engine.get_scores_from_ids(known)
        return scores


def _best(
    scores: npt.NDArray[np.float32], k: int, of: npt.NDArray[np.int64] | None = None
) -> list[Hit]:
    """The best of all rows, or of those in `of`, which ascend."""
    own = scores if of is None else scores[of]
    k = min(k, len(own))
    if k == 0:
        return []
    edge = np.partition(own, len(own) - k)[len(own) - k]
    places = np.flatnonzero(own >= edge)  # all that tie with the k-th, then cut by row
    order = places[np.lexsort((places, -own[places]))[:k]]
    rows = order if of is None else of[order]
    return [Hit(int(row), float(scores[row])) for row in rows]


def _engine() -> Any:
    import bm25s  # as above

    return bm25s.BM25(method="lucene", k1=K1, b=B)
