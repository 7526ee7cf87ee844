"""A home on a disk that cannot be written: what it holds is still told, and no service begins."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from index_builder.build.generation import Plan, build_generation
from index_builder.ingest.run import ingest
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.log.changes import ChangeList, Edit
from reread.log.jobs import JobBoard
from reread.records import Passage
from tests.docker.composed import CONFINED, read_only, writable
from tests.worlds.field import field_case

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root writes everywhere"
)


MOUNTED = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


def confined(home: Home) -> list[str]:
    """As whoever may not write there: on a read-only mount of its own where that can be made.

    Else without the capability that lets root write all the same.
    """
    mounted = ["unshare", "--mount", "sh", "-c", MOUNTED, "sh", str(home.root)]
    if shutil.which("unshare") and subprocess.run([*mounted, "true"], check=False).returncode == 0:
        return mounted
    return CONFINED if os.geteuid() == 0 else []


def reread(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "command", *arguments, "--home", str(home.root)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*confined(home), *command], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The case's documents, built, with an admin key, a log, a job board and a change after it."""
    home = Home(tmp_path_factory.mktemp("locked") / "home").create()
    ingest(home, [field_case("disk-full-and-read-only", "docs.jsonl")], workers=1)
    build_generation(home, Plan("bm25", verify=lambda *_: {}))
    home.admin_key_file.write_text("key")
    home.admin_key_file.chmod(0o600)
    SqliteAttentionLog(home.log_file).close()
    JobBoard(home.jobs_file).close()
    changes = ChangeList(home.changes_file)
    changes.append([Edit("new", (Passage("new", "New", "The canteen is closed."),))], 1.0)
    changes.close()
    read_only(home.root)
    yield home
    writable(home.root)


def test_status_works_on_a_disk_that_cannot_be_written(locked: Home) -> None:
    """Case disk-full-and-read-only: "could not be written ... then send it again", and no more.

    Later it named the generations, and stumbled over the list of changes where there was one.
    """
    done = reread(locked, "status", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["current"], found["generations"], found["corpora"]) == (1, [1], [1])
    assert (found["answers"], found["job"], found["log_says"]) == (0, None, None)


def test_its_documents_are_listed_with_what_came_later(locked: Home) -> None:
    done = reread(locked, "documents", "show", "new")
    assert done.returncode == 0 and "The canteen is closed." in done.stdout, done.stderr


def test_serve_says_one_sentence_and_ends(locked: Home) -> None:
    """Case disk-full-and-read-only: a traceback, from changing the mode of admin.key."""
    done = reread(locked, "serve", "--port", "0")
    assert done.returncode == 1
    [sentence] = done.stderr.strip().splitlines()
    assert sentence.startswith(f"{locked.root} may not be written") or "make the disk" in sentence


def test_a_log_that_cannot_be_written_is_read_with_what_waits_beside_it(tmp_path: Path) -> None:
    """A killed service leaves its newest commits in the write-ahead file."""
    path = tmp_path / "log" / "changes.db"
    changes = ChangeList(path)
    changes.append([Edit("a", (Passage("a", "A", "text"),))], 1.0)
    assert path.with_name("changes.db-wal").stat().st_size > 0
    copy = tmp_path / "killed"
    shutil.copytree(path.parent, copy)
    changes.close()
    code = (
        "import sys, pathlib; from reread.log.changes import ChangeList, Edit\n"
        "from reread.errors import StorageFailed\n"
        "held = ChangeList(pathlib.Path(sys.argv[1]))\n"
        "print([one.document for one in held.since(0)])\n"
        "try:\n    held.append([Edit('b')], 2.0)\n"
        "except StorageFailed as error:\n    print('refused', error)"
    )
    user = CONFINED if os.geteuid() == 0 else []
    read_only(copy)
    done = subprocess.run(
        [*user, sys.executable, "-c", code, str(copy / "changes.db")],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    writable(copy)
    first, second = done.stdout.splitlines()
    assert first == "['a']" and second.startswith("refused"), done.stderr
