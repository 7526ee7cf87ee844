"""Two real processes under torchrun train what one process trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from reread.home import numbers
from tests.worlds.training import ROOT
from trainer.reader.distributed import ALONE, joined_ranks


def train(folder: Path, processes: int, **environment: str) -> dict[str, torch.Tensor]:
    """The world of tests/worlds/reader_training.py: 8 questions a step, over all processes."""
    folder.mkdir()
    command = [sys.executable]
    if processes > 1:
        command += [
            "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes),
        ]  # fmt: skip
    done = subprocess.run(
        [*command, "-m", "tests.worlds.reader_training", str(folder), "6"],
        cwd=ROOT,
        env={
            **os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "DROPOUT": "0",
            **environment,
        },
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return load_file(folder / "end.safetensors")


@pytest.mark.slow
def test_two_processes_train_what_one_does_with_twice_the_share(tmp_path: Path) -> None:
    """The ranks begin with different weights and end with equal ones; only the first one saves."""
    one = train(tmp_path / "one", 1)
    two = train(tmp_path / "two", 2, PARTS="2")
    other = load_file(tmp_path / "two" / "end1.safetensors")
    moved = 0.0
    for name, tensor in one.items():
        assert torch.equal(two[name], other[name]), f"the ranks differ in {name}"
        assert torch.allclose(two[name], tensor, atol=2e-5), name
        moved = max(moved, float((two[name] - tensor).abs().max()))
    assert moved > 0.0, "rounding differs somewhere, or it was the same run"
    assert numbers(tmp_path / "two" / "state") == [6]


def test_outside_torchrun_a_process_is_alone() -> None:
    with joined_ranks({}) as ranks:
        assert ranks is ALONE and ranks.writes
        assert ranks.sum(torch.tensor([2.0])).tolist() == [2.0]
