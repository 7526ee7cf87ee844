"""Ranked lists with other scores: the reader's, as training examples, and another retriever's own.

Knows lists, passages and scores; knows no run, no labels and no training.
"""

from collections.abc import Sequence

import numpy as np

from reread.artefacts.passages import PassageStore
from reread.retriever.retriever import DenseRetriever
from trainer.examples import Example
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.ranked import RankedLists, Rows
from trainer.iterative.lists.reading import ListReadings
from trainer.student.matching import score_lists


def scored_examples(
    asked: Sequence[AskedQuestion],
    lists: RankedLists,
    store: PassageStore,
    readings: ListReadings,
    aggregation: str,
    *,
    reader: str,
) -> list[Example]:
    """What step 3 trains on; lists without two different finite scores teach nothing."""
    attention = readings.of(aggregation)
    examples = []
    for q, one in enumerate(asked):
        own = attention[q][~np.isnan(attention[q])]
        rows = lists.rows_of(q, len(own))
        if len(own) > 1 and np.isfinite(own).all() and len(set(own.tolist())) > 1:
            examples.append(
                Example(
                    one.label.question,
                    tuple(store.get(rows)),
                    tuple(rows),
                    tuple(own.tolist()),
                    reader,
                    q + 1,
                )  # fmt: skip
            )
    return examples


def rescore(
    retriever: DenseRetriever, questions: Sequence[str], rows: Rows, store: PassageStore
) -> RankedLists:
    """The same lists in the same order with this retriever's scores."""
    lists = RankedLists(rows, np.zeros(rows.shape, dtype=np.float32))
    asked = [q for q in range(len(lists)) if lists.rows_of(q)]
    own = [store.get(lists.rows_of(q)) for q in asked]
    found = score_lists(retriever, [questions[q] for q in asked], own)
    for q, scores in zip(asked, found, strict=True):
        lists.scores[q, : len(scores)] = scores
    return lists
