"""Changes made while a generation serves, and a build that is killed while it takes them in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest
from reread.artefacts.generation import Generation
from reread.artefacts.passages import open_corpus
from reread.artefacts.publication import current
from reread.home import Home
from reread.live.living import LivingGeneration
from reread.log.changes import ChangeList, Edit
from reread.records import Passage

ROOT = Path(__file__).parents[3]
CANARY = "kanarienvogel7731"
KEPT = {"new": "zebra", "changed": "okapi", "stays": "moss"}  # what is there, and a word of it


def document(id: str, text: str) -> Document:
    return Document(id, (Passage(id, id, text, "s"),))


def edit(id: str, text: str) -> Edit:
    return Edit(id, document(id, text).passages, (id,))


def found(home: Home, changes: ChangeList) -> dict[str, list[str]]:
    """Ids of what the published generation finds now, by word."""
    published = current(home)
    assert published is not None
    living = LivingGeneration(Generation.open(home, published.number, check=False), changes)
    living.update()
    told = {}
    for word in (*KEPT.values(), CANARY, "pelican"):
        [hits] = living.search([word], 50)
        rows = [hit.row for hit in hits if hit.score > 0]
        told[word] = [one.id for one in living.get(rows)]
    return told


def build_killed_at(home: Home, point: str) -> int:
    command = [sys.executable, "-m", "index_builder", "build", "--home", str(home.root)]
    done = subprocess.run(
        [*command, "--retriever", "bm25"],
        env={**os.environ, "REREAD_FAILPOINT": point, "PYTHONPATH": str(ROOT)},
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "point",
    [pytest.param(one, marks=pytest.mark.slow) for one in ("K1", "K4", "K5", "K7", "K8")]
    + ["K10", "K10-forget"],
)
def test_a_build_killed_anywhere_loses_no_change_and_brings_nothing_back(home, build, point):
    secret = f"The password of the {CANARY} is swordfish."
    before = [("changed", "pelican"), ("secret", secret), ("stays", "moss")]
    ingest(home, documents=[document(*one) for one in before])
    build(retriever="bm25")
    changes = ChangeList(home.changes_file)
    changes.append([edit("new", "zebra"), edit("changed", "okapi")], 1.0)
    changes.append([Edit("secret", (), ("secret",))], 2.0)
    wanted = {word: [id] for id, word in KEPT.items()} | {CANARY: [], "pelican": []}
    assert found(home, changes) == wanted
    assert build_killed_at(home, point) == 137
    assert found(home, changes) == wanted
    changes.append([edit("late", "pelican")], 3.0)  # after what the killed build took in
    wanted["pelican"] = ["late"]
    assert found(home, changes) == wanted
    build(retriever="bm25")
    assert found(home, changes) == wanted
    held = [one.id for batch in open_corpus(home).iterate() for one in batch]
    assert sorted(held) == ["changed", "late", "new", "stays"]
    changes.close()
    files = [one for one in home.root.rglob("*") if one.is_file()]
    assert [one for one in files if CANARY.encode() in one.read_bytes()] == []


# A build during which one document comes and one goes, and which dies once it has published.
CHANGED_WHILE_IT_RAN = """
import os, sys
from pathlib import Path
from index_builder.build.generation import Plan, build_generation
from reread.home import Home
from reread.log.changes import ChangeList
from tests.index_builder.build.test_replay import Edit, edit

home = Home(Path(sys.argv[1]))

def reach(point):
    if point == sys.argv[2]:
        changes = ChangeList(home.changes_file)
        changes.append([edit("new", "zebra"), Edit("secret", (), ("secret",))], 1.0)
        changes.close()
    if point == "K10":
        os._exit(137)

build_generation(home, Plan("bm25", verify=lambda *_: {}), reach=reach)
"""


@pytest.mark.parametrize("while_at", ["K1", "K8"])
def test_what_changes_while_a_build_runs_is_replayed_though_it_dies(home, build, while_at):
    """Published and killed before anything was pruned: K10 of the publish protocol."""
    secret = f"The password of the {CANARY} is swordfish."
    ingest(home, documents=[document("secret", secret), document("stays", "moss")])
    build(retriever="bm25")
    changes = ChangeList(home.changes_file)
    changes.append([edit("changed", "okapi")], 0.5)  # taken in by the build that dies
    done = subprocess.run(
        [sys.executable, "-c", CHANGED_WHILE_IT_RAN, str(home.root), while_at],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    published = current(home)
    assert done.returncode == 137 and published is not None and published.number == 2
    wanted = {word: [id] for id, word in KEPT.items()} | {CANARY: [], "pelican": []}
    assert found(home, changes) == wanted
    build(retriever="bm25")
    assert found(home, changes) == wanted
    changes.close()
    files = [one for one in home.root.rglob("*") if one.is_file()]
    assert [one for one in files if CANARY.encode() in one.read_bytes()] == []
