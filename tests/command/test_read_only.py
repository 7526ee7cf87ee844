"""A home on a disk that cannot be written: what it holds is still told."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from index_builder.build.generation import Plan, build_generation
from reread.home import Home
from tests.docker.composed import CONFINED, read_only, writable

ROOT = Path(__file__).parents[2]


def status_of(home: Home) -> "subprocess.CompletedProcess[str]":
    """As whoever may not write there: without the capability that lets root do so all the same."""
    command = [sys.executable, "-m", "command", "status", "--json", "--home", str(home.root)]
    confined = CONFINED if os.geteuid() == 0 else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*confined, *command], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root writes everywhere"
)
def test_status_works_on_a_disk_that_cannot_be_written(home, write_corpus, twelve_passages) -> None:
    """Defect: it ended with a sentence about the log, and told nothing of the generations."""
    write_corpus(twelve_passages)
    build_generation(home, Plan("bm25", verify=lambda *_: {}))
    before = json.loads(status_of(home).stdout)
    assert (before["current"], before["answers"], before["log_says"]) == (1, 0, None)
    read_only(home.root)
    try:
        done = status_of(home)
    finally:
        writable(home.root)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["current"], found["generations"], found["corpora"]) == (1, [1], [1])
    assert found["answers"] == 0 or "could not be written" in found["log_says"]
