"""Cloze-like questions about sentences of reStructuredText prose, such as the PEPs.

Knows how to read plain paragraphs out of the markup; headers and code are left out. A question is
a sentence with one of its spans asked for; the answer is that span.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from trainer.reader.questions import phrasing
from trainer.reader.questions.facts import MOST_WORDS, Example, Passage, with_distractors, words_in


@dataclass(frozen=True, slots=True)
class Text:
    """One document's passages in their order."""

    name: str
    passages: tuple[Passage, ...]


def read(paths: Sequence[Path]) -> list[Text]:
    """The prose of each file that has at least three passages of it."""
    texts = [Text(path.stem, tuple(_passages(path))) for path in paths]
    return [one for one in texts if len(one.passages) >= 3]


def _passages(path: Path) -> list[Passage]:
    source = path.read_text(encoding="utf-8", errors="replace")
    header, _, body = source.partition("\n\n")
    title = re.search(r"^Title: (.+)$", header, re.M)
    head, section, found, held = (re.sub(r"[`*]", "", title[1]) if title else path.stem), "", [], ""
    for block in re.split(r"\n\s*\n", body):
        lines = block.strip("\n").split("\n")
        if len(lines) in (2, 3) and re.fullmatch(r"([=\-~'^*+#])\1{2,}", lines[-1].strip()):
            found += _closed(head, section, held)
            section, held = re.sub(r"[`*]|:\w+:", "", lines[-2]).strip(), ""
        elif not re.match(r"[\s.:*\-+|>\d]", block) and "::" not in block and words_in(block) > 8:
            held = f"{held}\n{_plain(block)}".strip()
            if words_in(held) > 70:
                found += _closed(head, section, held)
                held = ""
    return found + _closed(head, section, held)


def _closed(head: str, section: str, text: str) -> list[Passage]:
    if not 25 <= words_in(text) <= MOST_WORDS or section.lower() in (
        "references",
        "copyright",
        "footnotes",
    ):
        return []
    return [Passage(f"{head} > {section}" if section else head, text)]


def _plain(block: str) -> str:
    text = re.sub(r"\s+", " ", block).strip()
    text = re.sub(r":(pep|rfc):`(\d+)`", lambda found: f"{found[1].upper()} {found[2]}", text)
    text = re.sub(r":[\w:]+:`~?([^`<]+?)(?: <[^>]*>)?`", r"\1", text)
    text = re.sub(r"`([^`<]+?) ?<[^>]*>`_+", r"\1", text)
    return re.sub(r"`+_*|\*\*|\[#?\w+\]_|(?<=\w)_(?=[\s,.])", "", text)


def cloze(random: Random, texts: Sequence[Text], name: str) -> Example:
    """One question about one sentence; the other passages of the document distract."""
    while True:
        text = random.choice(texts)
        i = random.randrange(len(text.passages))
        passage = text.passages[i]
        made = ask_of(random, random.choice(re.split(r"(?<=[.!?])\s+(?=[A-Z])", passage.text)))
        if made and passage.text.count(made[1]) == 1:
            break
    order = sorted((j for j in range(len(text.passages)) if j != i), key=lambda j: (abs(j - i), j))
    others = [text.passages[j] for j in order] + [random.choice(random.choice(texts).passages)]
    question = phrasing.worn(random, made[0], made[1])
    return Example(
        "prose", name, text.name, question, (made[1],), with_distractors(random, [passage], others)
    )


def absent(random: Random, texts: Sequence[Text], name: str) -> Example:
    """A sentence's question with its document's other passages, none of which holds the answer."""
    while True:
        found = cloze(random, texts, name)
        text = next(one for one in texts if one.name == found.article)
        apart = [
            one
            for one in text.passages
            if one != found.passages[0] and found.answers[0].lower() not in one.text.lower()
        ]
        if apart and words_in(found.question) > 5:
            break
    random.shuffle(apart)
    kept = tuple(dict.fromkeys(apart))[: random.choice((1, 2, 3, 4, 5, 6, 8, 10))]
    return Example("none", name, found.article, found.question, (), kept, ())


def ask_of(random: Random, sentence: str) -> tuple[str, str] | None:
    """A question and a span of the sentence, or nothing where no pattern fits."""
    if (
        not 8 <= words_in(sentence) <= 34
        or sentence.count('"') % 2
        or sentence.count("(") != sentence.count(")")
    ):
        return None
    if "\n" in sentence or sentence.endswith(":"):
        return None
    makers = [_why, _what_is, _number, *([_gap] if random.random() < 0.3 else [])]
    for make in makers:
        found = make(random, sentence.rstrip(".:"))
        if found and 1 <= words_in(found[1]) <= 22 and len(found[1]) > 1:
            return found
    return None


def _why(_: Random, sentence: str) -> tuple[str, str] | None:
    found = re.match(r"([A-Z][^,;]{15,120}?),? (because [^,;]{10,120})$", sentence)
    return (f"Why is it that {_lower(found[1])}?", found[2]) if found else None


def _what_is(random: Random, sentence: str) -> tuple[str, str] | None:
    found = re.match(
        r"((?:The|This|A|An) [\w' \-]{3,45}?|[A-Z][\w.\-]+) (is|are|was|were) ([^,;:]{8,110}?)(?:,? (?:because|and|but|which|so that) .*|, .*)?$",  # noqa: E501
        sentence,
    )
    if not found or found[1] in (
        "This",
        "It",
        "That",
        "There",
        "These",
        "Those",
        "What",
        "Here",
        "If",
        "Since",
        "They",
        "He",
        "We",
        "One",
    ):
        return None
    if re.match(r"(not|also|still|that|only)\b", found[3]):
        return None
    if not re.match(r"(a|an|the|one|to|part|some|its|their) ", found[3]):
        return f"{found[1]} {found[2]} what?", found[3].strip()
    return random.choice(
        (
            f"What {found[2]} {_lower(found[1])}?",
            f"What {found[2]} said of {_lower(found[1])}: it {found[2]} what?",
            f"{found[1]} {found[2]} what?",
        )
    ), found[3].strip()


def _gap(random: Random, sentence: str) -> tuple[str, str] | None:
    """A span after a preposition or an infinitive, asked for by 'what' in its place or by a gap."""
    spans = list(
        re.finditer(
            r"\b(to|by|in|with|for|from|of|as|into|on) ((?:the |a |an |its |their )?[\w'.\-/]+(?: [\w'.\-/]+){0,3}?)(?=[,.;]| (?:and|or|that|which|when|if|to|in|by|for|with|is|are|was|were|will|would|must|has|have|be|can|at|on|from|as|it|than|so|where|the|of)\b|$)",  # noqa: E501
            sentence,
        )
    )
    if not spans:
        return None
    span = random.choice(spans)
    before, after = sentence[: span.start(2)], sentence[span.end(2) :]
    if len(span[2]) < 4:
        return None
    if random.random() < 0.5 or words_in(after) > 8:
        return random.choice(
            (
                f"Fill the gap: {before}____{after}",
                f"{before}____{after}",
                f"Which words are missing: {before}…{after}?",
            )
        ), span[2]
    return f"{before}what{after}?", span[2]


def _number(_: Random, sentence: str) -> tuple[str, str] | None:
    found = re.search(r"(?<![\w.\-/])(\d+) ([a-z]{4,}s)\b", sentence)
    if not found or re.search(r"(PEP|Python|version) \d", sentence):
        return None
    before, after = sentence[: found.start()], sentence[found.end() :]
    return f"{before}how many {found[2]}{after}?", found[1]


def _lower(text: str) -> str:
    return (
        text[0].lower() + text[1:]
        if text.split()[0] in ("The", "This", "A", "An", "It", "In", "If")
        else text
    )
