"""Figures of ranked lists and their readings: R@k, EM, F1, and how far reader and retriever agree.

R@k as DPR counts it (an answer's tokens stand in the passage's text) and by gold passage; the
agreement of appendix A.2. Gold ids are used here and nowhere else in a run. Knows no model.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation import metrics
from evaluation.measure import DEFAULT_DEPTHS, known_recalls
from evaluation.questions import LabelledQuestion
from evaluation.teacher_agreement import measure_agreement
from reread.artefacts.passages import PassageStore
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.reading import ListReadings
from trainer.teacher.scaling import STANDARD_SPREAD

Floats = npt.NDArray[np.float32]
Ranks = list[int | None]


class AnswerFinder:
    """Whether a row's text holds an answer, with every row's tokens made once."""

    def __init__(self, store: PassageStore) -> None:
        self._store = store
        self._texts: dict[int, str] = {}

    def holds(self, row: int, answers: Sequence[str]) -> bool:
        """The same as `metrics.has_answer` on the row's text."""
        if row not in self._texts:
            self._texts[row] = _joined(self._store[row].text)
        return any(len(one) > 2 and one in self._texts[row] for one in map(_joined, answers))

    def first(self, rows: Sequence[int], answers: Sequence[str]) -> int | None:
        """1-based rank of the first row that holds an answer."""
        return next((n for n, row in enumerate(rows, 1) if self.holds(row, answers)), None)


def _joined(text: str) -> str:
    """Tokens between spaces, which no token contains: a run of tokens is a piece of this text."""
    return f" {' '.join(metrics.tokenise(text))} "


def answer_ranks(
    labels: Sequence[LabelledQuestion], lists: RankedLists, finder: AnswerFinder
) -> Ranks:
    return [finder.first(lists.rows_of(q), one.answers) for q, one in enumerate(labels)]


def gold_ranks(
    labels: Sequence[LabelledQuestion], lists: RankedLists, store: PassageStore
) -> Ranks:
    """Rank of the first gold passage or piece of it; None where it is not in the list."""
    found: Ranks = []
    for q, one in enumerate(labels):
        ids = [store[row].id for row in lists.rows_of(q)]
        found.append(
            metrics.first_hit([any(metrics.is_gold(i, g) for g in one.passage_ids) for i in ids])
        )
    return found


def retrieval_metrics(
    labels: Sequence[LabelledQuestion],
    lists: RankedLists,
    store: PassageStore,
    finder: AnswerFinder,
    *,
    complete: bool = False,
) -> dict[str, Any]:
    """R@k over all questions, by answer and, over those that name one, by gold passage.

    `complete` says that the lists hold all there is, so that every k has a figure.
    """
    deepest = max(DEFAULT_DEPTHS) if complete else lists.width
    named = [q for q, one in enumerate(labels) if one.passage_ids]
    gold = gold_ranks(labels, lists, store)
    return {
        "questions": len(labels),
        "answer": known_recalls(answer_ranks(labels, lists, finder), deepest),
        "passage": known_recalls([gold[q] for q in named], deepest) if named else None,
    }


def answer_metrics(labels: Sequence[LabelledQuestion], answers: Sequence[str]) -> dict[str, Any]:
    """Mean EM and F1 with the number of questions; `labels` may be longer than what was read."""
    pairs = list(zip(answers, labels, strict=False))
    return {
        "questions": len(pairs),
        "em": _mean([metrics.exact_match(answer, one.answers) for answer, one in pairs]),
        "f1": _mean([metrics.f1(answer, one.answers) for answer, one in pairs]),
    }


def agreement_metrics(
    lists: RankedLists, readings: ListReadings, aggregation: str
) -> dict[str, Any]:
    """Agreement of the lists' own scores with the reader's on what was read (appendix A.2)."""
    attention = readings.of(aggregation)
    teacher, student = [], []
    for q in range(len(attention)):
        own = attention[q][~np.isnan(attention[q])]
        if len(own) > 1:
            teacher.append(own)
            student.append(lists.scores_of(q, len(own)))
    spread = float(np.mean([one.std() for one in teacher])) if teacher else 0.0
    scaled = [STANDARD_SPREAD * one / max(spread, 1e-12) for one in teacher]
    return {
        "questions": len(scaled),
        **measure_agreement(scaled, student, temperature=None).to_json(),
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
