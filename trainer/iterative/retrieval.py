"""Step 4 of an iteration: the lists of all its questions, by words, by vectors, or by both.

Knows what a run reads from and searches; knows no reader, no run directory and no training.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.measure import DEFAULT_DEPTHS
from reread.retriever.retriever import DenseRetriever
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.document_rows import DocumentRows, Rows
from trainer.iterative.lists.fused import fuse
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.searches import encode_lists, search_words
from trainer.iterative.run_source import Source
from trainer.iterative.settings import RunSettings

Wanted = tuple[str, Sequence[AskedQuestion], int, list[Rows | None]]  # name, questions, depth, rows


@dataclass(frozen=True, slots=True)
class ListRetrieval:
    """Retrieves for both groups of questions, each within its document where the run says so."""

    source: Source
    settings: RunSettings
    show: Callable[[float], None]

    def by_words(self) -> dict[str, RankedLists]:
        """BM25's lists of `train` and `validation`."""
        return self._by_words(self._wanted())

    def by_retriever(self, retriever: DenseRetriever, scratch: Path) -> dict[str, RankedLists]:
        """The retriever's lists, with BM25's scores added where the run says so."""
        weight = self.settings.words_weight
        if weight is None:
            return self._by_vectors(retriever, scratch, self._wanted())
        deeper = [
            (name, asked, max(depth, *DEFAULT_DEPTHS), within)
            for name, asked, depth, within in self._wanted()
        ]
        vectors, words = self._by_vectors(retriever, scratch, deeper), self._by_words(deeper)
        return {
            name: fuse(vectors[name], words[name], weight, depth=depth)
            for name, _, depth, _ in self._wanted()
        }

    def _by_words(self, wanted: Sequence[Wanted]) -> dict[str, RankedLists]:
        return {
            name: search_words(self.source.corpus, texts_of(asked), depth, within, self.show)
            for name, asked, depth, within in wanted
        }

    def _by_vectors(
        self, retriever: DenseRetriever, scratch: Path, wanted: Sequence[Wanted]
    ) -> dict[str, RankedLists]:
        """The corpus's vectors are in `scratch` while it is searched."""
        folder = scratch / "encoded"
        search = encode_lists(
            retriever, self.source.corpus, folder, self.show, index=self.settings.index
        )
        shutil.rmtree(folder)  # stays mapped until the search is over, and is never committed
        return {
            name: search.find(texts_of(asked), depth, within)
            for name, asked, depth, within in wanted
        }

    def _wanted(self) -> list[Wanted]:
        """Validation lists go down to the deepest R@k; training lists to what is read."""
        train, validation = self.source.train, self.source.validation
        depth = self.settings.depth
        return [
            ("train", train, depth, self._within(train)),
            ("validation", validation, max(depth, *DEFAULT_DEPTHS), self._within(validation)),
        ]

    def _within(self, asked: Sequence[AskedQuestion]) -> list[Rows | None]:
        if not self.settings.within_document:
            return [None] * len(asked)
        documents = DocumentRows.of(self.source.corpus)
        names = dict.fromkeys(one.document or "" for one in asked)
        found = {name: documents.find(name) for name in names}
        return [found[one.document or ""] for one in asked]


def texts_of(asked: Sequence[AskedQuestion]) -> list[str]:
    return [one.label.question for one in asked]
