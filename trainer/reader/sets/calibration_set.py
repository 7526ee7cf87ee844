"""Questions to calibrate a reader on: the `dev` questions of articles that were trained on.

As a service would read them: BM25's best passages of all articles, whether or not they hold an
answer. Nothing trains on them, and no figure is told of them. Knows the two files; no model.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.reader.sets.candidate_pool import Pool, rank_rows
from trainer.reader.sets.passage_pieces import Passage
from trainer.reader.sets.squad_format import read_lines

READ = 10  # passages for each question


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
    ranked = rank_rows(pool, [one["question"] for one in asked])
    for line, rows in zip(asked, ranked, strict=True):
        passages = [pool.passages[row] for row in rows[:READ]]
        right = [
            at
            for at, one in enumerate(passages)
            if any(answer in one.text for answer in line["answers"])
        ]
        if passages:
            yield {
                "kind": "span" if right else "none",
                "question": line["question"],
                "answers": line["answers"] if right else [],
                "passages": [{"title": one.title, "text": one.text} for one in passages],
                "positives": right,
            }
