"""Questions files: JSONL with `question`, `answers` (or `answer`), optional `passage_id` and `id`.

One bad line fails the whole file with its number: a silently shorter file would give other
figures. Knows nothing of models or of what the questions are for.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reread.errors import BadRequest


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question with every accepted answer, and the ids of its gold passages where known."""

    id: str
    question: str
    answers: tuple[str, ...]
    passage_ids: tuple[str, ...] = ()
    split: str | None = None
    target: str | None = None  # the one answer a reader should learn, where the file names it


def read_questions(path: Path, split: str | None = None) -> list[LabelledQuestion]:
    """The file's questions in order, or those whose `split` is the one given."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"Cannot read the questions file {path} ({error}).") from error
    questions = [
        _parse_line(path, number, line) for number, line in enumerate(lines, 1) if line.strip()
    ]
    if split is not None:
        questions = [one for one in questions if one.split == split]
    if not questions:
        kind = "" if split is None else f" of split {split!r}"
        raise BadRequest(f"{path} holds no question{kind}; write one JSON object per line.")
    return questions


def _parse_line(path: Path, number: int, line: str) -> LabelledQuestion:
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadRequest(f"{path}, line {number} is not JSON ({error}).") from error
    if not isinstance(fields, dict):
        raise BadRequest(f"{path}, line {number} is {type(fields).__name__}, not a JSON object.")
    try:
        return parse_question(fields, default_id=str(number))
    except ValueError as error:
        raise BadRequest(f"{path}, line {number}: {error}") from error


def parse_question(
    fields: dict[str, Any], *, default_id: str, need_answers: bool = True
) -> LabelledQuestion:
    """One question from its JSON object; ValueError with a sentence where a field is wrong."""
    question = fields.get("question")
    if not isinstance(question, str) or not question.strip():
        raise ValueError("`question` must be a text that is not empty.")
    answers = fields.get("answers", fields.get("answer"))
    gold, target = fields.get("passage_id"), fields.get("target")
    if not isinstance(target, str | None):
        raise ValueError("`target` must be a text.")
    return LabelledQuestion(
        id=str(fields.get("id", default_id)),
        question=question.strip(),
        answers=_texts(answers, "answers") if answers or need_answers else (),
        passage_ids=() if gold is None else _texts(gold, "passage_id"),
        split=None if fields.get("split") is None else str(fields["split"]),
        target=target,
    )


def _texts(value: object, name: str) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed:
        raise ValueError(f"`{name}` must be a text or a list of texts that is not empty.")
    if not all(isinstance(one, str) for one in listed):
        raise ValueError(f"`{name}` must hold texts only.")
    return tuple(listed)
