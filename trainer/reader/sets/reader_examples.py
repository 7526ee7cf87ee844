"""Builds reader examples from a pool and its questions, refusals among them.

Knows no data set's format.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from trainer.reader.sets.candidate_pool import Asked, Candidates, Pool, choose_candidates, rank_rows
from trainer.reader.sets.passage_pieces import content_words, coverage
from trainer.reader.sets.question_edits import Names, edit_away, gather_names

LONGEST_ANSWER_WORDS = 60
REFUSALS_PER_ANSWERED = 0.25  # one example in five asks for a refusal
MOST_COVERED = 0.8  # a passage with more of the question's words may answer it in words of its own
FEWEST_TEMPTING = 3  # a refusal from one or two passages is no trial
DEFINITION = re.compile(
    r"^(what|who) (is|are|was|were) (meant by )?((a|an) )?([\w'-]+ ?){1,4}\?$"
    r"|^what (does|do|did) .{2,40} (mean|stand for|refer to)\?$"
    r"|^define |^what is the (definition|meaning) of ",
    re.IGNORECASE,
)
CLOSED = re.compile(
    r"^(is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|must)\b",
    re.IGNORECASE,
)
ATTRIBUTE = re.compile(  # what is asked for is a property or a part, not what the thing is
    r"\b(names?|numbers?|size|colou?r|price|capital|date|population|year|called|made|used|like|known|located|about|the"
    r"|of|in|on|at|by|with|from|to|for|your|his|her|their|its|it|this|that|these|those|there|they|he|she)\b",
    re.IGNORECASE,
)

PRONOUN_WORDS = "i he she it they we you him her them us this that these those"
PRONOUNS = frozenset(PRONOUN_WORDS.split())

Example = dict[str, Any]


def sort_of(asked: Asked) -> str:
    """The kind of an answered question: yesno, list, definition or span."""
    if asked.kind:
        return asked.kind
    answer = asked.answers[0]
    if is_list(answer):
        return "list"
    plain = DEFINITION.match(asked.question) and len(answer.split()) >= 3
    return (
        "definition"
        if plain and not ATTRIBUTE.search(asked.question.split(maxsplit=2)[-1])
        else "span"
    )


def is_list(answer: str) -> bool:
    """Whether an answer of more than six words is of the form "A, B and C", three items or more of
    few words each.
    """
    items = [
        item
        for item in re.split(r"[,;]\s(?:and |or |& )?|\s(?:and|or|&)\s", answer)
        if item.strip()
    ]
    words = len(answer.split())
    return (
        words > 6
        and len(items) >= 3
        and bool(re.search(r"[,;]", answer))
        and words / len(items) <= 5
    )


def without_commas(asked: Asked) -> Asked:
    """The question with answers that do not end in a comma or colon."""
    answers = tuple(dict.fromkeys(answer.rstrip(",;: ") for answer in asked.answers))
    return replace(asked, answers=tuple(answer for answer in answers if answer))


def usable(asked: Asked) -> bool:
    """Whether the question is one and its first answer is short enough to copy.

    A question that asks for yes or no but is answered by a span is none: the reader answers those
    with yes or no.
    """
    answer = asked.answers[0] if asked.answers else "none"
    words = len(answer.split())
    if (
        asked.kind not in ("yesno", "none")
        and CLOSED.match(asked.question)
        and " or " not in asked.question
    ):
        return False
    return (
        len(asked.question.split()) >= 2
        and 0 < words <= LONGEST_ANSWER_WORDS
        and bool(re.search(r"\w", answer))
    )


def example(pool: Pool, asked: Asked, kind: str, rows: Sequence[int], right: int) -> Example:
    """One example; the first `right` rows are the right passages."""
    return {
        "kind": kind,
        "set": pool.name,
        "article": asked.article,
        "question": asked.question,
        "answers": list(asked.answers),
        "passages": [
            {"title": pool.passages[r].title, "text": pool.passages[r].text} for r in rows
        ],
        "positives": list(range(right)),
    }


def near_miss(pool: Pool, asked: Asked, found: Candidates) -> Example | None:
    """The question without its right passages; None where the rest is too little or may answer.

    No passage left may hold nearly all words of the question; in a set of many speakers or of
    repeats one word of it
    must be missing from them all.
    """
    if len(found.tempting) < FEWEST_TEMPTING:
        return None
    words = content_words(asked.question)
    covered = max(coverage(words, pool.words[row]) for row in found.tempting)
    if asked.kind != "yesno" and (len(words) < 2 or covered > MOST_COVERED):
        return None
    left = frozenset[str]().union(*(pool.words[row] for row in found.tempting))
    if (pool.ambiguous or pool.repeats) and words <= left:
        return None
    bare = Asked(asked.article, asked.question, (), ())
    return {**example(pool, bare, "none", found.tempting, 0), "how": "near"}


def edited(
    pool: Pool, asked: Asked, found: Candidates, near: Names, names: Names, draw: random.Random
) -> Example | None:
    """The question asked of another name, number or year that stands in no passage shown.

    The old passages stay.
    """
    if asked.kind == "yesno":
        return None
    rows = (*found.right, *found.tempting)
    texts = [f"{pool.passages[r].title} {pool.passages[r].text}" for r in rows]
    question = edit_away(asked.question, texts, near, names, draw)
    if question is None or len(rows) < FEWEST_TEMPTING:
        return None
    bare = Asked(asked.article, question, (), ())
    return {**example(pool, bare, "none", rows, 0), "how": "edited"}


def refusals(
    pool: Pool, pairs: Sequence[tuple[Asked, Candidates]], wanted: int, draw: random.Random
) -> Iterator[Example]:
    """Up to `wanted` unanswerable examples, near misses and edited questions by turns, questions
    drawn at random.
    """
    names = gather_names(asked.question for asked, _ in pairs)
    near = {article: gather_names(qs) for article, qs in by_article(pairs).items()}
    order = list(pairs)
    draw.shuffle(order)
    made = {"near": 0, "edited": 0}
    for asked, found in order:
        if sum(made.values()) >= wanted:
            return
        new = (
            edited(pool, asked, found, near[asked.article], names, draw)
            if made["edited"] <= made["near"]
            else None
        )
        new = new or near_miss(pool, asked, found)
        if new is not None and (new["how"] == "edited" or made["near"] <= wanted * 0.6):
            made[new["how"]] += 1
            yield new


def by_article(pairs: Iterable[tuple[Asked, Candidates]]) -> dict[str, list[str]]:
    """The questions of each article."""
    found: dict[str, list[str]] = {}
    for asked, _ in pairs:
        found.setdefault(asked.article, []).append(asked.question)
    return found


def build_examples(
    pool: Pool, asked: Sequence[Asked], seed: int, share: float = REFUSALS_PER_ANSWERED
) -> list[Example]:
    """All examples of a set: every usable question answered, then refusals, `share` of their
    number.
    """
    kept = [cleaned for cleaned in map(without_commas, asked) if usable(cleaned)]
    ranked = rank_rows(pool, [a.question for a in kept])
    pairs = [(a, choose_candidates(pool, a, rows)) for a, rows in zip(kept, ranked, strict=True)]
    answered = [
        example(pool, a, sort_of(a), (*found.right, *found.tempting), len(found.right))
        for a, found in pairs
        if a.answers
    ]
    bare = [
        {**example(pool, a, "none", found.tempting, 0), "how": "annotated"}
        for a, found in pairs
        if not a.answers and len(found.tempting) >= FEWEST_TEMPTING
    ]
    pairs = [(a, found) for a, found in pairs if a.answers]
    return (
        answered
        + bare
        + list(refusals(pool, pairs, round(len(answered) * share), random.Random(seed)))
    )
