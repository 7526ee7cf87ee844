"""From which score on nearness alone is evidence: measured on the index that is searched.

How near two texts are is told by their one vectors, whatever orders the passages: token by token a
short question of letters alone comes near to anything. What an encoder makes of questions about
something else depends on its weights and on the corpus, so such questions are asked once, when a
generation is opened. Knows a search by vectors; knows no passage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reread.search.evidence import topic_words
from reread.search.terms import FOLDED_SCRIPTS

if TYPE_CHECKING:
    from reread.retriever.retriever import DenseRetriever
    from reread.search.dense import DenseSearch

FLOOR = 0.40  # of unit vectors; docs/decisions/retrieval.md has the figures
ABOVE = 0.15  # of the way from the best for a question about something else to the same text
LETTERS_PER_PIECE = 2.5  # with fewer, the pieces of a word say nothing of what it means
STRANGE = "\ue000"  # in no vocabulary
ELSEWHERE = (
    "How long should an egg boil?",
    "Which team won the football final?",
    "How far away is the moon?",
    "What do rabbits eat?",
    "Who painted the ceiling of the chapel?",
    "When does the train to the coast leave?",
    "How is bread baked?",
    "What does the heart do?",
    "Which king built the castle?",
    "How do I tie a tie?",
    "Why are leaves green?",
    "What is the capital of the island?",
    "How much does a haircut cost?",
    "Who wrote the opera?",
    "How do airplanes fly?",
    "What is good against a cold?",
    "How do I plant tomatoes?",
    "When was the bridge opened?",
    "Which language is spoken in the village?",
    "How does a guitar make sound?",
    "Which wine goes with fish?",
    "What is the tax on a house?",
    "How deep is the lake?",
    "How do I remove a stain from a shirt?",
)


@dataclass(frozen=True, slots=True)
class Nearness:
    """When nearness may stand in for a common word, in one generation."""

    retriever: DenseRetriever
    level: float

    @classmethod
    def of(cls, search: DenseSearch) -> Nearness:
        """Asks the index; vectors that are not of unit length have no fixed floor."""
        asked = search.retriever.encode_questions(ELSEWHERE)
        best, _ = search.index.search(asked, 1)
        usual = float(np.median(best[:, 0]))  # the corpus may be about some of them
        if search.retriever.settings.normalize:
            return cls(search.retriever, max(FLOOR, usual + ABOVE * (1 - usual)))
        return cls(search.retriever, usual + ABOVE * abs(usual))

    def from_score(self, question: str) -> float | None:
        """The nearness from which a passage is evidence for the question; None: words decide."""
        return self.level if knows_any(self.retriever, topic_words(question)) else None


def knows_any(retriever: DenseRetriever, words: Iterable[str]) -> bool:
    """Whether the encoder may know what one of the words means, by the pieces it makes of them.

    Numbers, names with marks and words of fragments mean nothing to it beyond their letters.
    """
    plain = [one for one in words if one.isalnum() and not one.isdecimal()]
    nothing, strange, *made = retriever.piece_ids(["", STRANGE, *plain])
    return any(
        ids != strange and _says_something(word, len(ids) - len(nothing))
        for word, ids in zip(plain, made, strict=True)
    )


def _says_something(word: str, pieces: int) -> bool:
    """Scripts without an alphabet say more in each letter.

    >>> _says_something("photovoltaic", 4), _says_something("blorft", 3)
    (True, False)
    """
    if pieces <= 1 or not FOLDED_SCRIPTS.search(word):
        return True
    return len(word) >= LETTERS_PER_PIECE * pieces
