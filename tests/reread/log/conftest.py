"""One redis-server for the tests of this room; every test has a namespace of its own."""

from collections.abc import Iterator

import pytest

from tests.worlds.redis_server import RedisServer


@pytest.fixture(scope="package")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()
