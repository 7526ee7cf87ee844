"""Finds for each question the passages that tempt but do not answer.

Knows no data set's format and writes no file.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import bm25s
import numpy as np

from trainer.reader.sets.passage_pieces import Passage, content_words, coverage, holds

MOST_DISTRACTORS = 12
SAME_ARTICLE = (
    8  # the rest come from the whole set, so that titles alone do not give the answer away
)
RETRIEVED = 60
# A second passage with the answer is right too when it holds this share of the question's words.
ABOUT = 0.6
NEIGHBOURS = 40  # passages of the article tried beyond those retrieved, the next ones first


@dataclass(frozen=True)
class Asked:
    """A question of a set: rows are of the set's pool.

    Answers are [] for unanswerable, yes or no for `yesno`.
    """

    article: str
    question: str
    answers: tuple[str, ...]
    rows: tuple[int, ...]
    kind: str = ""
    avoid: tuple[
        int, ...
    ] = ()  # rows never shown beside it: other rows that hold or contradict the answer


@dataclass
class Pool:
    """The passages of one set.

    `ambiguous`: many passages could answer a vague question, each in its way (reviews, posts,
    policies). `repeats`: one
    thing is said many times in an article, in other words (papers).
    """

    name: str
    passages: list[Passage]
    ambiguous: bool = False
    repeats: bool = False
    words: list[frozenset[str]] = field(init=False)
    by_article: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.words = [content_words(f"{p.title} {p.text}") for p in self.passages]
        self.by_article = defaultdict(list)
        for row, passage in enumerate(self.passages):
            self.by_article[passage.article].append(row)


@dataclass(frozen=True)
class Candidates:
    """Rows right for a question, then the rows that tempt, hardest first."""

    right: tuple[int, ...]
    tempting: tuple[int, ...]


def rank_rows(pool: Pool, questions: Sequence[str]) -> list[list[int]]:
    """For each question the pool's best rows by BM25, best first."""
    retriever = bm25s.BM25()
    texts = [f"{p.title} {p.text}" for p in pool.passages]
    retriever.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
    tokens = bm25s.tokenize(list(questions), stopwords="en", show_progress=False)
    count = min(RETRIEVED, len(texts))
    rows, scores = retriever.retrieve(tokens, k=count, show_progress=False, n_threads=1)
    return [
        [int(r) for r, s in zip(a, b, strict=True) if s > 0]
        for a, b in zip(np.asarray(rows), np.asarray(scores), strict=True)
    ]


def also_right(pool: Pool, asked: Asked, row: int, words: frozenset[str]) -> bool:
    """Whether another passage of the article holds the answer and is about the question too."""
    answer = asked.answers[0]
    known = any(answer in pool.passages[row].text for answer in asked.answers)
    return (
        known
        and (len(answer) > 3 and not answer.isdigit())
        and coverage(words, pool.words[row]) >= ABOUT
    )


def article_rows(pool: Pool, asked: Asked, ranked: Sequence[int]) -> list[int]:
    """Rows of the question's article: the retrieved, best first, then the next after its own."""
    inside = [row for row in ranked if pool.passages[row].article == asked.article]
    article = pool.by_article[asked.article]
    turn = article.index(asked.rows[0]) + 1 if asked.rows else 0
    known = set(inside)
    rest = [row for row in article[turn:] + article[:turn] if row not in known]
    return inside + rest[:NEIGHBOURS]


def choose_candidates(pool: Pool, asked: Asked, ranked: Sequence[int]) -> Candidates:
    """The right rows of a question and up to twelve rows that do not hold any accepted answer."""
    words = content_words(asked.question)
    right: list[int] = list(asked.rows)
    same: list[int] = []
    for row in article_rows(pool, asked, ranked):
        if row in asked.rows or row in asked.avoid:
            continue
        if not tempts(pool, asked, row):
            if not pool.ambiguous and asked.kind != "yesno" and also_right(pool, asked, row, words):
                right.append(row)
        elif not rivals(pool, asked, row, words):
            same.append(row)
    same, spare = same[:SAME_ARTICLE], same[SAME_ARTICLE:]
    seen = {*right, *same, *asked.avoid}
    others = (r for r in ranked if r not in seen and pool.passages[r].article != asked.article)
    rest = [r for r in others if tempts(pool, asked, r) and not rivals(pool, asked, r, words)]
    right = unlike(pool, [], right)
    chosen = unlike(pool, right, same + rest + spare)
    return Candidates(tuple(right[:3]), tuple(chosen[:MOST_DISTRACTORS]))


def unlike(pool: Pool, right: Sequence[int], rows: Sequence[int]) -> list[int]:
    """The rows whose text is not that of a right row or of an earlier row."""
    seen = {pool.passages[row].text for row in right}
    fresh = []
    for row in rows:
        if pool.passages[row].text not in seen:
            fresh.append(row)
            seen.add(pool.passages[row].text)
    return fresh


def tempts(pool: Pool, asked: Asked, row: int) -> bool:
    """Whether the row holds none of the accepted answers; always so for yes and no."""
    text = pool.passages[row].text
    return asked.kind == "yesno" or not any(holds(text, answer) for answer in asked.answers)


def rivals(pool: Pool, asked: Asked, row: int, words: frozenset[str]) -> bool:
    """Whether, in a set of many speakers, the row could answer the question as well as the right
    one, in other words.
    """
    if not pool.ambiguous or not asked.rows:
        return False
    return coverage(words, pool.words[row]) >= coverage(words, pool.words[asked.rows[0]])
