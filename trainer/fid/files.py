"""Fusion-in-Decoder's question files, read and written: questions with passages and their scores.

The form is `id, question, target, answers, ctxs[{id, title, text, score}]`, as one JSON array or
one object per line. Knows the file and what may be wrong in it; no model and no home.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.questions import parse_question
from reread.commit import replaced_file
from reread.errors import BadRequest
from reread.records import Passage


@dataclass(frozen=True, slots=True)
class ScoredQuestion:
    """One entry; `scores` run parallel to `passages`, None where the file scores no passage."""

    id: str
    question: str
    answers: tuple[str, ...]
    target: str | None
    passages: tuple[Passage, ...]  # in the file's order, at least one, no id twice
    scores: tuple[float, ...] | None = None  # finite
    passage_ids: tuple[str, ...] = ()  # gold passages, where the file names them
    read_with: Mapping[str, Any] | None = None  # how the scores were made; see `fid_entry`


@dataclass(slots=True)
class ScoredQuestions:
    """What a file gave: usable entries in its order, and by reason the places of the others."""

    entries: list[ScoredQuestion] = field(default_factory=list)
    unit: str = "line"  # what the numbers count from 1: "line", or "entry" of a JSON array
    places: dict[str, list[int]] = field(default_factory=dict)

    @property
    def skipped(self) -> Counter[str]:
        """How many entries each reason left out."""
        return Counter({reason: len(numbers) for reason, numbers in self.places.items()})

    @property
    def first(self) -> dict[str, int]:
        """The number of the first entry each reason left out."""
        return {reason: numbers[0] for reason, numbers in self.places.items()}

    def sentences(self) -> list[str]:
        """One sentence per reason, for people.

        >>> ScoredQuestions(places={"`ctxs` is missing or empty": [3, 8]}).sentences()
        ['skipped 2: `ctxs` is missing or empty (first: line 3)']
        """
        return [
            f"skipped {len(numbers)}: {reason} (first: {self.unit} {numbers[0]})"
            for reason, numbers in self.places.items()
        ]


def read_scored_questions(
    path: Path, *, scores: bool = True, answers: bool = False
) -> ScoredQuestions:
    """Every usable entry; BadRequest when the file cannot be read or has none.

    Refused as a whole: a file that is not UTF-8, an array or a line that is not JSON (the file may
    have been cut off). Skipped, counted and named by number: an entry that is no object; no
    `question`; `answers`, `target` or `passage_id` of the wrong kind; `ctxs` missing or empty; a
    passage without `text`; a passage id twice in one entry; a question id that an earlier entry
    has; and, unless `scores` is False: some passages scored and others not, a score that is not a
    number, a score that is NaN or infinite (Python's JSON literals included). Numbers in strings
    are scores: DPR and FiD write them so. With `scores` False, scores are not looked at and None.
    Entries without answers are kept unless `answers` asks for them. An entry without an id is
    called `#` and its number; a passage without one is called by its place from 0.
    """
    report = ScoredQuestions()
    seen: set[str] = set()
    for report.unit, number, entry in read_entries(path):
        try:
            found = parse_entry(entry, number, scores=scores, answers=answers)
            if found.id in seen:
                raise ValueError("an earlier entry has the same id")
        except ValueError as error:
            report.places.setdefault(str(error), []).append(number)
            continue
        seen.add(found.id)
        report.entries.append(found)
    if not report.entries:
        reasons = "; ".join(report.sentences()) or "it is empty"
        raise BadRequest(f"{path} holds no usable question with passages ({reasons}).")
    return report


def parse_entry(
    entry: Any, number: int, *, scores: bool = True, answers: bool = False
) -> ScoredQuestion:
    """One entry; ValueError says what is wrong with it, in words that do not name the entry."""
    if not isinstance(entry, dict):
        raise ValueError("the entry is not a JSON object")
    fields = dict(entry)
    if not fields.get("answers") and not fields.get("answer") and fields.get("target"):
        fields["answers"] = fields["target"]
    question = parse_question(fields, default_id=f"#{number}", need_answers=answers)
    contexts = fields.get("ctxs")
    if not isinstance(contexts, list) or not contexts:
        raise ValueError("`ctxs` is missing or empty")
    passages = tuple(parse_passage(context, place) for place, context in enumerate(contexts))
    if len({passage.id for passage in passages}) < len(passages):
        raise ValueError("a passage id is twice in `ctxs`")
    read_with = fields.get("read_with")
    return ScoredQuestion(
        question.id,
        question.question,
        question.answers,
        question.target,
        passages,
        _scores(contexts) if scores else None,
        question.passage_ids,
        read_with if isinstance(read_with, dict) else None,
    )


def write_scored_questions(path: Path, questions: Iterable[ScoredQuestion]) -> int:
    """Write FiD's form, complete or not at all; returns the number of entries.

    A name that ends in `.jsonl` gets one object per line, any other one JSON array. Raises
    BadRequest for a score that is NaN or infinite, which JSON cannot hold.
    """
    lines = path.suffix == ".jsonl"
    count = 0
    with replaced_file(path) as stream:
        for count, question in enumerate(questions, 1):  # noqa: B007
            stream.write("" if lines else "[" if count == 1 else ",\n")
            # ASCII, as the log does: lone surrogates survive.
            stream.write(json.dumps(fid_entry(question), allow_nan=False))
            stream.write("\n" if lines else "")
        if not lines:
            stream.write("]\n" if count else "[]\n")
    return count


def fid_entry(question: ScoredQuestion) -> dict[str, Any]:
    """The JSON object of one question; `score` stands only where there are scores.

    `read_with` is ours and FiD ignores it: the reader, the generation, the aggregation and the
    ordered passages the scores were made with, since a score depends on the whole set (FiD-KD,
    section 3.2).
    """
    scores = question.scores
    for score in scores or ():
        if not math.isfinite(score):
            raise BadRequest(f"A score of question {question.id!r} is {score}; give finite scores.")
    body: dict[str, Any] = {"id": question.id, "question": question.question}
    if question.target is not None:
        body["target"] = question.target
    body["answers"] = list(question.answers)
    if question.passage_ids:
        body["passage_id"] = list(question.passage_ids)
    contexts: list[dict[str, Any]] = [
        {"id": p.id, "title": p.title, "text": p.text} for p in question.passages
    ]
    if scores is not None:
        contexts = [{**c, "score": s} for c, s in zip(contexts, scores, strict=True)]
    body["ctxs"] = contexts
    if question.read_with is not None:
        body["read_with"] = dict(question.read_with)
    return body


def parse_passage(context: Any, place: int) -> Passage:
    """One of `ctxs`; ValueError where it has no text. `place` names a passage without an id."""
    if not isinstance(context, dict) or not isinstance(context.get("text"), str):
        raise ValueError("a passage in `ctxs` has no `text`")
    id = context.get("id")
    return Passage(
        str(place) if id is None else str(id), str(context.get("title") or ""), context["text"]
    )


def _scores(contexts: list[dict[str, Any]]) -> tuple[float, ...] | None:
    given = [context.get("score") for context in contexts]
    if all(score is None for score in given):
        return None
    if any(score is None for score in given):
        raise ValueError("some passages have a `score` and others have none")
    return tuple(_score(score) for score in given)


def _score(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("a `score` is not a number")
    try:
        score = float(value)
    except ValueError as error:
        raise ValueError("a `score` is not a number") from error
    except OverflowError:  # a whole number beyond the range of floats
        score = math.inf
    if not math.isfinite(score):
        raise ValueError("a `score` is NaN or infinite")
    return score


def read_entries(path: Path) -> Iterator[tuple[str, int, Any]]:
    """(unit, number from 1, entry); lines are streamed, an array is read whole."""
    try:
        if _is_array(path):
            for number, entry in enumerate(_loads(path.read_text("utf-8-sig"), str(path)), 1):
                yield "entry", number, entry
            return
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield "line", number, _loads(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"Cannot read the questions file {path} ({error}).") from error


def _is_array(path: Path) -> bool:
    with path.open(encoding="utf-8-sig") as stream:
        return next((line for line in stream if line.strip()), "").lstrip().startswith("[")


def _loads(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 4,300 digits
        raise BadRequest(f"{place} is not JSON ({error}).") from error
