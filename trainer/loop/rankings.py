"""What two retrievers make of the same questions: on given lists, and in the whole corpus.

The candidate is an encoder without an index, so its vectors are computed here; the incumbent is
asked through its generation, as it serves. A corpus over the limit is sampled for both: a ranking
over a sample is the whole ranking with the rest left out. Knows no threshold and no log.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from evaluation.measure import Searchable
from reread.artefacts.passages import PassageStore
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever
from trainer.examples import Example
from trainer.student.matching import Best, score_lists

PASSAGES_AT_ONCE = 512
QUESTIONS_AT_ONCE = 64
LIST_DEPTH = 100  # how deep the incumbent is searched for the passages of a list
Check = Callable[[float], None]  # share done; may raise to stop


@dataclass(frozen=True, slots=True)
class Sample:
    """The rows of the corpus that are searched, ascending; `whole` if these are all."""

    rows: tuple[int, ...]
    whole: bool
    share: float


def sample_rows(store: PassageStore, limit: int, *, always: set[int], seed: int) -> Sample:
    """All rows in the open, or a seeded draw of `limit` of them and those in `always`."""
    guarded = store.guards.labels_of
    rows = [row for row in range(len(store)) if row not in guarded]
    if len(rows) <= limit:
        return Sample(tuple(rows), whole=True, share=1.0)
    drawn = set(Random(seed).sample(rows, limit)) | always
    return Sample(tuple(sorted(drawn)), whole=False, share=len(drawn) / len(rows))


def candidate_scores(retriever: DenseRetriever, examples: Sequence[Example]) -> list[np.ndarray]:
    """The candidate's scores of each question's own passages."""
    questions = [one.question for one in examples]
    return list(score_lists(retriever, questions, [one.passages for one in examples]))


def incumbent_scores(generation: Searchable, examples: Sequence[Example]) -> list[np.ndarray]:
    """The scores the serving generation finds for each question's passages; -inf = not found."""
    found = search_ids(generation, [one.question for one in examples], LIST_DEPTH)
    return [
        np.array([dict(hits).get(passage.id, -np.inf) for passage in one.passages])
        for one, hits in zip(examples, found, strict=True)
    ]


def search_ids(
    generation: Searchable, questions: Sequence[str], depth: int
) -> list[list[tuple[str, float]]]:
    """(passage id, score) best first; ids, because a generation may serve an older corpus."""
    ranked: list[list[tuple[str, float]]] = []
    for start in range(0, len(questions), QUESTIONS_AT_ONCE):
        for hits in generation.search(list(questions[start : start + QUESTIONS_AT_ONCE]), depth):
            passages = generation.passages.get([hit.row for hit in hits])
            scored = zip(passages, hits, strict=True)
            ranked.append([(passage.id, hit.score) for passage, hit in scored])
    return ranked


def candidate_top(
    retriever: DenseRetriever,
    store: PassageStore,
    sample: Sample,
    questions: Sequence[str],
    k: int,
    check: Check,
    *,
    passages_at_once: int = PASSAGES_AT_ONCE,
) -> list[list[Passage]]:
    """The candidate's first k in the sample for each question, as its search finds them."""
    best = Best(retriever, list(questions), k)
    for start in range(0, len(sample.rows), passages_at_once):
        check(start / len(sample.rows))
        chunk = sample.rows[start : start + passages_at_once]
        best.show(np.array(chunk, dtype=np.int64), store.get(list(chunk)))
    return [store.get(own) for own in best.rows()]


def incumbent_top(
    generation: Searchable,
    store: PassageStore,
    sample: Sample,
    questions: Sequence[str],
    k: int,
) -> list[list[Passage]]:
    """The incumbent's first k among the sampled passages."""
    depth = k if sample.whole else min(len(store), int(2 * k / sample.share) + LIST_DEPTH)
    kept = None if sample.whole else {one.id for one in store.get(list(sample.rows))}
    lists: list[list[Passage]] = []
    for start in range(0, len(questions), QUESTIONS_AT_ONCE):
        for hits in generation.search(list(questions[start : start + QUESTIONS_AT_ONCE]), depth):
            passages = generation.passages.get([hit.row for hit in hits])
            lists.append([one for one in passages if kept is None or one.id in kept][:k])
    return lists
