"""A generation: retriever, index and passages of one build, opened together and searched.

Knows how the parts fit and checks that they do; does not know who publishes or serves it. Torch and
faiss are loaded with the first generation that has vectors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reread.artefacts.guards import Mask
from reread.artefacts.manifest import Manifest, check_generation_files, read_manifest
from reread.artefacts.passages import PassageStore
from reread.artefacts.publication import current, verified_numbers
from reread.errors import CorruptArtefact, NoGeneration, NotFound, RereadError
from reread.home import Home
from reread.records import Hit, Passage
from reread.retriever.interaction import TextVectors, best_matches, interaction_named
from reread.rights import EVERYBODY
from reread.search.dense import DenseSearch
from reread.search.tokens import TokenIndex
from reread.search.words import BM25Retriever

if TYPE_CHECKING:
    from reread.retriever.retriever import DenseRetriever
    from reread.search.vectors import Floats

RETRIEVER_DIR, LEXICAL_DIR, TOKENS_DIR = "retriever", "lexical", "tokens"
INDEX_FILE, EMBEDDINGS_FILE = "index.faiss", "embeddings.npy"

Asked = TextVectors | list[str]  # what `embed` made; words for a lexical generation


@dataclass(frozen=True, slots=True)
class LexicalSearch:
    """Words on both sides; there is nothing to embed."""

    retriever: BM25Retriever

    def embed(self, questions: Sequence[str]) -> list[str]:
        return list(questions)

    def find(self, asked: list[str], top_k: int, allowed: Mask | None = None) -> list[list[Hit]]:
        return self.retriever.search(asked, top_k, allowed)


Search = DenseSearch | LexicalSearch


class Generation:
    """Immutable once open; a request keeps a reference to the one it started with."""

    def __init__(self, manifest: Manifest, passages: PassageStore, parts: Search) -> None:
        self.manifest = manifest
        self.passages = passages
        self.parts = parts

    @classmethod
    def open(
        cls,
        home: Home,
        number: int,
        *,
        device: str = "auto",
        dtype: str = "auto",
        threads: int = 1,
        check: bool = True,
    ) -> Generation:
        """Hashes first, then load; raises CorruptArtefact or NoGeneration, never half-opens."""
        folder = home.generations_dir / str(number)
        if not folder.is_dir():
            raise NoGeneration(f"There is no generation {number}: run `reread build`")
        manifest = read_manifest(folder)
        corpus = home.passages_dir / str(manifest.corpus)
        if check:
            check_generation_files(folder, corpus, manifest)
        try:
            passages = PassageStore.open(corpus)
            parts = _load_parts(folder, manifest, device, dtype, threads)
        except RereadError:
            raise
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise CorruptArtefact.mismatch(folder, "content", "a generation", error) from error
        _check_fit(folder, manifest, passages, parts)
        return cls(manifest, passages, parts)

    @property
    def number(self) -> int:
        return self.manifest.number

    def embed(self, questions: Sequence[str]) -> Asked:
        return self.parts.embed(questions)

    def find(self, asked: Asked, top_k: int, allowed: Mask | None = None) -> list[list[Hit]]:
        """Hits for what `embed` made of the questions, min(top_k, passages) each.

        `allowed` (N,): only of these rows; None: of all, whatever their labels.
        """
        if isinstance(self.parts, LexicalSearch):
            assert isinstance(asked, list)
            return self.parts.find(asked, top_k, allowed)
        assert isinstance(asked, TextVectors)
        return self.parts.find(asked, top_k, allowed)

    def embed_passages(self, passages: Sequence[Passage]) -> Floats:
        """(N, D) of texts that the index need not have; NotFound where words are searched."""
        return self._encoder().encode_passages(passages)

    def score(self, question: str, passages: Sequence[Passage]) -> list[float]:
        """How a search would score each passage, were it in the index; NotFound for words."""
        encoder = self._encoder()
        asked, found = encoder.question_vectors([question]), encoder.passage_vectors(passages)
        if asked.tokens is None or found.tokens is None or found.starts is None:
            return [float(one) for one in found.pooled @ asked.pooled[0]]
        matches = best_matches(asked.tokens_of(0), found.tokens, found.starts[:-1])
        return [float(one) for one in matches]

    def _encoder(self) -> DenseRetriever:
        if isinstance(self.parts, LexicalSearch):
            raise NotFound(
                f"Generation {self.number} searches by words and has no vectors; build one with "
                "`reread build --retriever dense`, or use the reader."
            )
        return self.parts.retriever

    def search(self, questions: Sequence[str], top_k: int) -> list[list[Hit]]:
        """Per question, best first; ties by row; of passages that everybody may see."""
        return self.find(self.embed(questions), top_k, self.passages.guards.allowed(EVERYBODY))

    def warm(self) -> float:
        """Pay for the first search now; returns how many seconds it took."""
        start = time.monotonic()
        self.search(["What is warmed up here?", "And here?"], min(10, len(self.passages)))
        return time.monotonic() - start

    def close(self) -> None:
        """Let go of models and index; call it when no request holds this generation."""
        self.__dict__.pop("parts", None)


def open_current(
    home: Home,
    refused: Callable[[int, RereadError], None] = lambda number, error: None,
    *,
    device: str = "auto",
    dtype: str = "auto",
    threads: int = 1,
) -> Generation:
    """The published generation, or the newest older sound one if its files are damaged.

    `refused` hears of each one passed over. Raises NoGeneration when none can be opened.
    """
    published = current(home)
    if published is None:
        raise NoGeneration(
            "No generation is published yet: run `reread ingest PATH`, then `reread build`"
        )
    older = [one for one in verified_numbers(home) if one < published.number]
    for number in [published.number, *reversed(older)]:
        try:
            return Generation.open(home, number, device=device, dtype=dtype, threads=threads)
        except RereadError as error:
            refused(number, error)
    raise NoGeneration(
        f"No generation in {home.generations_dir} could be opened: run `reread build`"
    )


def _load_parts(folder: Path, manifest: Manifest, device: str, dtype: str, threads: int) -> Search:
    if manifest.retriever == "bm25":
        return LexicalSearch(BM25Retriever.load(folder / LEXICAL_DIR))
    from reread.retriever.retriever import DenseRetriever
    from reread.search.vectors import VectorIndex

    retriever = DenseRetriever.load(folder / RETRIEVER_DIR, device=device, dtype=dtype)
    index = VectorIndex.load(folder / INDEX_FILE, threads=threads)
    by_token = interaction_named(manifest.retriever).by_token
    return DenseSearch(retriever, index, TokenIndex.load(folder / TOKENS_DIR) if by_token else None)


def _check_fit(
    folder: Path,
    manifest: Manifest,
    passages: PassageStore,
    parts: Search,
) -> None:
    if passages.fingerprint != manifest.corpus_fingerprint:
        raise CorruptArtefact.mismatch(
            passages.folder, "fingerprint", manifest.corpus_fingerprint, passages.fingerprint
        )
    for path, name, wanted, found in _sizes(folder, len(passages), parts):
        if wanted != found:
            raise CorruptArtefact.mismatch(path, name, wanted, found)


def _sizes(folder: Path, count: int, parts: Search) -> list[tuple[Path, str, int, int]]:
    """(where, of what, what it must be, what it is) of all that must fit together."""
    if isinstance(parts, LexicalSearch):
        return [(folder, "row count", count, len(parts.retriever))]
    file, retriever = folder / INDEX_FILE, parts.retriever
    sizes = [
        (folder, "row count", count, len(parts.index)),
        (file, "dimension", retriever.dimension, parts.index.dimension),
    ]
    if parts.tokens is not None:
        file = folder / TOKENS_DIR
        sizes += [
            (file, "row count", count, len(parts.tokens)),
            (file, "dimension", retriever.token_dimension, parts.tokens.dimension),
        ]
    return sizes
