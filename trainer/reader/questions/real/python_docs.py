"""Examples from HTML manuals on disk: Python's functions and glossary, and a dictionary of jargon.

Knows Sphinx's and plain manuals' HTML; the folders are arguments. Answers are cut from the text as
it is read from the page, so they stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from lxml import html as lxml_html

from trainer.reader.questions import phrasing
from trainer.reader.questions.facts import MOST_WORDS, Example, Passage, fits, with_distractors

Pair = tuple[str, str]  # a question and its answer


@dataclass(frozen=True, slots=True)
class Entry:
    """One passage of a manual with its questions, by kind."""

    group: str
    name: str
    passage: Passage
    asks: tuple[tuple[str, str, str], ...]  # (kind, question, answer)


def clean(node: lxml_html.HtmlElement) -> str:
    """The text of one element on one line, without the signs that link to it."""
    text = re.sub(r"[¶\u200b]", "", re.sub(r"\s+", " ", node.text_content())).strip()
    return re.sub(r"(?<=[\w=\]])(--[a-z])", r", \1", text) if text.startswith("-") else text


def cut(text: str, words: int) -> str:
    """At most so many words, at a sentence's end where there is one."""
    parts = text.split(" ")
    if len(parts) <= words:
        return text
    kept = " ".join(parts[:words])
    end = max(kept.rfind(". "), kept.rfind("\n"))
    return kept[: end + 1].strip() if end > len(kept) // 2 else kept


def example_of(random: Random, entries: Sequence[Entry], kind: str, name: str) -> Example:
    """One question of that kind; distractors are the neighbours in the same group, then others."""
    able = [i for i, entry in enumerate(entries) if any(one[0] == kind for one in entry.asks)]
    i = random.choice(able)
    entry = entries[i]
    _, question, answer = random.choice([one for one in entry.asks if one[0] == kind])
    near = [
        entries[j].passage
        for step in range(1, 14)
        for j in (i + step, i - step)
        if 0 <= j < len(entries)
    ]
    near = [one for one in near if answer not in one.text or len(answer) < 12]
    far = [random.choice(entries).passage for _ in range(3)]
    question = phrasing.worn(random, question, entry.name) if random.random() < 0.5 else question
    return Example(
        kind,
        name,
        entry.group,
        question,
        (answer,),
        with_distractors(random, [entry.passage], near + far),
    )


def functions(folder: Path) -> list[Entry]:
    """Functions, methods and classes of the library reference."""
    found: list[Entry] = []
    for path in sorted((folder / "library").glob("*.html")):
        tree = lxml_html.parse(str(path)).getroot()
        module = path.stem
        for block in tree.iter("dl"):
            if re.match(
                r"py (function|method|class|data|attribute|exception)", block.get("class") or ""
            ):
                entry = _function(block, module)
                if entry and fits(entry.passage):
                    found.append(entry)
    return found


def _function(block: lxml_html.HtmlElement, module: str) -> Entry | None:
    heads = [clean(one) for one in block.findall("dt")]
    body = block.find("dd")
    if not heads or body is None:
        return None
    paragraphs = [
        clean(one) for one in body if one.tag in ("p", "div", "ul", "ol", "pre") and clean(one)
    ]
    if not paragraphs:
        return None
    signature = heads[0]
    name = (
        re.sub(
            r"^(class |exception |async |static |classmethod |abstractmethod |coroutine |final |property |awaitable )+",  # noqa: E501
            "",
            signature,
        )
        .split("(")[0]
        .split(" = ")[0]
        .strip()
    )
    text = cut("\n".join([*heads, *paragraphs]), MOST_WORDS - 8)
    return Entry(
        module,
        name,
        Passage(f"Python library reference > {module} > {name}", text),
        tuple(_function_asks(signature, name, text, paragraphs[0])),
    )


def _function_asks(
    signature: str, name: str, text: str, first: str
) -> Iterable[tuple[str, str, str]]:
    callable_ = "(" in signature
    if callable_ and 3 < len(signature) < 140:
        for shape in (
            "What is the signature of {n}?",
            "How is {n} called?",
            "{n} signature",
            "Which arguments does {n} take? Give the signature.",
        ):
            yield "api", shape.format(n=name), signature
    defaults = re.findall(r"(\w+)=((?:'[^']*'|\"[^\"]*\"|[^,()\]\[]+?))(?=[,)\]])", signature)
    for parameter, value in defaults:
        yield "api", f"What is the default of {parameter} in {name}?", value.strip()
        yield "api", f"default value of {parameter}, {name}()", value.strip()
    for found in re.finditer(r"(New|Changed) in version (\d+\.\d+(?:\.\d+)?)", text):
        if found[1] == "New" and text.count("New in version") == 1:
            yield "api", f"Since which Python version does {name} exist?", found[2]
            yield "api", f"When was {name} added to Python? Give the version.", found[2]
            yield "api", f"{name}: new in which version", found[2]
    for found in re.finditer(r"Changed in version (\d+\.\d+(?:\.\d+)?): ([^.\n]{12,160}\.)", text):
        yield "api", f"What changed in {name} in version {found[1]}?", found[2]
    gone = re.search(r"Deprecated since version (\d+\.\d+)", text)
    if gone:
        yield "api", f"Since which version is {name} deprecated?", gone[1]
    raised = re.search(
        r"((?:[A-Z]\w+(?:Error|Exception|Warning|Exit|Stop))) is raised (if|when|unless) ([^.]{8,120})\.",  # noqa: E501
        text,
    )
    if raised:
        yield "api", f"Which exception is raised by {name} {raised[2]} {raised[3]}?", raised[1]
    yield from _meaning_asks(name, first)


def _meaning_asks(name: str, first: str) -> Iterable[tuple[str, str, str]]:
    sentence = first_sentence(first)
    returned = re.match(r"Return (.{8,140}?)\.$", sentence)
    if returned:
        yield "api", f"What does {name} return?", returned[1]
        yield "api", f"return value of {name}", returned[1]
    elif 4 <= len(sentence.split()) <= 28 and not sentence.endswith(":"):
        for shape in (
            "What does {n} do?",
            "What is {n} for?",
            "purpose of {n}",
            "Describe {n} in a sentence.",
        ):
            yield "definition", shape.format(n=name), sentence


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence; the stop stays."""
    found = re.match(r"(.+?[^.\s][.!?])(?=\s+[A-Z(]|$)", text)
    return found[1] if found and not re.search(r"\b(e\.g|i\.e|etc|vs)\.$", found[1]) else text


def glossary(folder: Path) -> list[Entry]:
    """Python's glossary, two or three terms a passage."""
    tree = lxml_html.parse(str(folder / "glossary.html")).getroot()
    terms: list[tuple[str, str]] = []
    for term in tree.iter("dt"):
        meaning = term.getnext()
        if term.get("id", "").startswith("term-") and meaning is not None and meaning.tag == "dd":
            terms.append((clean(term), clean(meaning)))
    return glossary_entries("Python glossary", terms)


def glossary_entries(title: str, terms: Sequence[tuple[str, str]]) -> list[Entry]:
    """Passages of terms with their meanings; the answer is the first sentence."""
    found = []
    for term, meaning in terms:
        answer = first_sentence(meaning)
        text = cut(f"{term}\n{meaning}", MOST_WORDS - 10)
        if not 4 <= len(answer.split()) <= 40 or answer not in text:
            continue
        shapes = (
            "What is {t}?",
            "Define {t}.",
            "What does {t} mean?",
            "What is meant by {t}?",
            "{t} meaning",
            "define {t}",
            "What is the meaning of the term {t}?",
        )
        asks = tuple(("definition", shape.format(t=term), answer) for shape in shapes)
        entry = Entry(title, term, Passage(f"{title} > {term[0].upper()}", text), asks)
        if fits(entry.passage):
            found.append(entry)
    return found


def jargon(text: str) -> list[Entry]:
    """The Jargon File's terms with a single plain meaning."""
    terms = []
    for found in re.finditer(
        r"\n   :([^:\n]{2,40}): ?([^\n]*)\n(.*?)(?=\n   :[^:\n]{2,40}:|\Z)", text, re.S
    ):
        body = re.sub(r"\s+", " ", f"{found[2]} {found[3]}").strip()
        body = re.sub(
            r"^(/[^/]+/,? ?)*((n|vt|vi|v|adj|adv|excl|abbrev|interj|prep|obs|poss)\.[,;]? ?(obs\. ?)?(/[^/]+/,? ?)?)+",  # noqa: E501
            "",
            body,
        )
        body = re.sub(r"[{}]", "", re.sub(r"^\[[^\]]*\] ?", "", body))
        if re.match(r"[A-Z][a-z]* ", body) and "1." not in body[:6]:
            terms.append((found[1], body))
    return glossary_entries("Jargon dictionary", terms)
