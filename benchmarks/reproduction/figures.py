"""A cell's figures by split, as shares and question by question.

Knows ranked lists, answers and labels; knows no training and no table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.reproduction.sizes import SPLITS
from evaluation.long_answers import score_long_answers
from evaluation.measure import DEFAULT_DEPTHS
from evaluation.metrics import exact_match
from evaluation.questions import LabelledQuestion
from reread.artefacts.passages import PassageStore
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.metrics import (
    AnswerFinder,
    answer_metrics,
    answer_ranks,
    retrieval_metrics,
)
from trainer.iterative.lists.ranked import RankedLists


def figures_by_split(
    asked: Sequence[AskedQuestion],
    lists: RankedLists,
    answers: Sequence[str],
    corpus: PassageStore,
    finder: AnswerFinder,
) -> dict[str, Any]:
    """R@k of every list and EM of the first ones, which have answers; splits alternate."""
    found = {}
    for place, split in enumerate(SPLITS):
        rows = list(range(place, len(asked), len(SPLITS)))
        own = RankedLists(lists.rows[rows], lists.scores[rows])
        labels = [asked[row].label for row in rows]
        said = [answers[row] for row in rows if row < len(answers)]
        recall = retrieval_metrics(labels, own, corpus, finder)
        read = answer_metrics(labels, said)
        found[split] = {
            **{f"R@{k}": value for k, value in recall["answer"].items()},
            "EM": read["em"], "F1": read["f1"],
            "measured": recall["questions"], "answered": read["questions"],
            "per_question": per_question(labels, own, said, finder),
        }  # fmt: skip
    return found


def per_question(
    labels: Sequence[LabelledQuestion],
    lists: RankedLists,
    answers: Sequence[str],
    finder: AnswerFinder,
) -> dict[str, list[float]]:
    """What verdicts are drawn from; EM of those that were answered, the first."""
    ranks = answer_ranks(labels, lists, finder)
    known = [k for k in DEFAULT_DEPTHS if k <= lists.width]
    found = {f"R@{k}": [float(r is not None and r <= k) for r in ranks] for k in known}
    pairs = zip(answers, labels, strict=False)
    return found | {"EM": [exact_match(answer, label.answers) for answer, label in pairs]}


def with_long_answers(
    found: dict[str, Any], asked: Sequence[AskedQuestion], answers: Sequence[str]
) -> dict[str, Any]:
    """Figures by split and those of Table 4: ROUGE-L and METEOR by question, BLEU of each split."""
    for place, split in enumerate(SPLITS):
        own = [(said, one) for said, one in zip(answers, asked, strict=False)][place :: len(SPLITS)]
        scores = score_long_answers(
            [said for said, _ in own], [one.label.answers for _, one in own]
        )
        means = {"ROUGE-L": scores.columns["rouge_l"], "METEOR": scores.columns["meteor"]}
        kept = {name: [float(value or 0.0) for value in column] for name, column in means.items()}
        found[split] |= {name: sum(column) / len(column) for name, column in kept.items()}
        found[split] |= {f"BLEU-{n}": scores.bleu[f"bleu_{n}"].corpus for n in (1, 4)}
        found[split]["per_question"] |= kept
    return found
