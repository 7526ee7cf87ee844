"""The demo's corpus: this Python's own documentation, read without running any of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from command.demo.python_docs import python_documents
from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest
from reread.home import Home


@pytest.fixture(scope="module")
def documents() -> Sequence[Document]:
    return list(python_documents())


def text_of(documents: Sequence[Document], id: str) -> str:
    document = next(document for document in documents if document.id == id)
    return "\n\n".join(passage.text for passage in document.passages)


def test_size_and_ids(documents: Sequence[Document]) -> None:
    ids = [passage.id for document in documents for passage in document.passages]
    assert 3_000 < len(ids) < 12_000
    assert len(set(ids)) == len(ids)
    assert all(p.id.startswith(d.id) for d in documents for p in d.passages)


def test_python_and_c_code_are_both_described(documents: Sequence[Document]) -> None:
    assert text_of(documents, "python:json.dumps").startswith("json.dumps(obj, *, skipkeys=False")
    assert text_of(documents, "python:str.upper") == (
        "str.upper()\n\nReturn a copy of the string converted to uppercase."
    )
    assert text_of(documents, "python:os.path.join").startswith("os.path.join(a, *p)")
    assert "factorial" in text_of(documents, "python:math.factorial")
    titles = {passage.title for document in documents for passage in document.passages}
    assert {"json.dumps", "str.upper", "itertools.chain", "asyncio.gather", "print"} <= titles


def test_nothing_private_or_irrelevant(documents: Sequence[Document]) -> None:
    ids = [document.id.removeprefix("python:") for document in documents]
    names = [id for id in ids if not id.startswith("help(")]
    assert not [name for name in names if any(part.startswith("_") for part in name.split("."))]
    assert not [name for name in names if name.startswith(("test.", "idlelib", "antigravity"))]


def test_a_library_is_read_without_running_it(tmp_path: Path) -> None:
    (tmp_path / "trap.py").write_text(
        '"""A module with a trap."""\nraise SystemExit("ran")\n'
        "def spring(self_like, *, force=1):\n    'Springs the trap :func:`~a.b` with ``force``.'\n"
    )
    (tmp_path / "broken.py").write_text("def :\n")
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "__init__.py").write_text("from ._tool import Saw\n")
    (tmp_path / "kit" / "_tool.py").write_text(
        "class Saw:\n    'Cuts wood in two.'\n    def __init__(self, teeth): 'Give it teeth.'\n"
        "    def cut(self, what): 'Cut it well now.'\n    def _hide(self): 'Not shown at all.'\n"
        "class Hidden:\n    'Nobody sees this class.'\n"
    )
    own = [
        (d.id, d.passages[0].text)
        for d in python_documents(tmp_path)
        if d.id.startswith(("python:trap", "python:kit"))
    ]
    assert own == [
        ("python:kit.Saw", "class kit.Saw(teeth)\n\nCuts wood in two.\n\nGive it teeth."),
        ("python:kit.Saw.cut", "kit.Saw.cut(what)\n\nCut it well now."),
        ("python:trap", "A module with a trap."),
        (
            "python:trap.spring",
            "trap.spring(self_like, *, force=1)\n\nSprings the trap a.b with force.",
        ),
    ]


def test_ids_are_the_same_in_another_process(documents: Sequence[Document]) -> None:
    program = (
        "from itertools import islice; from command.demo.python_docs import python_documents; "
        "print(*[d.id for d in islice(python_documents(), 400)])"
    )
    root = Path(__file__).parents[3]
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root)
    assert out.stdout.split() == [document.id for document in documents[:400]]


def test_they_are_ingested_like_any_documents(
    tmp_path: Path, documents: Sequence[Document]
) -> None:
    report = ingest(Home(tmp_path), documents=documents[:500])
    assert (report.added, report.skipped) == (500, ())
    assert ingest(Home(tmp_path), documents=documents[:500]).changed is False
