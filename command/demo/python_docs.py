"""The installed Python's own documentation as documents: the corpus of the demo.

Docstrings of the standard library and, where the installation has them, the language topics of
`help()`. Nothing is downloaded and no library code runs.
"""

from __future__ import annotations

import ast
import re
import sys
import sysconfig
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from command.demo.python_builtins import describe_builtins
from command.demo.python_sources import Described, describe_library
from index_builder.ingest.blocks import Outline, ParsedDocument
from index_builder.ingest.cutting.splitting import split_document
from index_builder.ingest.documents import Document, document_from_pieces
from index_builder.ingest.parsers.plain_text import add_plain_text

ROLE = re.compile(r":[a-z]+(?::[a-z]+)?:`([^`<>\n]+)`")
FEWEST_WORDS = 3  # a docstring below this says nothing


def python_documents(library: Path | None = None) -> Iterator[Document]:
    """One document per language topic, module, class and function; each name once.

    `library` is the folder of the standard library's sources, by default this Python's.
    """
    folder = library or Path(sysconfig.get_path("stdlib"))
    seen: set[str] = set()
    for document in chain(
        _topics(folder), map(_document, chain(describe_builtins(), describe_library(folder)))
    ):
        if document.id not in seen and document.passages:
            seen.add(document.id)
            yield document


def _document(described: Described) -> Document:
    outline = Outline()
    if described.signature:
        outline.add("code", described.signature)
    add_plain_text(outline, _without_markup(described.doc))
    worth_reading = len(described.doc.split()) >= FEWEST_WORDS
    pieces = split_document(outline.document(described.name, title=described.name))
    source = f"{_version()}/{described.file}"
    return document_from_pieces(f"python:{described.name}", pieces if worth_reading else [], source)


def _without_markup(doc: str) -> str:
    """Docstrings carry some reStructuredText; too many break its rules to be parsed as such."""
    doc = ROLE.sub(lambda found: found[1].removeprefix("~"), doc)
    return re.sub(r"::[ \t]*$", ":", doc.replace("``", ""), flags=re.MULTILINE)


def _topics(folder: Path) -> Iterator[Document]:
    for name, text in sorted(_read_topics(folder / "pydoc_data" / "topics.py").items()):
        outline = Outline()
        add_plain_text(outline, text)
        parsed = outline.document(name)
        titled = ParsedDocument(parsed.title.replace('"', ""), parsed.blocks)
        source = f"{_version()}/help/{name}"
        yield document_from_pieces(f"python:help({name})", split_document(titled), source)


def _read_topics(path: Path) -> dict[str, str]:
    """The one dictionary literal of the file; empty where the installation lacks it."""
    if not path.is_file():
        return {}
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            return dict(ast.literal_eval(node.value))
    return {}


def _version() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"
