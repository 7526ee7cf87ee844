"""uvicorn with an orderly end: SIGTERM turns readiness off, drains, and ends with exit code 0.

uvicorn alone closes its sockets at once, so nobody could see that readiness is off, and raises
the signal again afterwards, so the exit code would say that the process was killed.
"""

import asyncio
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from service.connections import WAITING_IN_KERNEL
from service.http.parts import Presence

Complain = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]  # the loop's failures
LAST_WORDS_S = 1  # for connections that are still open after the drain


class DrainingServer(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, presence: Presence, drain_s: float, complain: Complain
    ) -> None:
        config.timeout_graceful_shutdown = LAST_WORDS_S
        super().__init__(config)
        self._presence, self._drain_s, self._complain = presence, drain_s, complain
        self._deadline_s: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Few connections are accepted in one turn, but many may wait for the next one."""
        asyncio.get_running_loop().set_exception_handler(self._complain)
        await super().startup(sockets)
        for bound in sockets or ():
            bound.listen(WAITING_IN_KERNEL)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """First signal: begin to drain. Second: leave now. Neither is raised again at the end."""
        if self._presence.draining.is_set():
            self.should_exit = self.force_exit = True
        self._presence.draining.set()

    async def on_tick(self, counter: int) -> bool:
        if self._presence.draining.is_set() and self._is_drained():
            self.should_exit = True
        return await super().on_tick(counter)

    def _is_drained(self) -> bool:
        now_s = time.monotonic()
        if self._deadline_s is None:
            self._deadline_s = now_s + self._drain_s
        return self._presence.in_flight == 0 or now_s >= self._deadline_s


def leave_at_once() -> None:
    """End the process without Python's finalization, which aborts it while torch computes.

    For a reader that outlived the drain: its thread cannot be stopped, and taking the interpreter
    away under a C++ frame ends in SIGABRT instead of exit code 0.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
