"""Figures of lists against the plain definitions, one question at a time."""

from pathlib import Path

import numpy as np

from evaluation.measure import known_recalls
from evaluation.metrics import has_answer
from evaluation.questions import LabelledQuestion
from reread.records import Passage
from tests.worlds.tiny import make_store
from trainer.iterative.lists.metrics import (
    AnswerFinder,
    agreement_metrics,
    answer_metrics,
    gold_ranks,
    retrieval_metrics,
)
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.reading import ListReadings

TEXTS = ["In October 1973 it began.", "Nearly $12 a barrel", "", "It's 3.5 km; Élan!", "octo 197"]
ANSWERS = [["1973"], ["$12"], ["3.5 km"], ["élan"], ["E\u0301lan"], ["197"], [""], [" "], ["s 3"]]


def test_finding_an_answer_equals_the_plain_definition(tmp_path: Path):
    store = make_store(tmp_path, [Passage(str(n), "1973", t) for n, t in enumerate(TEXTS)])
    finder = AnswerFinder(store)
    for row, text in enumerate(TEXTS):
        for answers in ANSWERS:
            assert finder.holds(row, answers) == has_answer(text, answers), (text, answers)


def test_recall_by_answer_and_by_gold_passage(tmp_path: Path):
    store = make_store(tmp_path, [Passage(f"p{n}", "", t) for n, t in enumerate(TEXTS)])
    labels = [
        LabelledQuestion("a", "q", ("1973",), ("p1",)),
        LabelledQuestion("b", "q", ("3.5 km",)),
        LabelledQuestion("c", "q", ("nowhere",), ("p4",)),
    ]
    lists = RankedLists(np.array([[4, 0, 1], [3, 2, 1], [2, 1, -1]]), np.zeros((3, 3), np.float32))
    found = retrieval_metrics(labels, lists, store, AnswerFinder(store))
    assert found["answer"] == {"1": 1 / 3, "5": None, "20": None, "100": None}
    assert found["passage"] == {"1": 0.0, "5": None, "20": None, "100": None}
    whole = retrieval_metrics(labels, lists, store, AnswerFinder(store), complete=True)
    assert whole["answer"]["5"] == 2 / 3 and whole["passage"]["5"] == 0.5
    assert gold_ranks(labels, lists, store) == [3, None, None]
    assert known_recalls([2, 5, None, 7], 20) == {"1": 0.0, "5": 0.5, "20": 0.75, "100": None}


def test_answers_count_only_where_something_was_read():
    labels = [LabelledQuestion(str(n), "q", ("the cat",)) for n in range(3)]
    assert answer_metrics(labels, ["Cat", "dog"]) == {"questions": 2, "em": 0.5, "f1": 0.5}


def test_agreement_leaves_out_what_was_not_read():
    nan = float("nan")
    lists = RankedLists(np.array([[1, 2, 3], [4, 5, 6]]), np.array([[3, 2, 1]] * 2, np.float32))
    scores = np.array([[9, 5, nan], [1, 2, nan]], np.float32)
    found = agreement_metrics(lists, ListReadings(("", ""), {"mean": scores}), "mean")
    assert found["questions"] == 2
    assert found["top_1_agreement"] == 0.5 and found["inversions"] == 0.5
