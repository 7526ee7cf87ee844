"""Buckets of permissions: the same in memory and on a real redis-server; the fall-back between."""

from collections.abc import Callable
from typing import Any

import pytest

from reread.log.buckets import MOST_CALLERS, Bucketed, Buckets
from reread.log.redis.buckets import PATIENCE_S, RETRY_S, RedisBuckets, SharedBuckets
from reread.log.redis.connection import RedisConnection
from tests.worlds.redis_server import RedisServer

Make = Callable[[int], Bucketed]


@pytest.fixture
def now() -> list[float]:
    return [1_000_000.0]


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest, now: list[float]) -> Make:
    if request.param == "memory":
        return lambda a_minute: Buckets(a_minute, lambda: now[0])
    connection = request.getfixturevalue("redis_server").connection()
    return lambda a_minute: RedisBuckets(connection, "key", a_minute, lambda: now[0])


class TestAnyBuckets:
    def test_a_bucket_holds_a_minute_and_fills_steadily(self, make: Make, now: list[float]) -> None:
        buckets = make(6)
        assert [buckets.take("a") for _ in range(6)] == [0.0] * 6
        assert buckets.take("a") == pytest.approx(10)
        assert buckets.take("b") == 0.0
        now[0] += 4
        assert buckets.take("a") == pytest.approx(6)
        now[0] += 6.001
        assert buckets.take("a") == 0.0
        assert buckets.take("a") == pytest.approx(10, abs=0.01)
        now[0] += 3_600
        assert [buckets.take("a") for _ in range(6)] == [0.0] * 6
        assert buckets.take("a") > 9

    def test_a_clock_that_goes_back_gives_nothing_away(self, make: Make, now: list[float]) -> None:
        buckets = make(2)
        assert [buckets.take("a") for _ in range(2)] == [0.0, 0.0]
        now[0] -= 50
        assert buckets.take("a") > 0

    def test_names_are_taken_as_they_are(self, make: Make) -> None:
        buckets = make(1)
        for name in ("2001:db8::1", "REREAD_QUERY_KEYS 1", "a\nb", "ä", ""):
            assert buckets.take(name) == 0.0
            assert buckets.take(name) > 0


def test_memory_forgets_who_asked_longest_ago(now: list[float]) -> None:
    buckets = Buckets(1, lambda: now[0])
    for number in range(2 * MOST_CALLERS):
        buckets.take(str(number))
    assert len(buckets._left) == MOST_CALLERS


def test_replicas_count_together_by_the_servers_clock(redis_server: RedisServer) -> None:
    """Two of them allowed twice as much as was set: each counted for itself."""
    namespace = redis_server.connection()._namespace
    first, second = (RedisBuckets(redis_server.connection(namespace), "key", 4) for _ in range(2))
    taken = [one.take("a") for one in (first, second, second, first, first, second)]
    assert [wait > 0 for wait in taken] == [False] * 4 + [True] * 2
    assert RedisBuckets(redis_server.connection(namespace), "address", 4).take("a") == 0.0
    client = redis_server.connection(namespace).client
    left_ms = client.pttl(f"{{{namespace}}}:rate:key:a")
    assert 0 < left_ms <= 61_000  # nobody's name stays there


def shared(connection: RedisConnection, now: list[float]) -> SharedBuckets:
    return SharedBuckets(RedisBuckets(connection, "key", 3), Buckets(3), lambda: now[0])


def test_with_redis_away_each_counts_for_itself_and_goes_back(tmp_path: Any) -> None:
    """A frozen server costs one request its patience, not every one."""
    server, now = RedisServer(tmp_path), [0.0]
    try:
        connection = server.connection(patience_s=PATIENCE_S)
        buckets = shared(connection, now)
        assert [buckets.take("a") > 0 for _ in range(4)] == [False] * 3 + [True]
        assert buckets.warning is None
        server.freeze()
        assert buckets.take("a") == 0.0  # its own bucket is full
        assert "by itself" in (buckets.warning or "") and "Redis" in (buckets.warning or "")
        assert [buckets.take("a") > 0 for _ in range(3)] == [False, False, True]
        server.thaw()
        assert buckets.take("a") > 0 and buckets.warning  # not asked again yet
        now[0] += RETRY_S
        assert buckets.take("b") == 0.0 and buckets.warning is None
        server.kill()
        assert buckets.take("b") == 0.0 and buckets.warning
        server.restart(empty=True)
        now[0] += RETRY_S
        assert buckets.take("b") == 0.0 and buckets.warning is None  # scripts are gone there, too
    finally:
        server.thaw()
        server.kill()
