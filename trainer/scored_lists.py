"""Ranked lists with other scores: the reader's, as training examples, and another retriever's own.

Knows lists, passages and scores; knows no run, no labels and no training.
"""

from collections.abc import Sequence

import numpy as np

from reread.passages import PassageStore
from reread.retriever import DenseRetriever
from trainer.asked_questions import AskedQuestion
from trainer.examples import Example
from trainer.list_reading import ListReadings
from trainer.ranked_lists import RankedLists, Rows


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
    """The same lists in the same order with this retriever's inner products as scores."""
    used = np.unique(rows[rows >= 0])
    vectors = retriever.encode_passages(store.get(used.tolist()))  # (P, D)
    asked = retriever.encode_questions(list(questions))  # (B, D)
    places = np.searchsorted(used, np.maximum(rows, used[0] if len(used) else 0))  # (B, K)
    scores = np.einsum("bd,bkd->bk", asked, vectors[places])
    return RankedLists(rows, np.where(rows >= 0, scores, 0.0).astype(np.float32))
