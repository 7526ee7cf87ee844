"""Reads QED and QAMR, whose texts come as tokens with spaces between.

Knows nothing of distractors.
"""

import json
import random
import re
from collections import defaultdict
from pathlib import Path

from trainer.reader.sets.candidate_pool import Asked, Pool
from trainer.reader.sets.passage_pieces import Passage, content_words, coverage, pieces

BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]"}


def joined(text: str) -> str:
    """Text as it was before it was cut into tokens, near enough: quotes, brackets, signs and
    clitics closed up.
    """
    for token, sign in BRACKETS.items():
        text = text.replace(token, sign)
    text = re.sub(r"``\s*", '"', text)
    text = re.sub(r"\s*''", '"', text)
    text = re.sub(r"\s+([.,;:!?%)\]])", r"\1", text)
    text = re.sub(r"([(\[$£€])\s+", r"\1", text)
    text = re.sub(r"\s+('s|'re|'ve|'ll|'d|'m|n't)\b", r"\1", text)
    text = re.sub(r"(?<=s) '(?= )", "'", text)
    text = re.sub(r"(?<=\w) - (?=\w)", "-", text)
    return " ".join(text.split())


def read_explained(path: Path, barred: frozenset[str]) -> tuple[Pool, list[Asked]]:
    """QED: natural questions with the answer's place in a Wikipedia paragraph."""
    passages: list[Passage] = []
    asked: list[Asked] = []
    seen: set[str] = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        title, text = entry["title_text"], joined(entry["paragraph_text"])
        if title.lower() in barred or entry["question_text"] in seen:
            continue
        marked = [
            a["paragraph_reference"]["string"] for a in entry["annotation"].get("answer") or []
        ]
        given = [
            span["string"]
            for spans in entry["original_nq_answers"]
            for span in spans
            if len(spans) == 1
        ]
        cuts = list(pieces(text))
        answers = tuple(
            dict.fromkeys(joined(a) for a in ([*marked] if len(marked) == 1 else []) + given)
        )
        seen.add(entry["question_text"])
        for at, cut in enumerate(cuts):
            inside = tuple(a for a in answers if a and a in cut.text)
            if inside:
                asked.append(
                    Asked(title, entry["question_text"].strip(), inside, (len(passages) + at,))
                )
                break
        passages += [Passage(title, title, cut.text) for cut in cuts]
    return Pool("qed", passages), asked


def sentence_groups(sentences: Path) -> tuple[list[Passage], dict[str, int]]:
    """QAMR's sentences, neighbours of one page together up to about 110 words, and the passage row
    of each.
    """
    pages: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    for line in sentences.read_text(encoding="utf-8").splitlines():
        name, text = line.split("\t")[:2]
        page, paragraph, sentence = name.rsplit(":", 2)
        pages[page].append((int(paragraph), int(sentence), name, text))
    passages: list[Passage] = []
    places: dict[str, int] = {}
    for page, lines in pages.items():
        held: list[str] = []
        for _, _, name, text in sorted(lines):
            if held and len(" ".join([*held, text]).split()) > 110:
                passages.append(Passage(page, "", " ".join(held)))
                held = []
            places[name] = len(passages)
            held.append(joined(text))
        passages.append(Passage(page, "", " ".join(held)))
    return passages, places


def read_meanings(
    questions: Path, sentences: Path, most: int, seed: int
) -> tuple[Pool, list[Asked]]:
    """QAMR: questions on a sentence whose answer one validator marked the same way.

    At most `most`, drawn at random.
    """
    passages, places = sentence_groups(sentences)
    tokens = dict(
        line.split("\t")[:2] for line in sentences.read_text(encoding="utf-8").splitlines()
    )
    asked: dict[tuple[int, str], Asked] = {}
    for line in questions.read_text(encoding="utf-8").splitlines():
        name, *_, question, marked, first, second = line.split("\t")
        spots = [int(i) for i in marked.split()]
        agreed = marked in (first.split(":")[1], second.split(":")[1])
        if name not in places or not agreed or spots != list(range(spots[0], spots[-1] + 1)):
            continue
        row = places[name]
        answer = joined(" ".join(tokens[name].split()[spots[0] : spots[-1] + 1]))
        words = content_words(question)
        telling = (
            len(question.split()) >= 6
            and len(words) >= 3
            and coverage(words, content_words(tokens[name])) >= 0.6
        )
        if telling and answer in passages[row].text:
            asked[row, question] = Asked(
                passages[row].article, " ".join(question.split()), (answer,), (row,)
            )
    kept = list(asked.values())
    return Pool("qamr", passages, ambiguous=True), random.Random(seed).sample(
        kept, min(most, len(kept))
    )
