"""Passages -> vectors on disk, reusing those an earlier generation has for the same text.

For late interaction a vector of every token beside them. Knows the encoder and the .npy format;
does not know the vector index or manifests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reread.artefacts.passages import PassageStore
from reread.search.tokens import TokenIndex, TokenWriter, encode

if TYPE_CHECKING:
    from reread.retriever.retriever import DenseRetriever

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
ROWS_PER_STEP = 1024  # passages in memory at once, and between two reports of progress
TOKEN_ROWS_PER_STEP = 256  # with a vector per token: 100 MB of a small encoder's


@dataclass(frozen=True, slots=True)
class Reusable:
    """Vectors that the same weights made of an earlier corpus."""

    vectors: Floats  # (M, D)
    corpus: PassageStore
    tokens: TokenIndex | None = None  # of a late generation


Coded = tuple[npt.NDArray[np.int8], Floats]  # one passage's tokens, as TokenWriter takes them


def encode_corpus(
    corpus: PassageStore,
    retriever: DenseRetriever,
    path: Path,
    reusable: Reusable | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
    *,
    tokens: Path,
) -> int:
    """Write (N, D) float32 to `path`; returns how many rows had to be encoded.

    Of a retriever that compares tokens, every passage's go to the folder `tokens`.
    """
    donors = _donor_rows(corpus, reusable)
    encoded = 0
    # Plain writes, not a memory map: a full disk is then an error and not a SIGBUS.
    with path.open("wb") as handle, ExitStack() as stack:
        shape = (len(corpus), retriever.dimension)
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)
        writer = None
        if retriever.interaction.by_token:
            writer = stack.enter_context(TokenWriter(tokens, retriever.token_dimension))
        step = TOKEN_ROWS_PER_STEP if writer else ROWS_PER_STEP
        for start in range(0, len(corpus), step):
            rows = np.arange(start, min(start + step, len(corpus)))
            missing = donors[rows] < 0
            vectors, coded = _encode(corpus, retriever, rows[missing])
            handle.write(_fill_in(vectors, missing, donors[rows], reusable).astype("<f4").tobytes())
            if writer:
                _write_tokens(writer, coded, donors[rows], reusable)
            encoded += int(missing.sum())
            progress(int(rows[-1] + 1) / len(corpus))
    return encoded


def _encode(
    corpus: PassageStore, retriever: DenseRetriever, rows: Rows
) -> tuple[Floats, Iterator[Coded]]:
    """Vectors of these rows, and their tokens' codes where these are compared."""
    made = retriever.passage_vectors(corpus.get(rows.tolist()))
    places = range(0 if made.tokens is None else len(made))
    return made.pooled, (encode(made.tokens_of(place)) for place in places)


def _fill_in(
    fresh: Floats, missing: npt.NDArray[np.bool_], donors: Rows, reusable: Reusable | None
) -> Floats:
    """Fresh vectors where there were none, an earlier corpus's elsewhere."""
    if reusable is None:
        return fresh
    vectors = np.empty((len(missing), fresh.shape[1]), dtype=np.float32)
    vectors[missing] = fresh
    vectors[~missing] = reusable.vectors[donors[~missing]]
    return vectors


def _write_tokens(
    writer: TokenWriter, fresh: Iterator[Coded], donors: Rows, reusable: Reusable | None
) -> None:
    for donor in donors.tolist():
        if donor < 0:
            writer.add(*next(fresh))
        else:
            assert reusable is not None and reusable.tokens is not None
            writer.add(*reusable.tokens.coded(donor))


def _donor_rows(corpus: PassageStore, reusable: Reusable | None) -> Rows:
    """(N,) the earlier corpus' row with the same content, or -1."""
    if reusable is None or len(reusable.corpus) == 0:
        return np.full(len(corpus), -1, dtype=np.int64)
    old, new = reusable.corpus.content_hashes(), corpus.content_hashes()
    order = np.argsort(old[:, 0], kind="stable")
    place = np.minimum(np.searchsorted(old[order, 0], new[:, 0]), len(order) - 1)
    candidates = order[place]
    return np.where((old[candidates] == new).all(axis=1), candidates, -1)
