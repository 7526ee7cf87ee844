"""What a teacher says of ranked lists, kept piece by piece, so that a killed run goes on.

Knows teachers, lists and one folder per teacher and lists; knows no student and no figure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evaluation.metrics import is_gold
from reread.commit import replace_text
from reread.reader.reader import Reader
from trainer.examples import Example, Preference
from trainer.iterative.asked_questions import AskedQuestion
from trainer.settings import DistilSettings
from trainer.teacher.pairs import ReaderPairs, teach_pairs
from trainer.teacher.scaling import reader_temperatures
from trainer.teacher.teacher import Teacher, is_flat, teach

AT_ONCE = 25  # questions between two files
Progress = Callable[[float], None]
Kept = dict[str, Any]  # scores and pairs of one question, by its text


def judged(
    teacher: Teacher, examples: Sequence[Example], folder: Path, progress: Progress
) -> list[Example]:
    """Examples with the teacher's scores; lists that it finds all alike are left out."""

    def work(part: Sequence[Example]) -> list[Kept]:
        return [{"scores": list(one.teacher)} for one in teach(teacher, part)]

    kept = _piece_by_piece(examples, folder, work, progress)
    taught = [
        replace(one, teacher=tuple(own["scores"]), signal=teacher.signal, reader=teacher.name)
        for one, own in zip(examples, kept, strict=True)
    ]
    return [one for one in taught if not is_flat(one.teacher)]


def compared(
    reader: Reader,
    read: Sequence[Example],
    examples: Sequence[Example],
    settings: DistilSettings,
    folder: Path,
    progress: Progress,
) -> list[Example]:
    """Examples with the reader's preferences; `read` are scored by its attention, for its scale."""
    teacher = ReaderPairs(reader, reader_temperatures(read)[reader.name])

    def work(part: Sequence[Example]) -> list[Kept]:
        made = teach_pairs(teacher, part, settings, seed=0)
        return [
            {"pairs": [[pair.first, pair.second, pair.log_first] for pair in one.pairs]}
            for one in made
        ]

    kept = _piece_by_piece(examples, folder, work, progress)
    return [
        replace(one, pairs=tuple(Preference(int(i), int(j), p) for i, j, p in own["pairs"]))
        for one, own in zip(examples, kept, strict=True)
    ]


def labelled(examples: Sequence[Example], asked: Sequence[AskedQuestion]) -> list[Example]:
    """Examples whose lists hold a named passage, with these as labels and as scores."""
    named = {one.label.question: one.label.passage_ids for one in asked}
    found = []
    for one in examples:
        gold = named[one.question]
        marks = tuple(float(any(is_gold(p.id, g) for g in gold)) for p in one.passages)
        if not is_flat(marks):
            found.append(replace(one, teacher=marks, labels=marks, reader="labels"))
    return found


def _piece_by_piece(
    examples: Sequence[Example],
    folder: Path,
    work: Callable[[Sequence[Example]], list[Kept]],
    progress: Progress,
) -> list[Kept]:
    """What `work` makes of each example; pieces that are there are read."""
    folder.mkdir(parents=True, exist_ok=True)
    kept: list[Kept] = []
    for start in range(0, len(examples), AT_ONCE):
        part, path = examples[start : start + AT_ONCE], folder / f"{start:06d}.json"
        names = [[one.question, [p.id for p in one.passages]] for one in part]
        if path.exists() and (body := json.loads(path.read_text()))["of"] == names:
            kept += body["kept"]
            continue
        progress(start / len(examples))
        made = work(part)
        replace_text(path, json.dumps({"of": names, "kept": made}))
        kept += made
    return kept
