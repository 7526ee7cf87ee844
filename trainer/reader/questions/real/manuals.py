"""Examples from settings and API manuals: PostgreSQL's parameters, Node's methods.

Knows the two manuals' forms; the folders are arguments.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import html as lxml_html

from trainer.reader.questions.facts import MOST_WORDS, Passage, fits
from trainer.reader.questions.real.python_docs import Entry, clean, cut, first_sentence


def postgresql(folder: Path) -> list[Entry]:
    """The server's parameters with types and defaults, and the tools' options."""
    found: list[Entry] = []
    for path in sorted(
        [
            *folder.glob("runtime-config-*.html"),
            *folder.glob("app-*.html"),
            *folder.glob("sql-*.html"),
        ]
    ):
        tree = lxml_html.parse(str(path)).getroot()
        page = clean(tree.find(".//title"))
        for block in tree.iter("dl"):
            for term in block.findall("dt"):
                meaning = term.getnext()
                if meaning is not None and meaning.tag == "dd":
                    entry = _setting(page, clean(term), [clean(one) for one in meaning.iter("p")])
                    if entry and fits(entry.passage):
                        found.append(entry)
    return found


def _setting(page: str, term: str, paragraphs: list[str]) -> Entry | None:
    text = cut("\n".join([term, *paragraphs]), MOST_WORDS - 8)
    name = term.split(" (")[0].strip()
    called = name if "_" in name else f"{name} ({page})"
    if not paragraphs or len(name) > 60:
        return None
    asks: list[tuple[str, str, str]] = []
    kind = re.search(r"\((\w[\w ]+)\)$", term)
    if kind and "_" in name:
        asks += [
            ("api", f"What type is {name}?", kind[1]),
            ("api", f"Which type does the parameter {name} have?", kind[1]),
        ]
    default = re.search(
        r"[Tt]he default (?:value |setting )?is (?:to )?([^.(;,]{1,60}?)(?= \(|[.;,])(?!\d)", text
    )
    if default:
        asks += [
            ("api", shape.format(n=called), default[1].strip())
            for shape in (
                "What is the default of {n}?",
                "default value of {n}",
                "Which default does {n} have?",
                "What does {n} stand at if I set nothing?",
            )
        ]
    sentence = first_sentence(paragraphs[0])
    if 4 <= len(sentence.split()) <= 32 and sentence in text:
        asks += [
            ("definition", shape.format(n=called), sentence)
            for shape in (
                "What does {n} do?",
                "What is {n} for?",
                "{n} meaning",
                "What does {n} mean?",
            )
        ]
        if sentence.count(name) == 0 and len(name) > 3 and name.startswith("-"):
            purpose = sentence[0].lower() + sentence[1:].rstrip(".")
            asks.append(("api", f"Which option of {page} does this: {purpose}?", name))
    at_start = re.search(r"This parameter can only be set ([^.]{8,80})\.", text)
    if at_start:
        asks.append(("api", f"When or where can {name} be set?", at_start[1]))
    return (
        Entry(page, name, Passage(f"Database manual > {page}", text), tuple(asks)) if asks else None
    )


def node(folder: Path) -> list[Entry]:
    """Methods with their parameters, types, defaults and versions."""
    found: list[Entry] = []
    for path in sorted(folder.glob("*.json.gz")):
        if path.name.startswith("all."):
            continue
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for method in _methods(json.load(file)):
                entry = _method(path.name.split(".")[0], method)
                if entry and fits(entry.passage):
                    found.append(entry)
    return found


def _methods(node_: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from node_.get("methods", [])
    for key in ("modules", "classes", "globals"):
        for one in node_.get(key, []):
            yield from _methods(one)


def _plain(markup: str) -> str:
    text = (
        re.sub(r"<[^>]+>", "", re.sub(r"^\s*<ul>.*?</ul>\s*", "", markup, flags=re.S))
        .replace("&#x3C;", "<")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replace("&quot;", '"')
    )
    return re.sub(r"[ \n]+", " ", html.unescape(text)).strip()


def _method(module: str, method: dict[str, Any]) -> Entry | None:
    name = str(method["textRaw"]).strip("`")
    parameters = [
        one for one in (method.get("signatures") or [{}])[0].get("params", []) if one.get("type")
    ]
    returned = (method.get("signatures") or [{}])[0].get("return") or {}
    since = (method.get("meta") or {}).get("added") or []
    lines, asks = [], []
    short = name.split("(")[0]
    for one in parameters:
        default = str(one.get("default") or "").strip("`")
        about = _plain(str(one.get("desc") or ""))
        lines.append(
            f"{one['name']} <{one['type']}> {about}{f' Default: {default}' if default else ''}".replace(  # noqa: E501
                "  ", " "
            )
        )
        asks += [("api", f"Which type must {one['name']} of {short} have?", str(one["type"]))]
        if default:
            asks += [
                ("api", f"What is the default of {one['name']} in {short}?", default),
                ("api", f"default {one['name']}, {short}()", default),
            ]
    head = f"{name}\nAdded in: {', '.join(since)}" if since else name
    if returned.get("type"):
        lines.append(
            f"Returns: <{returned['type']}> {_plain(str(returned.get('desc') or ''))}".strip()
        )
        asks += [("api", f"What type does {short} return?", str(returned["type"]))]
    text = cut(
        "\n".join([head, *lines, _plain(str(method.get("desc") or ""))]).strip(), MOST_WORDS - 8
    )
    if len(since) == 1:
        asks += [
            ("api", f"In which version was {short} added?", since[0]),
            ("api", f"{short} added in", since[0]),
        ]
    asks += [
        ("api", f"What is the signature of {short}?", name),
        ("api", f"How do I call {short}? Give its arguments.", name),
    ]
    sentence = first_sentence(_plain(str(method.get("desc") or "")))
    if 4 <= len(sentence.split()) <= 30 and sentence in text and "{" not in sentence:
        asks += [
            ("definition", f"What does {short} do?", sentence),
            ("definition", f"What is {short} good for?", sentence),
        ]
    return Entry(
        module,
        short,
        Passage(f"JavaScript runtime API > {module} > {short}", text),
        tuple(one for one in asks if one[2] in text),
    )
