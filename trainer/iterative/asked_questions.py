"""The questions a distillation run learns from and is measured on, with what they bring along.

Reads JSONL and FiD JSON (one array or one object per line). Knows the fields of an entry; knows
no corpus, no retriever and no model.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from evaluation.questions import LabelledQuestion, parse_question
from reread.errors import BadRequest
from reread.records import Passage
from trainer.fid.files import parse_passage, read_entries


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A labelled question; gold `passage_ids` in the label are for scoring only."""

    label: LabelledQuestion
    target: str | None = None  # the one answer to train on, where the entry names it
    document: str | None = None  # all of its passages lie in this document
    given: tuple[Passage, ...] = ()  # `ctxs`, in the file's order

    @property
    def training_answers(self) -> tuple[str, ...]:
        return (self.target,) if self.target else self.label.answers


def read_asked(
    path: Path, *, split: str | None = None, limit: int | None = None, seed: int = 0
) -> list[AskedQuestion]:
    """The file's questions in its order; with `limit`, a seeded draw of so many.

    One bad entry fails the file with its number; BadRequest also where nothing is left.
    """
    asked = [_parse(path, unit, n, entry) for unit, n, entry in read_entries(path)]
    if split is not None:
        asked = [one for one in asked if one.label.split == split]
    if not asked:
        kind = "" if split is None else f" of split {split!r}"
        raise BadRequest(f"{path} holds no question{kind}; give a file that does.")
    if limit is not None and limit < len(asked):
        kept = sorted(Random(seed).sample(range(len(asked)), limit))
        asked = [asked[place] for place in kept]
    return asked


def fingerprint(asked: Sequence[AskedQuestion]) -> str:
    """sha256 of everything the questions bring into a run, in order."""
    digest = hashlib.sha256()
    for one in asked:
        given = [(p.id, p.title, p.text) for p in one.given]
        label = one.label
        line = [label.id, label.question, label.answers, label.passage_ids]
        digest.update(json.dumps([*line, one.target, one.document, given]).encode() + b"\n")
    return digest.hexdigest()


def given_passages(asked: Sequence[AskedQuestion]) -> tuple[list[Passage], list[list[int]]]:
    """Every different passage the questions bring, under ids of its own, and each question's rows.

    An id that stands for several texts (some files number each question's `ctxs`) is kept by the
    first and made distinct for the others by a hash of their text.
    """
    rows: dict[tuple[str, str], int] = {}
    passages: list[Passage] = []
    taken: set[str] = set()
    lists = []
    for one in asked:
        own = []
        for passage in one.given:
            key = (passage.title, passage.text)
            if key not in rows:
                rows[key] = len(passages)
                passages.append(_under_own_id(passage, taken))
            own.append(rows[key])
        lists.append(list(dict.fromkeys(own)))
    return passages, lists


def _under_own_id(passage: Passage, taken: set[str]) -> Passage:
    name = passage.id
    if name in taken:
        body = f"{passage.title}\n{passage.text}".encode()
        name = f"{name}~{hashlib.sha256(body).hexdigest()[:16]}"
    taken.add(name)
    return Passage(name, passage.title, passage.text)


def _parse(path: Path, unit: str, number: int, entry: Any) -> AskedQuestion:
    try:
        return parse_asked(entry, default_id=str(number))
    except ValueError as error:
        raise BadRequest(f"{path}, {unit} {number}: {error}") from error


def parse_asked(entry: Any, *, default_id: str) -> AskedQuestion:
    """One entry; ValueError says what is wrong with it."""
    if not isinstance(entry, dict):
        raise ValueError(f"it is {type(entry).__name__}, not a JSON object.")
    fields = dict(entry)
    target = fields.get("target")
    if "answers" not in fields and "answer" not in fields and target is not None:
        fields["answers"] = target
    document = fields.get("document")
    contexts = fields.get("ctxs") or []
    if not isinstance(contexts, list):
        raise ValueError(f"`ctxs` is {type(contexts).__name__}, not a list.")
    return AskedQuestion(
        parse_question(fields, default_id=default_id),
        target=target if isinstance(target, str) else None,
        document=None if document is None else str(document),
        given=tuple(parse_passage(one, place) for place, one in enumerate(contexts)),
    )
