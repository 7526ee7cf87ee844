"""One service per module for what changes nothing, and its in-memory shelf."""

from collections.abc import Iterator

import pytest

from tests.worlds.fakes import EchoReader, Shelf, WordGeneration
from tests.worlds.serving import Running, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path_factory.mktemp("home"), shelf, EchoReader()) as service:
        yield service
