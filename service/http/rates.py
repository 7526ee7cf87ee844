"""How often one caller may ask: a bucket of permissions per key and per address.

Shared by all replicas where the buckets are on Redis. Knows neither keys nor routes.
"""

import asyncio
import math

from reread.errors import RereadError
from reread.log.buckets import Bucketed


class TooOften(RereadError):
    status = 429
    title = "Too many requests of one caller"

    def __init__(self, sentence: str, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class Rate:
    """`a_minute` requests for each caller; no buckets: no limit."""

    def __init__(self, what: str, a_minute: int, buckets: Bucketed | None) -> None:
        self._what, self._a_minute, self._buckets = what, a_minute, buckets

    @property
    def warning(self) -> str | None:
        return None if self._buckets is None else self._buckets.warning

    async def take(self, caller: str) -> None:
        """Use one permission; raises TooOften with when there will be one again."""
        buckets = self._buckets
        if buckets is None:
            return
        if buckets.is_local:
            left_s = buckets.take(caller)
        else:
            left_s = await asyncio.to_thread(buckets.take, caller)
        if left_s > 0:
            wait_s = math.ceil(left_s)
            raise TooOften(
                f"This {self._what} may send {self._a_minute} requests a minute; the next one in "
                f"{wait_s} s.",
                wait_s,
            )
