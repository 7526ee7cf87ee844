"""Permissions in buckets: how often each caller may do something, counted by this process alone.

A bucket holds a minute's worth and fills steadily. Knows callers by name; knows no key, no address
and no request.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

MOST_CALLERS = 10_000  # remembered; the one that asked longest ago is forgotten


class Bucketed(Protocol):
    """What counts, wherever it keeps the count."""

    def take(self, caller: str) -> float:
        """Use one permission: 0.0; or none is left, and there will be one in so many seconds."""

    @property
    def is_local(self) -> bool:
        """Whether `take` never waits for anything."""

    @property
    def warning(self) -> str | None:
        """What an operator should know of the counting."""


class Buckets:
    """`a_minute` permissions for each caller, at least 1. Safe from several threads."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute, self._clock = a_minute, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # permissions, when

    @property
    def is_local(self) -> bool:
        return True

    @property
    def warning(self) -> str | None:
        return None

    def take(self, caller: str) -> float:
        """See Bucketed."""
        now = self._clock()
        left, since = self._left.pop(caller, (float(self._a_minute), now))
        now = max(now, since)
        left = min(float(self._a_minute), left + (now - since) * self._a_minute / 60)
        self._left[caller] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) * 60 / self._a_minute
