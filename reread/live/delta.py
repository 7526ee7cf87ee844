"""The search over passages that are in no corpus yet, on the scale of the one beside it.

Words, vectors and tokens alike; only passages not seen before are encoded. Knows a generation's
parts; does not know what was removed, or where changes come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from reread.artefacts.generation import Generation, LexicalSearch
from reread.artefacts.guards import Mask
from reread.artefacts.passages import content_hash
from reread.log.changes import Numbered
from reread.records import Hit, Passage
from reread.retriever.interaction import TextVectors
from reread.rights import Rights
from reread.search.delta_words import PROBES, WordsBeside, average_length
from reread.search.dense import DenseSearch
from reread.search.tokens import TokenIndex, encode
from reread.search.vectors import VectorIndex

_Codes = tuple[Any, Any]  # one passage's tokens as TokenIndex keeps them


class Finds(Protocol):
    def find(self, asked: Any, top_k: int, allowed: Mask | None = None) -> list[list[Hit]]: ...


@dataclass(frozen=True, slots=True)
class Delta:
    """M passages in the order of their numbers; `search` names them by place, 0..M-1."""

    held: tuple[Numbered, ...]
    search: Finds

    def __len__(self) -> int:
        return len(self.held)

    def allowed(self, rights: Rights) -> Mask | None:
        """(M,) which of them may be seen; None: every one."""
        seen = [rights.allow(one.passage.labels) for one in self.held]
        return None if all(seen) else np.array(seen, dtype=np.bool_)


class DeltaMaker:
    """Makes the deltas of one generation, one after another; not for two threads at once."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._average_length: float | None = None
        self._encoded: dict[str, tuple[Any, _Codes | None]] = {}  # by content

    def make(self, held: Sequence[Numbered]) -> Delta | None:
        """None for no passages."""
        if not held:
            self._encoded.clear()
            return None
        parts, passages = self._generation.parts, [one.passage for one in held]
        if isinstance(parts, LexicalSearch):
            return Delta(tuple(held), self._words(parts, passages))
        return Delta(tuple(held), self._vectors(parts, passages))

    def _words(self, parts: LexicalSearch, passages: Sequence[Passage]) -> Finds:
        index, store = parts.retriever, self._generation.passages
        if self._average_length is None:
            rows = [int(row) for row in np.linspace(0, len(store) - 1, min(PROBES, len(store)))]
            self._average_length = average_length(
                index, list(zip(rows, store.get(rows), strict=True))
            )
        return _LexicalDelta(WordsBeside(index, passages, self._average_length))

    def _vectors(self, parts: DenseSearch, passages: Sequence[Passage]) -> Finds:
        keys = [content_hash(one) for one in passages]
        missing = {
            key: one for key, one in zip(keys, passages, strict=True) if key not in self._encoded
        }
        if missing:
            new = list(missing.values())
            made = parts.retriever.passage_vectors(new)
            coded = [(made.pooled[place], _codes(made, place)) for place in range(len(new))]
            self._encoded |= dict(zip(missing, coded, strict=True))
        self._encoded = {key: self._encoded[key] for key in keys}
        found = [self._encoded[key] for key in keys]
        index = VectorIndex.build(np.stack([pooled for pooled, _ in found]))
        tokens = None if parts.tokens is None else _token_index([codes for _, codes in found])
        return DenseSearch(parts.retriever, index, tokens)


@dataclass(frozen=True, slots=True)
class _LexicalDelta:
    words: WordsBeside

    def find(self, asked: list[str], top_k: int, allowed: Mask | None = None) -> list[list[Hit]]:
        return [self._find(question, top_k, allowed) for question in asked]

    def _find(self, question: str, top_k: int, allowed: Mask | None) -> list[Hit]:
        scores = self.words.score_all(question)
        order = np.argsort(-scores, kind="stable")
        order = (order if allowed is None else order[allowed[order]])[:top_k]
        return [Hit(int(place), float(scores[place])) for place in order]


def _codes(made: TextVectors, place: int) -> _Codes | None:
    return None if made.tokens is None else encode(made.tokens_of(place))


def _token_index(codes: Sequence[_Codes | None]) -> TokenIndex:
    known = [one for one in codes if one is not None]
    starts = np.concatenate([[0], np.cumsum([len(scales) for _, scales in known])])
    joined = np.concatenate([one for one, _ in known])  # (S, D)
    return TokenIndex(
        _HeldBytes(joined.tobytes()),
        joined.shape[1],
        np.concatenate([scales for _, scales in known]),
        starts.astype(np.int64),
    )


class _HeldBytes:
    """Few enough to stay in memory."""

    def __init__(self, held: bytes) -> None:
        self._held = held

    def read(self, position: int, count: int) -> bytes:
        return self._held[position : position + count]
