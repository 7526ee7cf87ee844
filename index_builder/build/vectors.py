"""K1 weights, K2 vectors, K3 index of a generation that compares vectors.

Vectors that the same weights made for an earlier generation are used again. Knows encoders and
indexes, so whoever imports this has loaded torch; does not know manifests' order nor publication.
"""

import shutil
from pathlib import Path

import numpy as np

from index_builder.build.plan import Corpus, Made, Plan, Progress
from reread.artefacts.checkpoints import read_checkpoint
from reread.artefacts.encoding import Reusable, encode_corpus
from reread.artefacts.generation import EMBEDDINGS_FILE, INDEX_FILE, RETRIEVER_DIR, TOKENS_DIR
from reread.artefacts.manifest import Manifest
from reread.artefacts.passages import open_corpus
from reread.artefacts.publication import list_generations
from reread.artefacts.seals import FileSeals, check_files, seal_files
from reread.commit import Reach
from reread.errors import CorruptArtefact
from reread.home import Home
from reread.retriever.retriever import DenseRetriever
from reread.search.index_kind import choose_factory
from reread.search.tokens import TokenIndex
from reread.search.vectors import VectorIndex


def write_vector_search(
    home: Home, plan: Plan, corpus: Corpus, scratch: Path, progress: Progress, reach: Reach
) -> Made:
    """The weights, every passage's vectors and the index over them, in the folder `scratch`."""
    source = _weights_source(home, plan)
    retriever = DenseRetriever.load(source, device=plan.device, dtype=plan.dtype)
    as_trained = retriever.interaction
    if plan.retriever != "dense":
        retriever.compare_by(plan.retriever)
    if plan.checkpoint is None or retriever.interaction != as_trained:
        retriever.save(scratch / RETRIEVER_DIR)
    else:
        shutil.copytree(source or "", scratch / RETRIEVER_DIR)  # bit for bit what was trained
    reach("K1")
    name = f"checkpoint {plan.checkpoint}" if plan.checkpoint is not None else retriever.name
    _write_vectors(home, corpus, retriever, scratch, progress)
    reach("K2")
    progress("index", 0.85)
    vectors = np.load(scratch / EMBEDDINGS_FILE, mmap_mode="r", allow_pickle=False)
    factory = choose_factory(*vectors.shape) if plan.index == "auto" else plan.index
    VectorIndex.build(vectors, factory).save(scratch / INDEX_FILE)
    reach("K3")
    kind = retriever.interaction.search
    return Made(kind, name, factory, retriever.dimension, retriever.student)


def _write_vectors(
    home: Home, corpus: Corpus, retriever: DenseRetriever, scratch: Path, progress: Progress
) -> None:
    reusable = find_reusable(home, seal_files(scratch / RETRIEVER_DIR))
    encode_corpus(
        corpus.store,
        retriever,
        scratch / EMBEDDINGS_FILE,
        reusable,
        lambda fraction: progress("encode", 0.05 + 0.79 * fraction),
        tokens=scratch / TOKENS_DIR,
    )


def find_reusable(home: Home, weights: FileSeals) -> Reusable | None:
    """The newest generation with exactly these weights: only new texts need encoding then."""
    for state in reversed(list_generations(home)):
        manifest = state.manifest
        if manifest is None or _weights_of(manifest) != weights:
            continue
        folder = home.generations_dir / str(state.number)
        kept = (EMBEDDINGS_FILE, f"{TOKENS_DIR}/")
        try:
            check_files(folder, {n: one for n, one in manifest.files.items() if n.startswith(kept)})
            earlier = open_corpus(home, manifest.corpus, check=True)
        except CorruptArtefact:
            continue
        if earlier.fingerprint == manifest.corpus_fingerprint:
            vectors = np.load(folder / EMBEDDINGS_FILE, mmap_mode="r", allow_pickle=False)
            by_token = folder / TOKENS_DIR  # there or not as in the new one, of the same weights
            tokens = TokenIndex.load(by_token) if by_token.is_dir() else None
            return Reusable(vectors, earlier, tokens)
    return None


def _weights_of(manifest: Manifest) -> FileSeals:
    prefix = f"{RETRIEVER_DIR}/"
    return {
        name.removeprefix(prefix): sealed
        for name, sealed in manifest.files.items()
        if name.startswith(prefix)
    }


def _weights_source(home: Home, plan: Plan) -> str | Path | None:
    if plan.checkpoint is None:
        return plan.model
    return read_checkpoint(home, plan.checkpoint).folder
