"""The reproduction's questions: which ones train, and which measure.

Knows SQuAD's articles and the seeds; knows no passages and no training.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from benchmarks.reproduction.sizes import STORIES, Sizes
from trainer.iterative.asked_questions import AskedQuestion, read_asked

UNSEEN = (  # articles that the starter reader was not trained on: docs/starter-reader.md
    "Apollo_program", "Chloroplast", "European_Union_law", "Nikola_Tesla", "Normans",
    "Private_school",
)  # fmt: skip


def ask(
    data: Path, sizes: Sizes, start: str, seed: int
) -> tuple[list[AskedQuestion], list[AskedQuestion]]:
    """Train questions of known articles; validation alternates unseen articles and questions.

    The draw of training questions follows the seed, the validation questions are always the
    same, so that seeds differ in training alone. Where the reader is to be spared, every second of
    the articles that it never saw is trained on, and the others measure; there are fewer questions.
    Those of STORIES name their article as the document to search.
    """
    asked = read_asked(data / "questions.jsonl")
    if start == STORIES:
        asked = [replace(one, document=article_of(one)) for one in asked]
    unseen = [one for one in asked if article_of(one) in UNSEEN]
    known = [one for one in asked if article_of(one) not in UNSEEN]
    if sizes.spared:
        known = [one for one in unseen if article_of(one) in UNSEEN[1::2]]
        unseen = [one for one in unseen if article_of(one) in UNSEEN[::2]]
    train = draw([o for o in known if o.label.split == "train"], sizes.drawn(start), seed)
    dev = draw([o for o in known if o.label.split == "dev"], sizes.measured, 0)
    pairs = zip(draw(unseen, sizes.measured, 0), dev, strict=False)
    return train, [one for pair in pairs for one in pair]


def article_of(one: AskedQuestion) -> str:
    return one.label.passage_ids[0].split("#")[0]


def draw(asked: list[AskedQuestion], count: int, seed: int) -> list[AskedQuestion]:
    return Random(seed).sample(asked, min(count, len(asked)))
