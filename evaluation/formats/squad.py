"""SQuAD's form (version 2): questions under the passages that hold their answers, written.

Knows the file; reads and judges nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.questions import LabelledQuestion
from reread.commit import replaced_file
from reread.records import Passage


@dataclass(frozen=True, slots=True)
class Placed:
    """A question, a passage, and where in its text an answer begins, in characters."""

    question: LabelledQuestion
    passage: Passage
    answer: str
    start: int


def place(question: LabelledQuestion, passages: Sequence[Passage]) -> Placed | None:
    """In the first passage that has an answer word for word, case aside; None: in none of them.

    >>> one = LabelledQuestion("1", "Where?", ("oslo",))
    >>> found = place(one, [Passage("a", "", "By train."), Passage("b", "", "In Oslo.")])
    >>> found and (found.passage.id, found.answer, found.start)
    ('b', 'Oslo', 3)
    """
    for passage in passages:
        for answer in question.answers:
            start = passage.text.find(answer)
            if start < 0 and len(passage.text.lower()) == len(passage.text):
                start = passage.text.lower().find(answer.lower())
            if answer and start >= 0:
                return Placed(question, passage, passage.text[start : start + len(answer)], start)
    return None


def write_squad(path: Path, placed: Sequence[Placed]) -> None:
    """One article a title, one paragraph a passage; complete or not at all."""
    articles: dict[str, dict[str, dict[str, Any]]] = {}
    for one in placed:
        paragraphs = articles.setdefault(one.passage.title or one.passage.id, {})
        paragraph = paragraphs.setdefault(one.passage.id, {"context": one.passage.text, "qas": []})
        paragraph["qas"].append(
            {
                "id": one.question.id,
                "question": one.question.question,
                "answers": [{"text": one.answer, "answer_start": one.start}],
                "is_impossible": False,
            }
        )
    data = [
        {"title": title, "paragraphs": list(paragraphs.values())}
        for title, paragraphs in articles.items()
    ]
    with replaced_file(path) as stream:
        stream.write(json.dumps({"version": "v2.0", "data": data}, ensure_ascii=False) + "\n")
