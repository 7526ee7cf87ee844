"""How often one caller may ask: a bucket of permissions per key and per address.

A bucket holds a minute's worth and fills steadily. Counted by this process alone: of n replicas
each allows as much. Knows neither keys nor routes.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from reread.errors import RereadError

MOST_CALLERS = 10_000  # remembered; the one that asked longest ago is forgotten


class TooOften(RereadError):
    status = 429
    title = "Too many requests of one caller"

    def __init__(self, sentence: str, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class Buckets:
    """`a_minute` permissions for each caller; 0: no limit."""

    def __init__(
        self, what: str, a_minute: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what, self._a_minute, self._clock = what, a_minute, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # permissions, when

    def take(self, caller: str) -> None:
        """Use one permission; raises TooOften with when there will be one again."""
        if not self._a_minute:
            return
        now = self._clock()
        left, since = self._left.pop(caller, (float(self._a_minute), now))
        left = min(float(self._a_minute), left + (now - since) * self._a_minute / 60)
        self._left[caller] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        if left < 1:
            wait_s = math.ceil((1 - left) * 60 / self._a_minute)
            raise TooOften(
                f"This {self._what} may send {self._a_minute} requests a minute; the next one in "
                f"{wait_s} s.",
                wait_s,
            )
