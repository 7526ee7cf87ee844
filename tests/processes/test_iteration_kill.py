"""SIGKILL in the middle of steps: the same command finishes the run, with the same bits."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.worlds.iterating import make_world, results_of
from tests.worlds.training import ROOT

STEPS = 60  # of the reader: long enough to be caught in the middle


def start(world: Path, output: Path, **environment: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.worlds.iterating", str(world), str(output)]
    quiet = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TRANSFORMERS_VERBOSITY": "error"}
    return subprocess.Popen(
        [*command, f"reader_steps={STEPS}"], cwd=ROOT, env={**os.environ, **quiet, **environment}
    )


def working_on(output: Path, number: int, step: str) -> Callable[[], bool]:
    """Whether a step is in the middle: its scratch directory is there, its result is not."""
    return lambda: bool(list(output.glob(f"iteration-{number}/.{step}.*")))


def kill_when(process: "subprocess.Popen[bytes]", reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert process.poll() is None, f"it ended with {process.returncode} before it was caught"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -9


@pytest.mark.slow
def test_killed_in_the_middle_of_steps_it_ends_with_the_same_bits(tmp_path: Path):
    torch.set_num_threads(1)
    world = make_world(tmp_path / "world")
    assert start(world, tmp_path / "whole").wait() == 0
    output = tmp_path / "killed"
    for number, step in ((0, "reader"), (0, "scores"), (1, "reader")):
        kill_when(start(world, output), working_on(output, number, step))
        assert list(output.glob(f"iteration-{number}/.{step}.*")), "nothing half-made was left"
        assert not (output / f"iteration-{number}/{step}").exists()
    assert start(world, output, REREAD_FAILPOINT="1/validation").wait() == 137
    assert start(world, output).wait() == 0
    assert results_of(output) == results_of(tmp_path / "whole")
    assert not list(output.glob("iteration-*/.*")), "what killed processes left was not removed"
