"""The questions that a reader is measured on: made documentation, kinds, and unseen articles.

A case is a question with the passages it is read with. Knows files and BM25; knows no reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from evaluation.metrics import has_answer
from reread.records import Passage
from reread.search.words import BM25Retriever
from trainer.reader.drawing.examples import ReadingExample, read_reading_examples

TOP_K = 20


@dataclass(frozen=True, slots=True)
class Case:
    """One question; `answers` none: to be refused. `right`: places of passages that answer."""

    id: str
    set: str
    kind: str
    question: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    right: tuple[int, ...]


def example_cases(path: Path, count: int, seed: int, most: int = 10) -> Iterator[Case]:
    """Cases of a file of training form, a draw of `count`, passages shuffled.

    Where a question has an answer there is a second case without the passages that hold it, to be
    refused (`<set>-removed`).
    """
    examples = read_reading_examples(path)
    chosen = sorted(Random(seed).sample(range(len(examples)), min(count, len(examples))))
    for place in chosen:
        case = _shuffled(examples[place], path.stem, place, Random(f"{seed}/{place}"), most)
        yield case
        rest = tuple(one for at, one in enumerate(case.passages) if at not in case.right)
        if case.answers and rest:
            yield replace(
                case, id=f"{case.id}-removed", set=f"{case.set}-removed", kind="unanswerable",
                answers=(), passages=rest, right=(),
            )  # fmt: skip


def _shuffled(example: ReadingExample, name: str, place: int, random: Random, most: int) -> Case:
    order = [at for at in range(len(example.passages)) if at not in example.positives]
    order = [*example.positives, *order][:most]
    random.shuffle(order)
    passages = tuple(
        replace(example.passages[at], id=str(number)) for number, at in enumerate(order)
    )
    right = tuple(at for at, one in enumerate(order) if one in example.positives)
    return Case(f"{name}/{place}", name, example.kind, example.question, example.answers,
                passages, right)  # fmt: skip


def article_cases(questions: Path, passages: Path, count: int, seed: int) -> Iterator[Case]:
    """Cases of questions over articles: `given` the right paragraph, `top20` of BM25 over all of
    `passages`, and `top20-removed` without every passage that holds an accepted answer."""
    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    rows = [rows[at] for at in sorted(Random(seed).sample(range(len(rows)), min(count, len(rows))))]
    corpus = read_passages(passages)
    place = {one.id: row for row, one in enumerate(corpus)}
    found = BM25Retriever.build(corpus).search([row["question"] for row in rows], TOP_K)
    for row, hits in zip(rows, found, strict=True):
        answers, gold = tuple(row["answers"]), corpus[place[row["passage_id"]]]
        retrieved = tuple(corpus[hit.row] for hit in hits)
        rest = tuple(one for one in retrieved if not has_answer(text_of(one), answers))
        right = tuple(at for at, one in enumerate(retrieved) if one.id == gold.id)
        yield Case(f"given/{row['id']}", "given", "span", row["question"], answers, (gold,), (0,))
        yield Case(f"top20/{row['id']}", "top20", "span", row["question"], answers, retrieved,
                   right)  # fmt: skip
        yield Case(f"top20-removed/{row['id']}", "top20-removed", "unanswerable", row["question"],
                   (), rest, ())  # fmt: skip


def read_passages(path: Path) -> list[Passage]:
    """`passages.jsonl`: id, title, text."""
    bodies = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [Passage(str(body["id"]), body.get("title") or "", body["text"]) for body in bodies]


def text_of(passage: Passage) -> str:
    """Title and text."""
    return f"{passage.title} {passage.text}"


def without(case: Case, places: Sequence[int], name: str) -> Case:
    """The same question without some of its passages."""
    kept = [at for at in range(len(case.passages)) if at not in set(places)]
    right = tuple(new for new, old in enumerate(kept) if old in case.right)
    passages = tuple(case.passages[at] for at in kept)
    return replace(case, id=f"{case.id}-{name}", set=name, passages=passages, right=right)
