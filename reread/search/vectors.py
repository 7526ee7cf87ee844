"""The vector index: inner-product search over the rows of a corpus.

The only file that imports faiss. Knows vectors and row numbers; does not know text or models.
Results are ordered by score, then by row; a missing result is searched for again, and never
comes back as row -1.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np
import numpy.typing as npt

from reread.errors import BadRequest, CorruptArtefact
from reread.search.index_kind import choose_factory

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SPARE = 16  # hits fetched beyond k, so that equal scores at the edge are seen
GPU_LIMIT = 2048  # the most results FAISS returns from a GPU
MAX_TRAINING_ROWS_PER_LIST = 64


@contextmanager
def _faiss_threads(count: int) -> Iterator[None]:
    """FAISS's thread count inside the block, and the old one after it.

    It is a setting of the calling thread and of the OpenMP runtime that PyTorch may share: left
    behind, it would make whatever model runs next in this thread use one core.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class VectorIndex:
    """One immutable index; searching from several threads is safe.

    `threads` is how many FAISS uses for one search; 1 keeps the other cores for the reader.
    """

    def __init__(self, index: Any, *, threads: int = 1) -> None:
        # FAISS 1.15 takes its slow path for batches below this many queries (faiss#5109).
        faiss.cvar.distance_compute_blas_threshold = 1
        self._index = index
        self._threads = threads
        self._on_gpu = False
        self._lock = threading.Lock()

    @classmethod
    def build(cls, vectors: Floats, factory: str = "Flat", *, threads: int = 1) -> "VectorIndex":
        """(N, D) -> an index; row n of `vectors` is row n of every result. N = 0 is refused."""
        count, dimension = _shape(vectors)
        if count == 0:
            raise BadRequest("An index needs at least one vector: ingest some documents first")
        name = choose_factory(count, dimension) if factory == "auto" else factory
        index = _make(name, dimension)
        with _faiss_threads(threads):
            if not index.is_trained:
                _train(index, vectors, name)
            for start in range(0, count, 65_536):  # a memory-mapped array is never whole in memory
                index.add(np.ascontiguousarray(vectors[start : start + 65_536], dtype=np.float32))
        _widen(index)
        return cls(index, threads=threads)

    @classmethod
    def load(cls, path: Path, *, threads: int = 1, gpu: bool = True) -> "VectorIndex":
        """Memory-mapped; check the file's hash first: FAISS trusts what it reads."""
        flags = faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY
        try:
            index = faiss.read_index(str(path), flags)
        except RuntimeError as error:
            raise CorruptArtefact.mismatch(path, "content", "a FAISS index", str(error)) from error
        loaded = cls(index, threads=threads)
        if gpu:
            loaded._move_to_gpu()
        return loaded

    def save(self, path: Path) -> None:
        """Raises OSError when the disk is full: FAISS's own file writer would not notice."""
        with path.open("wb") as handle:
            _write(self._index, handle)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, questions: Floats, k: int, allowed: Mask | None = None) -> tuple[Floats, Rows]:
        """(B, D) -> scores (B, k'), rows (B, k') with k' = min(k, N); best first, ties by row.

        `allowed` (N,): only of these rows, N being how many they are.
        """
        batch, dimension = _shape(questions)
        if dimension != self.dimension:
            raise BadRequest(
                f"The questions have {dimension} dimensions and the index {self.dimension}: "
                f"encode them with the retriever of the same generation"
            )
        if k < 1:
            raise BadRequest(f"top_k is {k}: ask for at least 1")
        wanted = min(k, len(self) if allowed is None else int(np.count_nonzero(allowed)))
        if batch == 0 or wanted == 0:
            return np.empty((batch, wanted), np.float32), np.empty((batch, wanted), np.int64)
        asked = np.ascontiguousarray(questions, dtype=np.float32)
        return _best(*self._fetch(asked, wanted, allowed), wanted)

    def _fetch(self, questions: Floats, wanted: int, allowed: Mask | None) -> tuple[Floats, Rows]:
        """At least `wanted` real results a question, and all that tie with the last of them."""
        limit = min(len(self), GPU_LIMIT) if self._on_gpu else len(self)
        fetch = min(wanted + SPARE, limit)
        while True:
            scores, rows = self._raw(questions, fetch, allowed)
            short = np.sum(rows >= 0, axis=1) < wanted  # only these: no answer depends on others
            if short.any():
                wider = self._search_wider(questions[short], fetch, wanted, allowed)
                scores[short], rows[short] = wider
            edge = -np.partition(-np.where(rows >= 0, scores, -np.inf), wanted - 1)[:, wanted - 1]
            tied = (rows[:, -1] >= 0) & (scores[:, -1] >= edge)
            if fetch == limit or not tied.any():
                return scores, rows
            fetch = min(fetch * 4, limit)

    def _raw(self, questions: Floats, k: int, allowed: Mask | None) -> tuple[Floats, Rows]:
        with _faiss_threads(self._threads):
            if self._on_gpu:
                with self._lock:  # GPU indexes may not be searched by two threads at once
                    return self._ask(questions, k, allowed)
            return self._ask(questions, k, allowed)

    def _ask(self, questions: Floats, k: int, allowed: Mask | None) -> tuple[Floats, Rows]:
        """FAISS's own answer; what it finds of rows that are not allowed is no result."""
        if allowed is None:
            scores, rows = self._index.search(questions, k)
            return scores, rows
        with _selecting(self._index, allowed) as parameters:
            scores, rows = self._index.search(questions, k, params=parameters)
        rows[~allowed[rows] & (rows >= 0)] = -1  # of kinds of index that select nothing
        return scores, rows

    def _search_wider(
        self, questions: Floats, k: int, wanted: int, allowed: Mask | None
    ) -> tuple[Floats, Rows]:
        """Lists that were probed held too few: probe more, at last compare with everything."""
        with self._lock:
            inverted = _inverted_lists(self._index)
            if inverted is not None:
                before, inverted.nprobe = inverted.nprobe, inverted.nlist
                try:
                    scores, rows = self._ask(questions, k, allowed)
                finally:
                    inverted.nprobe = before
                if (np.sum(rows >= 0, axis=1) >= wanted).all():
                    return scores, rows
            stored = self._stored()
        kept = np.arange(len(stored)) if allowed is None else np.flatnonzero(allowed)
        exact, count = VectorIndex.build(stored[kept]), min(k, len(kept))
        scores = np.full((len(questions), k), -np.inf, np.float32)
        rows = np.full((len(questions), k), -1, np.int64)
        scores[:, :count], places = exact._raw(questions, count, None)
        rows[:, :count] = kept[places]
        return scores, rows

    def _stored(self) -> Floats:
        """(N, D) the vectors as the index keeps them."""
        inverted = _inverted_lists(self._index)
        if inverted is not None:
            inverted.make_direct_map()
        vectors: Floats = self._index.reconstruct_n(0, len(self))
        return vectors

    def _move_to_gpu(self) -> None:
        """With a faiss-gpu wheel and a GPU; fp16 applies to flat storage only."""
        if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
            return
        options = faiss.GpuClonerOptions()
        options.useFloat16 = True
        self._resources = faiss.StandardGpuResources()
        self._index = faiss.index_cpu_to_gpu(self._resources, 0, self._index, options)
        self._on_gpu = True


@contextmanager
def _selecting(index: Any, allowed: Mask) -> Iterator[Any]:
    """FAISS's parameters that leave the other rows out while it compares; None: it has none."""
    bits = np.packbits(allowed, bitorder="little")
    chosen = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
    kind = faiss.downcast_index(index)
    if isinstance(kind, faiss.IndexRefine):
        with _selecting(kind.base_index, allowed) as inner:
            parameters = _parameters("IndexRefineSearchParameters")(
                k_factor=kind.k_factor, base_index_params=inner
            )
            yield None if inner is None else parameters
    elif isinstance(kind, faiss.IndexIVF):
        yield _parameters("SearchParametersIVF")(sel=chosen, nprobe=kind.nprobe)
    elif isinstance(kind, faiss.IndexFlat):
        yield _parameters("SearchParameters")(sel=chosen)
    else:
        yield None


def _parameters(name: str) -> Any:
    """A class of FAISS's; its stubs know no keywords."""
    return getattr(faiss, name)


def _write(index: Any, handle: BinaryIO) -> None:
    failures: list[OSError] = []

    def write(piece: bytes) -> None:
        try:
            handle.write(piece)
        except OSError as error:  # FAISS would turn it into an error without the reason
            failures.append(error)
            raise

    try:
        sink = faiss.PyCallbackIOWriter(write)  # type: ignore[attr-defined]  # not in the stubs
        faiss.write_index(index, sink)
    except Exception as error:
        raise failures[0] if failures else error from error


def check_index(factory: str, dimension: int) -> None:
    """BadRequest where such an index cannot hold vectors of so many dimensions; auto always can."""
    if factory != "auto":
        _make(factory, dimension)


def _make(factory: str, dimension: int) -> Any:
    try:
        return faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
    except RuntimeError as error:
        raise BadRequest(
            f"Index {factory!r} is not a FAISS factory string for {dimension} dimensions: "
            f"try auto, Flat or IVF256,Flat"
        ) from error


def _train(index: Any, vectors: Floats, factory: str) -> None:
    inverted = _inverted_lists(index)
    needed = max(256, MAX_TRAINING_ROWS_PER_LIST * (inverted.nlist if inverted else 0))
    step = max(1, len(vectors) // needed)  # evenly spaced rows: the same sample every time
    try:
        index.train(np.ascontiguousarray(vectors[::step], dtype=np.float32))
    except RuntimeError as error:
        raise BadRequest(
            f"Index {factory!r} cannot be trained on {len(vectors)} vectors: "
            f"use Flat, or fewer lists"
        ) from error


def _widen(index: Any) -> None:
    """FAISS probes one list by default; a sixteenth of them keeps recall near exact."""
    inverted = _inverted_lists(index)
    if inverted is not None:
        inverted.nprobe = max(8, inverted.nlist // 16)
    if isinstance(index, faiss.IndexRefine):
        index.k_factor = 4.0


def _inverted_lists(index: Any) -> Any:
    try:
        return faiss.extract_index_ivf(index)
    except RuntimeError:
        return None


def _best(scores: Floats, rows: Rows, wanted: int) -> tuple[Floats, Rows]:
    """Per question the first `wanted` by score, then row; -1 sorts behind everything."""
    usable = np.where(rows >= 0, scores, -np.inf)
    order = np.lexsort((rows, -usable), axis=1)[:, :wanted]
    best = np.take_along_axis(rows, order, axis=1)
    assert (best >= 0).all()
    return np.take_along_axis(usable, order, axis=1).astype(np.float32), best


def _shape(vectors: Floats) -> tuple[int, int]:
    if vectors.ndim != 2:
        raise BadRequest(f"Vectors come as (N, D), not with {vectors.ndim} dimensions")
    return int(vectors.shape[0]), int(vectors.shape[1])
