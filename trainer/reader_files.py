"""Read question files with retrieved passages into reader examples.

FiD's form, as one JSON array or one object per line: `question`, `answers` (or `target`/`answer`),
`ctxs` of {id, title, text}, optional `passage_id`. Bad entries are named by number, counted and
skipped; knows no retriever and no model.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reread.errors import BadRequest
from reread.metrics import has_answer, is_gold
from reread.questions import LabelledQuestion, parse_question
from reread.records import Passage
from trainer.reader_examples import ReaderExample


@dataclass(slots=True)
class ReadReport:
    """What a file gave: kept examples and the reasons why entries were not."""

    examples: list[ReaderExample] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)  # reason -> number of its first entry

    def skip(self, reason: str, number: int) -> None:
        self.skipped[reason] += 1
        self.first.setdefault(reason, number)


def read_reader_examples(path: Path) -> ReadReport:
    """All usable examples of a file; BadRequest when there is none."""
    report = ReadReport()
    for number, entry in enumerate(_entries(path), 1):
        try:
            example = parse_example(entry)
        except ValueError as error:
            report.skip(str(error), number)
            continue
        report.examples.append(example)
    if not report.examples:
        reasons = "; ".join(f"{n} x {r}" for r, n in report.skipped.items()) or "it is empty"
        raise BadRequest(f"{path} gave no question to train on ({reasons}).")
    return report


def parse_example(entry: Any) -> ReaderExample:
    """One entry; ValueError says what is wrong with it."""
    if not isinstance(entry, dict):
        raise ValueError("the entry is not a JSON object")
    fields = dict(entry)
    if "answers" not in fields and "answer" not in fields and "target" in fields:
        fields["answers"] = fields["target"]
    question = parse_question(fields, default_id="")
    contexts = fields.get("ctxs")
    if not isinstance(contexts, list) or not contexts:
        raise ValueError("`ctxs` is missing or empty")
    passages = tuple(_passage(context, i) for i, context in enumerate(contexts))
    target = fields.get("target")
    answers = (target,) if isinstance(target, str) else question.answers
    return make_example(question, passages, answers)


def make_example(
    question: LabelledQuestion, passages: tuple[Passage, ...], answers: tuple[str, ...] = ()
) -> ReaderExample:
    """Positives are the named gold passages, else those whose text holds an answer.

    With named gold passages, other passages that also hold an answer are left out: they are
    neither right nor fair distractors.
    """
    gold = [
        i for i, p in enumerate(passages) if any(is_gold(p.id, g) for g in question.passage_ids)
    ]
    holds = [i for i, p in enumerate(passages) if has_answer(p.text, question.answers)]
    if gold:
        kept = [i for i in range(len(passages)) if i in gold or i not in holds]
        passages = tuple(passages[i] for i in kept)
        positives = tuple(kept.index(i) for i in gold)
    else:
        positives = tuple(holds)
    return ReaderExample(question.question, answers or question.answers, passages, positives)


def _passage(context: Any, place: int) -> Passage:
    if not isinstance(context, dict) or not isinstance(context.get("text"), str):
        raise ValueError("a passage in `ctxs` has no `text`")
    return Passage(str(context.get("id", place)), str(context.get("title") or ""), context["text"])


def _entries(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"Cannot read the questions file {path} ({error}).") from error
    if text.startswith("["):
        try:
            entries: list[Any] = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadRequest(f"{path} is not JSON ({error}).") from error
        return entries
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                lines.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise BadRequest(f"{path}, line {number} is not JSON ({error}).") from error
    return lines
