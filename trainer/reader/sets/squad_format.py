"""Reads sets in SQuAD's format into a pool and its questions.

Knows nothing of distractors or of training.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.reader.sets.candidate_pool import ABOUT, Asked, Pool, rank_rows
from trainer.reader.sets.passage_pieces import (
    Passage,
    Piece,
    content_words,
    coverage,
    holds,
    pieces,
)

DEEPEST_RIGHT = 10  # below the ten best an answer's words stand in a passage by chance


@dataclass(frozen=True)
class Cutting:
    """How a set's texts are cut and named. `title` replaces article names that say nothing."""

    name: str
    title: str | None = None
    ambiguous: bool = False
    target_words: int = 150
    longest_words: int = 180


def preferred(answers: Iterable[str]) -> tuple[str, ...]:
    """Distinct answers, the one most annotators gave first; ties in the order given."""
    count = Counter(answers)
    return tuple(sorted(count, key=lambda a: -count[a]))


def answers_within(answers: Iterable[Mapping[str, Any]], cut: Piece) -> tuple[str, ...]:
    """The answers whose place lies inside the piece and that stand there as written."""
    inside = []
    for answer in answers:
        text, start = " ".join(answer["text"].split()), answer["answer_start"]
        if cut.start <= start and start + len(text) <= cut.end + 1 and text and text in cut.text:
            inside.append(text)
    return preferred(inside)


def read_squad_format(
    path: Path,
    cutting: Cutting,
    barred: frozenset[str] = frozenset(),
    articles: slice = slice(None),
) -> tuple[Pool, list[Asked]]:
    """The passages and questions of a file.

    Articles whose title is in `barred` (lower case) are left out, and all but `articles` by place.
    """
    passages: list[Passage] = []
    asked: list[Asked] = []
    for at, entry in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"][articles]):
        title = cutting.title or str(entry.get("title", "")).replace("_", " ")
        article = str(entry.get("title", at))
        if title.lower() in barred:
            continue
        for paragraph in entry["paragraphs"]:
            cuts = list(pieces(paragraph["context"], cutting.target_words, cutting.longest_words))
            first = len(passages)
            passages += [Passage(article, title, cut.text) for cut in cuts]
            asked += ask(paragraph["qas"], cuts, first, article)
    return Pool(cutting.name, passages, cutting.ambiguous), asked


def ask(
    qas: Iterable[Mapping[str, Any]], cuts: list[Piece], first: int, article: str
) -> list[Asked]:
    """The questions of one paragraph, each at the piece that holds most of its answers.

    Others are dropped.
    """
    found = []
    for qa in qas:
        question = " ".join(qa["question"].split())
        best = max(range(len(cuts)), key=lambda i: len(answers_within(qa["answers"], cuts[i])))
        answers = answers_within(qa["answers"], cuts[best])
        if question and answers:
            found.append(Asked(article, question, answers, (first + best,)))
    return found


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [
        json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
    ]


def read_split_squad(folder: Path, barred: frozenset[str]) -> tuple[Pool, list[Asked]]:
    """Training questions of the two files, without barred articles and without split dev.

    The file's passage_id is for scoring alone. It only keeps questions of barred articles out here;
    the right passage is the best retrieved one that holds an answer and most of the question.
    """
    lines = read_lines(folder / "passages.jsonl")
    kept = [line for line in lines if line["title"].lower() not in barred]
    cuts = [(line["title"], cut.text) for line in kept for cut in pieces(line["text"])]
    pool = Pool("squad", [Passage(title, title, text) for title, text in cuts])
    known = {line["id"] for line in kept}
    train = [
        line
        for line in read_lines(folder / "questions.jsonl")
        if line["split"] == "train" and line["passage_id"] in known
    ]
    ranked = rank_rows(pool, [line["question"] for line in train])
    found = (find_right(pool, *pair) for pair in zip(train, ranked, strict=True))
    return pool, [asked for asked in found if asked]


def find_right(pool: Pool, line: Mapping[str, Any], ranked: Sequence[int]) -> Asked | None:
    """The question at the first of its ten best passages that holds an answer; None without."""
    words = content_words(line["question"])
    for row in ranked[:DEEPEST_RIGHT]:
        text = pool.passages[row].text
        answers = tuple(dict.fromkeys(a for a in line["answers"] if a in text and holds(text, a)))
        if answers and coverage(words, pool.words[row]) >= ABOUT:
            article = pool.passages[row].article
            return Asked(article, line["question"].strip(), answers, (row,))
    return None


def read_held_out(folder: Path, titles: frozenset[str]) -> list[dict[str, Any]]:
    """All questions of the held-out articles, of both splits: to measure, never to train on."""
    names = {line["id"]: line["title"] for line in read_lines(folder / "passages.jsonl")}
    kept = [
        q
        for q in read_lines(folder / "questions.jsonl")
        if names[q["passage_id"]].lower() in titles
    ]
    return [{**q, "article": names[q["passage_id"]]} for q in kept]
