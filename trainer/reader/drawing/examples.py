"""Questions that bring their passages, as lines of JSON: passages, answers, which are right.

A line holds `question`, `answers` (none: refuse), `passages` ({"title", "text"}), `positives`
(places of the right ones) and `kind`. Knows files; knows no tokens.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reread.errors import BadRequest
from reread.records import Passage
from trainer.reader.examples import ReaderExample

NONE, VERDICT = "none", "yesno"
STARTER_MIX = {"squadlike": 0.50, "others": 0.14, "docs": 0.36}  # each set's share of questions


@dataclass(frozen=True, slots=True)
class ReadingExample:
    """One question. The first passages that are not right are the hardest to tell from them."""

    question: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    positives: tuple[int, ...]
    kind: str = "span"


def read_sets(files: Sequence[Path]) -> dict[str, list[ReadingExample]]:
    """Every file's examples under its name without the ending."""
    return {path.stem: read_reading_examples(path) for path in files}


def require_named(wanted: Collection[str], given: Collection[str]) -> None:
    """BadRequest that names the sets a recipe wants and does not have."""
    if missing := sorted(set(wanted) - set(given)):
        raise BadRequest(
            f"The starter's recipe reads {', '.join(f'{name}.jsonl' for name in missing)} and "
            f"{', '.join(sorted(given)) or 'nothing'} was given; docs/starter-reader.md says how "
            "each is made."
        )


def read_reading_examples(path: Path) -> list[ReadingExample]:
    """Every line; BadRequest names the first that cannot be used, or a file without any."""
    found = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                found.append(_checked(path, number, line))
    if not found:
        raise BadRequest(f"{path} holds no questions; give a file of at least one line.")
    return found


def holds_reading_examples(path: Path) -> bool:
    """Whether a file's first line has passages of its own, as these lines do."""
    try:
        with path.open(encoding="utf-8") as file:
            body = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(body, dict) and {"question", "passages", "positives"} <= body.keys()


def of_reader_examples(examples: Sequence[ReaderExample]) -> list[ReadingExample]:
    """Questions of the encoder-decoders' kind; one without a right passage is left out, because
    nobody said that the others hold no answer."""
    return [
        ReadingExample(one.question, one.answers, one.passages, one.positives)
        for one in examples
        if one.positives and one.answers
    ]


def _checked(path: Path, number: int, line: str) -> ReadingExample:
    try:
        example = make_reading_example(json.loads(line))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRequest(
            f"{path}, line {number} is not a training question ({error!r})."
        ) from error
    reason = fault_of(example)
    if reason:
        raise BadRequest(f"{path}, line {number} cannot be learnt from: {reason}.")
    return example


def make_reading_example(body: Mapping[str, Any]) -> ReadingExample:
    """A line's value as an example; KeyError, TypeError or ValueError where it is none."""
    passages = [
        Passage(str(n), str(p["title"]), str(p["text"])) for n, p in enumerate(body["passages"])
    ]
    answers = tuple(map(str, body["answers"]))
    return ReadingExample(
        str(body["question"]),
        answers,
        tuple(passages),
        tuple(map(int, body["positives"])),
        str(body.get("kind", "span" if answers else NONE)),
    )


def fault_of(example: ReadingExample) -> str:
    """Why an example teaches something wrong; empty where it does not."""
    if not example.passages:
        return "it has no passages"
    if not all(0 <= place < len(example.passages) for place in example.positives):
        return f"positives {list(example.positives)} of {len(example.passages)} passages"
    if bool(example.answers) != bool(example.positives):
        return "answers and right passages go together, and one of them is missing"
    return ""
