"""Questions to calibrate a reader on, and to choose by: nothing trains on them.

`dev` questions of articles that were trained on, or questions of the first articles of SQuAD's
training set, which no reader has read. As a service would read them: BM25's best passages of all
those articles, whether or not they hold an answer. Knows files; no model.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trainer.reader.sets.candidate_pool import Pool, rank_rows
from trainer.reader.sets.passage_pieces import Passage
from trainer.reader.sets.squad_format import Cutting, read_lines, read_squad_format

READ = 10  # passages for each question
SPARED = 12  # articles at the beginning of SQuAD's training set that nothing trains on


def read_unread(squad_train: Path, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Questions about the SPARED first articles of a file in SQuAD's format, over their passages
    alone."""
    pool, asked = read_squad_format(squad_train, Cutting("squad-unread"), articles=slice(SPARED))
    drawn = random.Random(seed).sample(asked, min(count, len(asked)))
    return as_retrieved(pool, [(one.question, one.answers) for one in drawn])


def read_calibration(
    folder: Path, barred: frozenset[str], count: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Lines of training form; `positives` are the passages that hold an accepted answer."""
    lines = read_lines(folder / "passages.jsonl")
    pool = Pool("squad", [Passage(one["title"], one["title"], one["text"]) for one in lines])
    titles = {one["id"]: one["title"].lower() for one in lines}
    asked = [
        one
        for one in read_lines(folder / "questions.jsonl")
        if one["split"] == "dev" and titles.get(one["passage_id"], "") not in barred
    ]
    asked = random.Random(seed).sample(asked, min(count, len(asked)))
    return as_retrieved(pool, [(one["question"], tuple(one["answers"])) for one in asked])


def as_retrieved(
    pool: Pool, asked: Sequence[tuple[str, tuple[str, ...]]]
) -> Iterator[dict[str, Any]]:
    """Each question with answers beside its READ best passages; unanswerable where none of them
    holds one."""
    ranked = rank_rows(pool, [question for question, _ in asked])
    for (question, answers), rows in zip(asked, ranked, strict=True):
        passages = [pool.passages[row] for row in rows[:READ]]
        right = [
            at for at, one in enumerate(passages) if any(answer in one.text for answer in answers)
        ]
        if passages:
            yield {
                "kind": "span" if right else "none",
                "question": question,
                "answers": list(answers) if right else [],
                "passages": [{"title": one.title, "text": one.text} for one in passages],
                "positives": right,
            }
