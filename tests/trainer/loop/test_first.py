"""The first generation of a home that was filled over HTTP: when it is due, and its building."""

import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from index_builder.ingest.run import take_in_changes
from reread.artefacts.generation import Generation
from reread.artefacts.publication import current
from reread.home import Home
from reread.log.changes import ChangeList, Edit
from reread.log.jobs import JobBoard
from reread.records import Passage
from tests.worlds.training import make_parts, trainer_thread, wait_for
from trainer.loop.first import AGAIN_S, FirstGeneration, documents_waiting
from trainer.loop.parts import RoundParts


def send(home: Home, *towns: str) -> None:
    """What POST /documents leaves behind; without a text the document is removed."""
    with closing(ChangeList(home.changes_file)) as changes:
        for town in towns:
            passage = Passage(town, town, f"{town} has wells.", f"{town}.md")
            changes.append([Edit(town, (passage,), ())], 0.0)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def parts(home: Home, tmp_path: Path) -> RoundParts:
    """A builder that fails and says that it was asked."""
    asked = tmp_path / "asked"
    script = f"open({str(asked)!r}, 'a').write('x'); raise SystemExit('no room')"
    return replace(make_parts(home, tmp_path), build_command=[sys.executable, "-c", script])


def test_documents_wait_until_a_corpus_or_a_generation_has_them(home: Home) -> None:
    assert documents_waiting(home) == 0
    send(home, "Oslo", "Lund")
    assert documents_waiting(home) == 2
    take_in_changes(home)  # what `reread build` does first
    assert documents_waiting(home) == 0
    send(home, "Riga")
    assert documents_waiting(home) == 3
    (home.generations_dir / "1").mkdir()
    assert documents_waiting(home) == 0


def test_a_home_whose_documents_were_all_removed_waits_for_nothing(home: Home) -> None:
    send(home, "Oslo")
    with closing(ChangeList(home.changes_file)) as changes:
        changes.append([Edit("Oslo", (), ("Oslo",))], 0.0)
    assert documents_waiting(home) == 0


def test_it_waits_for_files_that_are_still_coming_and_after_a_failure(
    home: Home, parts: RoundParts, tmp_path: Path
) -> None:
    """Built at the first file's arrival, BM25's statistics would be those of that file alone."""
    now = 0.0
    first = FirstGeneration(parts, lambda: now, settle_s=2.0)
    asked, stop = tmp_path / "asked", threading.Event()
    send(home, "Oslo")
    assert not first.build_if_due(stop)
    now = 1.9
    send(home, "Lund")
    assert not first.build_if_due(stop)
    now = 3.8
    assert not first.build_if_due(stop) and not asked.exists()
    now = 3.9
    assert not first.build_if_due(stop)
    assert asked.read_text() == "x"  # asked, and it failed
    now = 3.8 + AGAIN_S
    assert not first.build_if_due(stop) and asked.read_text() == "x"
    now = 4.0 + AGAIN_S
    assert not first.build_if_due(stop) and asked.read_text() == "xx"


def test_a_damaged_corpus_does_not_keep_the_trainer_from_its_jobs(
    home: Home, parts: RoundParts, tmp_path: Path
) -> None:
    """Defect: the look for a first generation raised, and no job was ever claimed after it."""
    send(home, "Oslo")
    take_in_changes(home)
    send(home, "Lund")
    (home.passages_dir / "1" / "meta.json").write_text("{}")
    first = FirstGeneration(parts, lambda: 100.0, settle_s=0.0)
    assert not first.build_if_due(threading.Event())
    assert not (tmp_path / "asked").exists()


def test_the_trainer_publishes_what_was_sent_to_an_empty_home(home: Home, tmp_path: Path) -> None:
    """Defect: files dropped on the page of an empty home were kept and never served."""
    JobBoard(home.jobs_file).close()
    command = [sys.executable, "-m", "index_builder", "build", "--home", str(home.root)]
    parts = replace(make_parts(home, tmp_path), build_command=[*command, "--device", "cpu"])
    send(home, "Oslo", "Lund", "Riga")
    with trainer_thread(parts):
        wait_for(lambda: current(home) is not None, timeout_s=200)
        time.sleep(0.5)  # ten looks: no second one follows
    assert [path.name for path in home.generations_dir.iterdir() if path.is_dir()] == ["1"]
    generation = Generation.open(home, 1)
    assert generation.manifest.retriever == "bm25"
    [hits] = generation.search(["wells of Lund"], 1)
    [found] = generation.passages.get([hits[0].row])
    assert found.title == "Lund"
