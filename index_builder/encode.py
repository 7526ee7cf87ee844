"""Passages -> vectors on disk, reusing those an earlier generation has for the same text.

Knows the encoder's `encode_passages` and the .npy format; does not know indexes or manifests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reread.passages import PassageStore
from reread.retriever import DenseRetriever

Floats = npt.NDArray[np.float32]
ROWS_PER_STEP = 1024  # passages in memory at once, and between two reports of progress


@dataclass(frozen=True, slots=True)
class Reusable:
    """Vectors that the same weights made of an earlier corpus."""

    vectors: Floats  # (M, D)
    corpus: PassageStore


def encode_corpus(
    corpus: PassageStore,
    retriever: DenseRetriever,
    path: Path,
    reusable: Reusable | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> int:
    """Write (N, D) float32 to `path`; returns how many rows had to be encoded."""
    donors = _donor_rows(corpus, reusable)
    encoded = 0
    # Plain writes, not a memory map: a full disk is then an error and not a SIGBUS.
    with path.open("wb") as handle:
        shape = (len(corpus), retriever.dimension)
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)
        for start in range(0, len(corpus), ROWS_PER_STEP):
            rows = np.arange(start, min(start + ROWS_PER_STEP, len(corpus)))
            vectors, fresh = _encode_rows(corpus, retriever, rows, donors[rows], reusable)
            handle.write(vectors.astype("<f4").tobytes())
            encoded += fresh
            progress(int(rows[-1] + 1) / len(corpus))
    return encoded


def _encode_rows(
    corpus: PassageStore,
    retriever: DenseRetriever,
    rows: npt.NDArray[np.int64],
    donors: npt.NDArray[np.int64],
    reusable: Reusable | None,
) -> tuple[Floats, int]:
    vectors = np.empty((len(rows), retriever.dimension), dtype=np.float32)
    missing = donors < 0
    if missing.any():
        vectors[missing] = retriever.encode_passages(corpus.get(rows[missing].tolist()))
    if reusable is not None and not missing.all():
        vectors[~missing] = reusable.vectors[donors[~missing]]
    return vectors, int(missing.sum())


def _donor_rows(corpus: PassageStore, reusable: Reusable | None) -> npt.NDArray[np.int64]:
    """(N,) the earlier corpus' row with the same content, or -1."""
    if reusable is None or len(reusable.corpus) == 0:
        return np.full(len(corpus), -1, dtype=np.int64)
    old, new = reusable.corpus.content_hashes(), corpus.content_hashes()
    order = np.argsort(old[:, 0], kind="stable")
    place = np.minimum(np.searchsorted(old[order, 0], new[:, 0]), len(order) - 1)
    candidates = order[place]
    return np.where((old[candidates] == new).all(axis=1), candidates, -1)
