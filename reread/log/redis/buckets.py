"""Buckets of permissions that several services share; with Redis away, each counts by itself.

The server counts, by its own clock, in one step: replicas never allow more together. Knows callers
by name; knows no key, no address and no request.
"""

import logging
import threading
import time
from collections.abc import Callable

from reread.log.buckets import Bucketed, Buckets
from reread.log.redis.connection import RedisAway, RedisConnection

logger = logging.getLogger(__name__)
PATIENCE_S = 0.25  # every request waits for this
RETRY_S = 5.0  # a server that was away is asked again after this long

_TAKE = """#!lua
local most, now = tonumber(ARGV[1]), tonumber(ARGV[2])
if now < 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local held = redis.call('HMGET', KEYS[1], 'left', 'since')
local left, since = tonumber(held[1] or most), tonumber(held[2] or now)
now = math.max(now, since)
left = math.min(most, left + (now - since) * most / 60)
local wait = 0
if left >= 1 then left = left - 1 else wait = (1 - left) * 60 / most end
redis.call('HSET', KEYS[1], 'left', string.format('%.6f', left),
           'since', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], 61000)
return string.format('%.6f', wait)
"""


class RedisBuckets:
    """`take` raises RedisAway where the server cannot count now."""

    def __init__(
        self,
        connection: RedisConnection,
        what: str,  # is counted: buckets of one kind and rate are shared by all who say the same
        a_minute: int,
        clock: Callable[[], float] = lambda: -1.0,  # negative: the server's own
    ) -> None:
        self._redis, self._what, self._a_minute, self._clock = connection, what, a_minute, clock
        self._take = connection.client.register_script(_TAKE)

    @property
    def is_local(self) -> bool:
        return False

    @property
    def warning(self) -> str | None:
        return None

    def take(self, caller: str) -> float:
        """See Bucketed."""
        key = self._redis.key(f"rate:{self._what}:{caller}")
        with self._redis.sentences():
            return float(self._take([key], [self._a_minute, self._clock()]))


class SharedBuckets:
    """Those on Redis while it answers, else this process's own, which begin full."""

    def __init__(
        self,
        shared: Bucketed,
        own: Buckets,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared, self._own, self._clock = shared, own, clock
        self._away: str | None = None
        self._again_at_s = 0.0
        self._asking = threading.Lock()  # one request finds out whether it is back, the rest go on

    @property
    def is_local(self) -> bool:
        return False

    @property
    def warning(self) -> str | None:
        away = self._away
        return away and f"Each replica counts its callers' requests by itself: {away}"

    def take(self, caller: str) -> float:
        """See Bucketed; never raises for what Redis does."""
        if self._away is None:
            return self._ask(caller)
        if self._clock() < self._again_at_s or not self._asking.acquire(blocking=False):
            return self._own.take(caller)
        try:
            return self._ask(caller)
        finally:
            self._asking.release()

    def _ask(self, caller: str) -> float:
        try:
            wait_s = self._shared.take(caller)
        except RedisAway as error:
            if self._away is None:
                logger.warning("rates are counted by this process alone: %s", error)
            self._away, self._again_at_s = str(error), self._clock() + RETRY_S
            return self._own.take(caller)
        if self._away is not None:
            logger.info("rates are shared again")
            self._away = None
        return wait_s
