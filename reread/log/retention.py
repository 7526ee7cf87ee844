"""How long the log keeps people's words: a thread that takes them out of what has become old.

Knows the log and a number of days; does not know why somebody wants that.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

logger = logging.getLogger(__name__)
DAY_S = 86_400.0
EVERY_S = 600.0  # between two looks


class Expires(Protocol):
    def expire(self, before_s: float, after: int) -> int: ...
    def compact(self) -> bool: ...


class Retention:
    """Looks on from where it was; after a restart from the beginning once."""

    def __init__(self, log: Expires, days: int, clock: Callable[[], float]) -> None:
        self._log, self._days, self._clock = log, days, clock
        self._done, self._is_due = 0, False

    def look(self) -> None:
        """Raises what the log raises; the next look begins where this one did."""
        done = self._log.expire(self._clock() - self._days * DAY_S, self._done)
        self._is_due = self._is_due or done > self._done
        self._done = done
        if self._is_due:
            self._is_due = not self._log.compact()

    def keep_looking(self, stop: threading.Event, every_s: float = EVERY_S) -> None:
        """Until told to stop; a log that is away comes back."""
        while True:
            try:
                self.look()
            except Exception:
                logger.exception("words older than %d days are still in the log", self._days)
            if stop.wait(every_s):
                return
