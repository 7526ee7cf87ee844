"""The comparison's questions: which teach, which make the cross-encoder, which measure.

By whole articles for the cross-encoder; the starter reader was trained on the `train` questions of
all but the measured articles, so those that teach are `dev` questions, new to both. Knows articles
and seeds; knows no passage and no model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.reproduction.questions import UNSEEN, article_of, draw
from benchmarks.teachers.plan import Sizes
from trainer.iterative.asked_questions import AskedQuestion, read_asked


@dataclass(frozen=True, slots=True)
class Questions:
    taught: list[AskedQuestion]  # students learn from a teacher's scores of their passages
    cross: list[AskedQuestion]  # the cross-encoder is trained on them, by their named passages
    measured: list[AskedQuestion]  # of articles that no reader, teacher or student has seen


def share_out(data: Path, sizes: Sizes) -> Questions:
    """Of the seen articles, in order of their names, every second makes the cross-encoder."""
    asked = read_asked(data / "questions.jsonl")
    seen = sorted({article_of(one) for one in asked} - set(UNSEEN))
    taught, cross = set(seen[::2]), set(seen[1::2])
    new = [one for one in asked if one.label.split == "dev" and article_of(one) in taught]
    train = [one for one in asked if one.label.split == "train" and article_of(one) in cross]
    return Questions(
        draw(new, sizes.questions, 0),
        train,
        draw([one for one in asked if article_of(one) in UNSEEN], sizes.measured, 0),
    )
