"""What `reread serve` was told reaches the trainer beside it."""

import json
import sys
import time
from pathlib import Path

from command.serving import TrainerWatch, guidance, round_parts, trainer_environment
from command.settings import load_settings
from reread.home import Home

TELL = "import json, os, sys, time; json.dump(dict(os.environ), open(sys.argv[1] + '.part', 'w')); \
os.rename(sys.argv[1] + '.part', sys.argv[1]); time.sleep(60)"


def test_a_flag_of_serve_reaches_the_trainer(tmp_path: Path) -> None:
    """`serve --reader X` answered with X and read again with the starter reader."""
    flags = {"home": tmp_path, "reader": "mine", "device": "cpu"}
    settings = load_settings(flags, {"REREAD_READER": "theirs", "REREAD_ADMIN_KEY": "k"})
    told = tmp_path / "environment.json"
    inherited = {"PATH": "/bin", "REREAD_READER": "theirs", "REREAD_ADMIN_KEY": "k"}
    command = [sys.executable, "-c", TELL, str(told)]
    watch = TrainerWatch(command, trainer_environment(settings, inherited))
    watch.start()
    try:
        deadline = time.monotonic() + 60
        while not told.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        watch.stop()
    environment = json.loads(told.read_text())
    assert load_settings({}, environment) == settings
    assert (environment["REREAD_READER"], environment["PATH"]) == ("mine", "/bin")
    assert environment["MALLOC_MMAP_MAX_"] == "0"


def test_dropping_documents_is_advised_only_where_a_trainer_makes_use_of_them(
    tmp_path: Path,
) -> None:
    first = guidance(Home(tmp_path))[0]
    assert first.startswith("Nothing is published yet: drop documents on the page, or `reread")
    assert guidance(Home(tmp_path), alone=True)[0].startswith("Nothing is published yet: `reread")


def test_a_round_computes_with_the_threads_that_were_set(tmp_path: Path) -> None:
    """A trainer loads no model before it has a job, so its threads are set before each."""
    import torch

    torch.set_num_threads(1)
    settings = load_settings({"home": tmp_path, "threads": 3}, {})
    parts = round_parts(settings, Home(tmp_path))
    assert torch.get_num_threads() == 1
    parts.prepare()
    assert torch.get_num_threads() == 3
