"""Late interaction: a question and a passage compared token by token (ColBERT, arXiv 2004.12832).

The score is the mean over the question's tokens of the best cosine among the passage's; ColBERT
sums, which ranks one question's passages alike. Knows arrays; knows no encoder and no file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from reread.errors import BadRequest

TOKENS_AT_ONCE = 1000

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Interaction:
    """What a question and a passage are compared by."""

    name: Literal["pooled", "late"]  # in a retriever's settings
    search: Literal["dense", "late"]  # the kind of generation that it makes
    by_token: bool


POOLED = Interaction("pooled", "dense", by_token=False)  # a vector per text
LATE = Interaction("late", "late", by_token=True)  # one per token; the one per text finds them
INTERACTIONS = (POOLED, LATE)


def interaction_named(name: str) -> Interaction:
    """The interaction, by its own name or its searches'; raises BadRequest."""
    for one in INTERACTIONS:
        if name in (one.name, one.search):
            return one
    known = ", ".join(one.name for one in INTERACTIONS)
    raise BadRequest(f"Unknown interaction {name!r}; use one of {known}.")


@dataclass(frozen=True, slots=True)
class TextVectors:
    """N texts as one vector each and, where tokens are compared, as a unit vector per token."""

    pooled: Floats  # (N, D)
    tokens: Floats | None = None  # (S, E) every text's tokens, one text after the other
    starts: npt.NDArray[np.int64] | None = None  # (N + 1,) text n has starts[n] : starts[n + 1]

    def __len__(self) -> int:
        return len(self.pooled)

    def tokens_of(self, place: int) -> Floats:
        """(T, E) of one text; only where there are tokens."""
        assert self.tokens is not None and self.starts is not None
        return self.tokens[self.starts[place] : self.starts[place + 1]]

    def select(self, places: Sequence[int]) -> tuple[Floats, npt.NDArray[np.int64]]:
        """The tokens of some texts, one text after the other, and where each begins."""
        own = [self.tokens_of(place) for place in places]
        begins = np.cumsum([0, *(len(one) for one in own[:-1])], dtype=np.int64)
        return np.concatenate(own), begins


def best_matches(
    question: Floats,
    tokens: Floats | npt.NDArray[np.int8],
    starts: Sequence[int] | npt.NDArray[np.int64],
    scales: Floats | None = None,
) -> Floats:
    """(T, D), (S, D), where each of N texts begins in S -> (N,) scores; no text may be empty.

    With `scales` (S,), token s is tokens[s] * scales[s].

    >>> question = np.array([[1, 0], [0, 1]], np.float32)
    >>> tokens = np.array([[1, 0], [0.5, 0.5], [0, -1]], np.float32)
    >>> best_matches(question, tokens, [0, 2]).tolist()
    [0.75, -0.5]
    """
    alike = _products(question, tokens)  # (T, S)
    if scales is not None:
        alike *= scales
    best = np.maximum.reduceat(alike, np.asarray(starts, dtype=np.int64), axis=1)  # (T, N)
    means: Floats = best.mean(axis=0, dtype=np.float32)
    return means


def _products(question: Floats, tokens: Floats | npt.NDArray[np.int8]) -> Floats:
    """(T, D), (S, D) -> (T, S), so many tokens at a time as stay in the processor's cache.

    With PyTorch, whose threads embed the question: NumPy's own ones, still spinning after a
    product, made the next question's embedding take more than twice as long.
    """
    import torch  # a search by words compares no vectors and needs none of it

    asked = torch.from_numpy(question)
    blocks = torch.split(torch.from_numpy(tokens), TOKENS_AT_ONCE)
    products: Floats = torch.cat([asked @ block.float().T for block in blocks], dim=1).numpy()
    return products
