"""An empty home, an empty folder of documents, and builds that verify in this process."""

from pathlib import Path

import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from reread.home import Home
from tests.index_builder.verified import verify_here

HEARD = {"progress", "reach", "now_s"}  # of a build, and no part of its plan


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def build(home, tiny_encoder):
    def run(**options):
        if options.get("retriever") != "bm25" and "checkpoint" not in options:
            options = {"model": str(tiny_encoder), **options}
        options = {"verify": verify_here, "dtype": "float32", "device": "cpu", **options}
        heard = {name: options.pop(name) for name in HEARD & set(options)}
        return build_generation(home, Plan(**options), **heard)

    return run
