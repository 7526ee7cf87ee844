"""Ranked lists with another retriever's scores.

Knows lists, passages and scores; knows no run, no labels and no training.
"""

from collections.abc import Sequence

import numpy as np

from reread.artefacts.passages import PassageStore
from reread.retriever.retriever import DenseRetriever
from trainer.iterative.lists.ranked import RankedLists, Rows
from trainer.student.matching import score_lists


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
