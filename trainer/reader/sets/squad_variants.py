"""Reads PolicyQA and COVID-QA, SQuAD's format with ways of their own.

Knows nothing of distractors.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainer.reader.sets.candidate_pool import Asked, Pool
from trainer.reader.sets.passage_pieces import Passage, pieces
from trainer.reader.sets.squad_format import Cutting, ask, read_squad_format

FEWEST_WORDS = 3  # shorter spans of PolicyQA ("collect") answer nothing
CLOSED = re.compile(
    r"^(is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|must)\b",
    re.IGNORECASE,
)


def read_policies(paths: Sequence[Path], most: int, seed: int) -> tuple[Pool, list[Asked]]:
    """PolicyQA: open questions.

    Other passages of the site that answer the same question are never shown beside.
    """
    passages: list[Passage] = []
    asked: list[Asked] = []
    for path in paths:
        pool, found = read_squad_format(path, Cutting("policyqa", longest_words=200))
        asked += [replace(a, rows=tuple(r + len(passages) for r in a.rows)) for a in found]
        passages += pool.passages
    asked = [a for a in asked if not CLOSED.match(a.question)]
    together: dict[tuple[str, str], set[int]] = defaultdict(set)
    for one in asked:
        together[one.article, one.question.lower()].update(one.rows)
    kept = []
    for one in asked:
        answers = tuple(a for a in one.answers if len(a.split()) >= FEWEST_WORDS)
        if answers:
            avoid = together[one.article, one.question.lower()] - set(one.rows)
            kept.append(replace(one, answers=answers, avoid=tuple(sorted(avoid))))
    chosen = random.Random(seed).sample(kept, min(most, len(kept)))
    return Pool("policyqa", passages, ambiguous=True), chosen


def read_papers(path: Path) -> tuple[Pool, list[Asked]]:
    """COVID-QA: whole papers, cut to about 110 words; the first line is the title."""
    passages: list[Passage] = []
    asked: list[Asked] = []
    for at, entry in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        for paragraph in entry["paragraphs"]:
            title = paragraph["context"].strip().split("\n")[0][:150]
            cuts = list(pieces(paragraph["context"], 110, 150))
            open_questions = [qa for qa in paragraph["qas"] if not qa.get("is_impossible")]
            asked += ask(open_questions, cuts, len(passages), str(at))
            passages += [Passage(str(at), title, cut.text) for cut in cuts]
    return Pool("covid-qa", passages, repeats=True), [
        replace(a, article=passages[a.rows[0]].article) for a in asked
    ]
