"""Read question files with retrieved passages into reader examples and validation questions.

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
from trainer.reader_examples import ReaderExample, ValidationQuestion


@dataclass(slots=True)
class ReadReport:
    """What a file gave: kept examples and the reasons why entries were not."""

    examples: list[ReaderExample] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)  # reason -> number of its first entry

    def skip(self, reason: str, number: int) -> None:
        self.skipped[reason] += 1
        self.first.setdefault(reason, number)


def read_reader_examples(path: Path, *, keep_all: bool = False) -> ReadReport:
    """All usable examples of a file (make_example has `keep_all`); BadRequest without any."""
    report = ReadReport()
    for number, entry in enumerate(_entries(path), 1):
        try:
            example = parse_example(entry, keep_all=keep_all)
        except ValueError as error:
            report.skip(str(error), number)
            continue
        report.examples.append(example)
    if not report.examples:
        reasons = "; ".join(f"{n} x {r}" for r, n in report.skipped.items()) or "it is empty"
        raise BadRequest(f"{path} gave no question to train on ({reasons}).")
    return report


def parse_example(entry: Any, *, keep_all: bool = False) -> ReaderExample:
    """One entry; ValueError says what is wrong with it."""
    question, passages, target = _parse_entry(entry)
    answers = (target,) if target is not None else question.answers
    return make_example(question, passages, answers, keep_all=keep_all)


def read_validation(path: Path, passages: int) -> list[ValidationQuestion]:
    """Every entry with its first `passages` contexts in the file's order and all its answers.

    Raises BadRequest naming the first entry that cannot be used: a silently shorter file would give
    other figures.
    """
    found = []
    for number, entry in enumerate(_entries(path), 1):
        try:
            question, contexts, _ = _parse_entry(entry)
        except ValueError as error:
            raise BadRequest(f"{path}, entry {number} cannot validate: {error}") from error
        found.append(ValidationQuestion(question.question, question.answers, contexts[:passages]))
    if not found:
        raise BadRequest(f"{path} holds no question to validate on.")
    return found


def _parse_entry(entry: Any) -> tuple[LabelledQuestion, tuple[Passage, ...], str | None]:
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
    return question, passages, target if isinstance(target, str) else None


def make_example(
    question: LabelledQuestion,
    passages: tuple[Passage, ...],
    answers: tuple[str, ...] = (),
    *,
    keep_all: bool = False,
) -> ReaderExample:
    """Positives are the named gold passages, else those whose text holds an answer.

    With named gold passages, other passages that also hold an answer are left out: they are
    neither right nor fair distractors. `keep_all` keeps them, and counts them as positives: the
    paper's reader trains on everything that was retrieved.
    """
    gold = [
        i for i, p in enumerate(passages) if any(is_gold(p.id, g) for g in question.passage_ids)
    ]
    holds = [i for i, p in enumerate(passages) if has_answer(p.text, question.answers)]
    if keep_all:
        positives = tuple(sorted({*gold, *holds}))
    elif gold:
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
