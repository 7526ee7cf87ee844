"""`reread documents`: what a home holds now, with what came and went while a service answers."""

import time
from pathlib import Path

import pytest

from command.__main__ import run
from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest
from reread.home import Home
from reread.log.changes import ChangeList, Edit
from reread.records import Passage


def document(id: str, *texts: str) -> Document:
    ids = [id, *(f"{id}.{n}" for n in range(1, len(texts)))]
    return Document(id, tuple(Passage(i, id, t, "s") for i, t in zip(ids, texts, strict=True)))


def told(capsys: pytest.CaptureFixture[str], home: Home, *command: str) -> str:
    capsys.readouterr()
    run(["documents", *command, "--home", str(home.root)])
    return "".join(capsys.readouterr())


def test_documents_that_came_and_went_while_serving_are_listed_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The command listed the corpus alone: what was posted was not there, what was deleted was.
    home = Home(tmp_path / "home")
    ingest(home, documents=[document("a", "one", "two"), document("b", "three")])
    changes = ChangeList(home.changes_file)
    noon = time.mktime((2026, 11, 20, 12, 30, 0, 0, 0, -1))
    changes.append([Edit("c", document("c", "four").passages)], noon)
    changes.append([Edit("b", (), ("b",))], noon)
    changes.close()
    listed = told(capsys, home)
    lines = [line.split() for line in listed.splitlines()]
    assert [line[0] for line in lines[1:3]] == ["a", "c"]
    assert lines[1][1:3] == ["2", "6"] and lines[1][3] != "-"
    assert lines[2][1:5] == ["1", "4", "2026-11-20", "12:30"]
    assert "Corpus 1: 2 documents, 3 passages." in listed
    assert "Changes that the next build takes in: 2." in listed
    assert "four" in told(capsys, home, "show", "c")
    assert "No document has the id 'b'" in told(capsys, home, "show", "b")
