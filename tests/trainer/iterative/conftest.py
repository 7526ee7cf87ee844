"""The world of the runs: read by all of them, written by none."""

from pathlib import Path

import pytest
import torch

from tests.worlds.iterating import make_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return make_world(tmp_path_factory.mktemp("iterating") / "world")
