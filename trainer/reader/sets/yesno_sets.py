"""Reads sets of yes and no questions: PubMedQA, ConditionalQA, the contrast set of BoolQ.

Knows nothing of distractors.
"""

import html
import json
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.reader.sets.candidate_pool import Asked, Pool
from trainer.reader.sets.passage_pieces import LONGEST_WORDS, Passage, pieces


def balanced(asked: Sequence[Asked], seed: int) -> list[Asked]:
    """As many yes as no questions.

    Which of the larger half go is drawn at random, other kinds stay.
    """
    halves = {
        word: [a for a in asked if a.kind == "yesno" and a.answers == (word,)]
        for word in ("yes", "no")
    }
    count = min(len(half) for half in halves.values())
    draw = random.Random(seed)
    chosen = {id(a) for half in halves.values() for a in draw.sample(half, count)}
    return [a for a in asked if a.kind != "yesno" or id(a) in chosen]


def read_abstracts(path: Path, seed: int) -> tuple[Pool, list[Asked]]:
    """PubMedQA's yes and no: the conclusion, after the last context where both fit, answers.

    Other contexts tempt.
    """
    passages: list[Passage] = []
    asked: list[Asked] = []
    for article, entry in json.loads(path.read_text(encoding="utf-8")).items():
        if entry["final_decision"] not in ("yes", "no"):
            continue
        together = f"{entry['CONTEXTS'][-1]} {entry['LONG_ANSWER']}"
        text = together if len(together.split()) <= LONGEST_WORDS else entry["LONG_ANSWER"]
        asked.append(
            Asked(
                article,
                entry["QUESTION"].strip(),
                (entry["final_decision"],),
                (len(passages),),
                "yesno",
            )
        )
        passages.append(Passage(article, "PubMed abstract", text))
        for context in entry["CONTEXTS"][:-1]:
            passages += [Passage(article, "PubMed abstract", cut.text) for cut in pieces(context)]
    return Pool("pubmedqa", passages), balanced(asked, seed)


def read_contrasts(path: Path, seed: int) -> tuple[Pool, list[Asked]]:
    """The contrast set of BoolQ: near-identical questions about one paragraph, half of them yes."""
    passages: list[Passage] = []
    asked: list[Asked] = []
    for entry in json.loads(path.read_text(encoding="utf-8"))["data"]:
        judged = {entry["question"]: entry["answer"]}
        judged.update((p["perturbed_q"], p["answer"]) for p in entry["perturbed_questions"])
        text = next(pieces(entry["paragraph"], longest_words=230)).text
        for question, answer in judged.items():
            word = {"TRUE": "yes", "FALSE": "no"}.get(str(answer).strip().upper())
            if word and len(question.split()) > 2:
                asked.append(
                    Asked(
                        entry["title"],
                        " ".join(question.split()),
                        (word,),
                        (len(passages),),
                        "yesno",
                    )
                )
        passages.append(Passage(entry["title"], entry["title"], text))
    return Pool("boolq-contrast", passages), balanced(asked, seed)


def plain(markup: str) -> str:
    """The text of a piece of HTML; list items get a dash."""
    dash = "- " if markup.lstrip().startswith("<li") else ""
    return dash + " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def page_title(url: str) -> str:
    """`https://www.gov.uk/make-will` as `Make will`."""
    return url.rstrip("/").rsplit("/", 1)[-1].replace("-", " ").capitalize()


def read_conditional(path: Path, seed: int) -> tuple[Pool, list[Asked]]:
    """ConditionalQA's questions with one answer that hangs on no condition, over their evidence.

    A yes or no hangs on the asker's case, so the scenario stands before the question; a span is
    asked without it.
    Questions the annotators found unanswered by the page stay, to be refused.
    Passages of the page that share a line of evidence are never shown beside the right one.
    """
    entries = json.loads(path.read_text(encoding="utf-8"))
    passages: list[Passage] = []
    lines: list[frozenset[str]] = []
    found: list[tuple[dict[str, Any], list[int]]] = []
    for entry in entries:
        parts = list(dict.fromkeys(plain(e) for e in entry["evidences"]))
        first = len(passages)
        for group in grouped(parts):
            passages.append(Passage(entry["url"], page_title(entry["url"]), "\n".join(group)))
            lines.append(frozenset(group))
        found.append((entry, list(range(first, len(passages)))))
    by_page: dict[str, list[int]] = defaultdict(list)
    for row, passage in enumerate(passages):
        by_page[passage.article].append(row)
    asked = []
    for entry, rows in found:
        one = ask_conditional(entry, rows, passages)
        if one:
            shared = frozenset[str]().union(*(lines[r] for r in rows))
            avoid = tuple(
                r for r in by_page[entry["url"]] if r not in one.rows and lines[r] & shared
            )
            asked.append(Asked(one.article, one.question, one.answers, one.rows, one.kind, avoid))
    return Pool("conditionalqa", passages), balanced(asked, seed)


def grouped(parts: Sequence[str]) -> list[list[str]]:
    """Lines of evidence in groups of at most 150 words."""
    groups: list[list[str]] = []
    for part in parts:
        if not groups or len(" ".join([*groups[-1], part]).split()) > 150:
            groups.append([])
        groups[-1].append(part)
    return groups


def ask_conditional(
    entry: dict[str, Any], rows: Sequence[int], passages: Sequence[Passage]
) -> Asked | None:
    """A question of ConditionalQA whose only answer is unconditional; None for the others."""
    question, scenario = " ".join(entry["question"].split()), " ".join(entry["scenario"].split())
    if entry["not_answerable"]:
        return Asked(entry["url"], f"{scenario} {question}", (), (), "none")
    if len(entry["answers"]) != 1 or entry["answers"][0][1] or not rows:
        return None
    answer = " ".join(entry["answers"][0][0].split())
    if answer in ("yes", "no"):
        if len(rows) > 1 or len(scenario.split()) > 90:
            return None
        return Asked(entry["url"], f"{scenario} {question}", (answer,), tuple(rows), "yesno")
    right = [row for row in rows if answer in passages[row].text]
    return Asked(entry["url"], question, (answer,), tuple(right)) if right else None
