"""Is a built generation fit to serve: hashes, fit, canary questions, recall against exact search.

Runs in a child process, because a damaged index can take the process down with it. Searches
through the same Generation the service will use. Does not publish, and knows no thresholds of
quality: whether a retriever is good enough is the trainer's gate.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reread.artefacts.generation import EMBEDDINGS_FILE, Generation
from reread.errors import CorruptArtefact
from reread.home import Home
from reread.records import Hit, Passage
from reread.search.dense import DenseSearch
from reread.search.tokens import TokenIndex

Floats = npt.NDArray[np.float32]
CANARIES, TOP_K = 64, 10
WORDS_PER_CANARY = 12
RECALL_FLAT, RECALL_APPROXIMATE = 0.999, 0.8
SAME_TOKENS = 0.97  # a byte per value and bf16 stay above
SAME_VECTOR = 0.99  # cosine; bf16 and another batch shape stay far above, other weights below


def verify_generation(home: Home, number: int) -> dict[str, Any]:
    """What was measured; raises CorruptArtefact with a sentence if it must not be served."""
    with_hashes = Generation.open(home, number, check=True)
    rows = _sample_rows(len(with_hashes.passages))
    questions = [_canary(one) for one in with_hashes.passages.get(rows)]
    # `find`, not `search`: whatever their labels, they must be found by whoever holds these.
    hits = with_hashes.find(with_hashes.embed(questions), TOP_K)
    _check_hits(with_hashes, hits)
    if with_hashes.find(with_hashes.embed(questions), TOP_K) != hits:
        raise _refusal(with_hashes, "answers the same questions differently the second time")
    own = [row in {hit.row for hit in found} for row, found in zip(rows, hits, strict=True)]
    report = {
        "passages": len(with_hashes.passages),
        "canaries": len(rows),
        "self_retrieval": float(np.mean(own)),
    }
    parts = with_hashes.parts
    if isinstance(parts, DenseSearch):
        if parts.tokens is not None:
            report["token_cosine"] = _check_tokens(with_hashes, parts.tokens, parts, rows)
            hits = parts.nearest(parts.embed(questions), TOP_K)  # what finds its candidates
        report["recall"] = _check_vectors(home, with_hashes, parts, rows, questions, hits)
    return report


def _sample_rows(count: int) -> list[int]:
    """Evenly spaced, first and last included: the same ones every time."""
    spaced = np.linspace(0, count - 1, min(CANARIES, count))
    return sorted({int(one) for one in spaced})


def _canary(passage: Passage) -> str:
    """A question whose best passage is known: its own beginning."""
    words = passage.text.split()[:WORDS_PER_CANARY]
    return " ".join([passage.title, *words]).strip() or passage.id


def _check_hits(generation: Generation, hits: Sequence[Sequence[Hit]]) -> None:
    count = len(generation.passages)
    for found in hits:
        rows = [hit.row for hit in found]
        scores = [hit.score for hit in found]
        if len(set(rows)) != min(TOP_K, count) or not all(0 <= row < count for row in rows):
            raise _refusal(generation, f"returned the rows {rows} of {count} passages")
        if not np.isfinite(scores).all() or scores != sorted(scores, reverse=True):
            raise _refusal(generation, f"returned the scores {scores}, which are not in order")


def _check_vectors(
    home: Home,
    generation: Generation,
    parts: DenseSearch,
    rows: list[int],
    questions: list[str],
    hits: Sequence[Sequence[Hit]],
) -> float:
    """Stored vectors are these weights' and the index finds them; returns recall."""
    path = home.generations_dir / str(generation.number) / EMBEDDINGS_FILE
    stored: Floats = np.load(path, mmap_mode="r", allow_pickle=False)
    expected = (len(generation.passages), parts.retriever.dimension)
    if stored.shape != expected:
        raise CorruptArtefact.mismatch(path, "shape", expected, stored.shape)
    _check_same_weights(generation, parts, stored, rows)
    asked = parts.retriever.encode_questions(questions)
    edges = _exact_edges(stored, asked, min(TOP_K, len(stored)))
    found = np.array([[hit.score for hit in one] for one in hits])
    slack = 2e-3 * np.maximum(1.0, np.abs(edges))  # a GPU keeps flat vectors in fp16
    recall = float(np.mean(found >= (edges - slack)[:, None]))
    floor = RECALL_FLAT if generation.manifest.index == "Flat" else RECALL_APPROXIMATE
    if recall < floor:
        raise _refusal(generation, f"has recall {recall:.3f} of exact search, below {floor}")
    return recall


def _check_tokens(
    generation: Generation, tokens: TokenIndex, parts: DenseSearch, rows: list[int]
) -> float:
    """Stored token vectors are these weights'; returns the least mean cosine of a passage."""
    again = parts.retriever.encode_passage_tokens(generation.passages.get(rows))
    least = 1.0
    for place, row in enumerate(rows):
        kept, fresh = tokens.tokens_of(row), again.tokens_of(place)
        if kept.shape != fresh.shape:
            raise _refusal(generation, f"has {len(kept)} tokens of row {row}, not {len(fresh)}")
        least = min(least, float(np.mean(np.sum(kept * fresh, axis=1))))  # unit vectors
    if not least >= SAME_TOKENS:
        raise _refusal(
            generation,
            f"has token vectors that are not its retriever's (cosine {least:.3f}, "
            f"at least {SAME_TOKENS} was expected)",
        )
    return least


def _check_same_weights(
    generation: Generation, parts: DenseSearch, stored: Floats, rows: list[int]
) -> None:
    again = parts.retriever.encode_passages(generation.passages.get(rows))
    kept = np.asarray(stored[rows])
    lengths = np.linalg.norm(again, axis=1) * np.linalg.norm(kept, axis=1)
    cosine = np.sum(again * kept, axis=1) / np.maximum(lengths, 1e-12)
    if not np.isfinite(kept).all() or cosine.min() < SAME_VECTOR:
        raise _refusal(
            generation,
            f"has vectors that are not its retriever's (cosine {cosine.min():.3f}, "
            f"at least {SAME_VECTOR} was expected)",
        )


def _exact_edges(stored: Floats, asked: Floats, k: int) -> Floats:
    """(B,) the k-th best inner product of each question over all vectors, in slices."""
    best = np.full((len(asked), k), -np.inf, dtype=np.float32)
    for start in range(0, len(stored), 65_536):
        piece = np.asarray(stored[start : start + 65_536])
        if not np.isfinite(piece).all():
            return np.full(len(asked), np.inf, dtype=np.float32)  # nothing can reach it
        scores = np.concatenate([best, asked @ piece.T], axis=1)
        best = -np.partition(-scores, k - 1, axis=1)[:, :k]
    edges: Floats = best.min(axis=1)
    return edges


def _refusal(generation: Generation, finding: str) -> CorruptArtefact:
    return CorruptArtefact(
        f"Generation {generation.number} {finding}: it is not published, "
        f"the previous one keeps serving; run `reread build` again"
    )
