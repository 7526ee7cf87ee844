"""Verification in the test's own process, for tests that build many generations."""

from pathlib import Path

from index_builder.build.verify import verify_generation
from reread.home import Home


def verify_here(folder: Path):
    """In this process: the child, which costs seconds of imports, has tests of its own."""
    return verify_generation(Home(folder.parents[1]), int(folder.name))
