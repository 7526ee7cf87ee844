"""Connections that cost something: how many there are, how long one may stay silent.

A connection that has not sent a whole head is only a promise. It gets a few seconds for it, and
where room runs out the oldest such one makes place for a new one, so whoever really asks is
answered. Knows uvicorn's connection; does not know what is asked.
"""

import asyncio
import logging
import resource
import time
from collections.abc import Callable, Mapping
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

logger = logging.getLogger(__name__)
SPARE_FILES = 128  # descriptors left to everything that is no connection
ACCEPTED_AT_ONCE = 4  # in one turn of the event loop; it closes what has to go three turns later
WAITING_IN_KERNEL = 1024  # connections that are not accepted yet
SAY_AGAIN_S = 60.0
ACCEPT_AGAIN_S = 1.0  # asyncio looks again for connections after so long
LATE_HEAD = (
    b'{"type": "urn:reread:problem:head-too-slow", "title": "The request did not arrive", '
    b'"status": 408, "detail": "The head of the request did not arrive in time; send it at once."}'
)
NO_ROOM = (
    b'{"type": "urn:reread:problem:too-many-connections", "title": "Too many connections", '
    b'"status": 503, "detail": "Every connection of the service is busy; try again in a moment."}'
)


class ConnectionRoom:
    """All connections of a service, those without a whole head in the order they began."""

    def __init__(
        self,
        limit: int,
        head_s: float,
        write_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.head_s, self.write_s, self._clock = head_s, write_s, clock
        self.count, self._limit = 0, limit
        self._tight, self._tight_until = limit, 0.0
        self._silent: dict[LimitedConnection, None] = {}  # oldest first

    @property
    def limit(self) -> int:
        return self._tight if self._clock() < self._tight_until else self._limit

    @property
    def silent(self) -> int:
        return len(self._silent)

    def enter(self, one: "LimitedConnection") -> bool:
        """Take a new connection in; False where every other one is being answered."""
        self.count += 1
        self._silent[one] = None
        if self.count > self.limit or self.silent > max(1, self.limit // 2):
            return self.make_room(1, but=one) == 1
        return True

    def tighten(self) -> None:
        """For a minute: no descriptor was left, so there may be fewer connections than now."""
        if self._clock() >= self._tight_until:
            self._tight = max(8, self.count - 2 * ACCEPTED_AT_ONCE)
        self._tight_until = self._clock() + SAY_AGAIN_S
        self.make_room(max(self.count - self._tight, self.silent // 2))

    def make_room(self, wanted: int, but: "LimitedConnection | None" = None) -> int:
        """Close the oldest silent connections; how many were closed."""
        oldest = [one for one in self._silent if one is not but][:wanted]
        for one in oldest:
            self._silent.pop(one)
            one.cut()
        return len(oldest)

    def wait_for(self, one: "LimitedConnection") -> None:
        """It is silent again, as the newest of them: between two requests."""
        self._silent.pop(one, None)
        self._silent[one] = None

    def is_heard(self, one: "LimitedConnection") -> None:
        self._silent.pop(one, None)

    def leave(self, one: "LimitedConnection") -> None:
        self.count -= 1
        self._silent.pop(one, None)


class LimitedConnection(H11Protocol):
    """uvicorn's connection with deadlines for the head, and for a client that does not read."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        room: ConnectionRoom,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._room = room
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()
        if not self._room.enter(self):
            self._refuse(503, NO_ROOM)

    def connection_lost(self, exc: Exception | None) -> None:
        self._room.leave(self)
        self._stop_head_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._head_timer is None and self.conn.their_state is h11.IDLE:
            self._await_head()  # the first bytes of the next request on a kept connection
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self._room.write_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_write_timer()

    def cut(self) -> None:
        """End it without a word: a browser opens connections it may never use."""
        self._stop_head_timer()
        self.transport.abort()

    def _look(self) -> None:
        """A whole head has come, or the connection waits for its next one."""
        if self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE:
            self._room.wait_for(self)
            if self.conn.trailing_data[0] and self._head_timer is None:
                self._await_head()
        else:
            self._stop_head_timer()
            self._room.is_heard(self)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._room.head_s, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.conn.trailing_data[0]:
            self._refuse(408, LATE_HEAD)
        else:
            self.cut()

    def _refuse(self, status: int, problem: bytes) -> None:
        headers = [
            ("Content-Type", "application/problem+json"),
            ("Content-Length", str(len(problem))),
            ("Connection", "close"),
            *([("Retry-After", "2")] if status == 503 else []),
        ]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=problem)):
            self.transport.write(self.conn.send(event) or b"")
        self._stop_head_timer()
        self.transport.close()


class AcceptFailures:
    """The event loop's complaints: those of a full descriptor table once a minute, with a count.

    asyncio repeats them for every connection that waits, with a traceback each: 55 MB were seen.
    """

    def __init__(self, room: ConnectionRoom, clock: Callable[[], float] = time.monotonic) -> None:
        self._room, self._clock = room, clock
        self._count, self._say_at, self._make_room_at = 0, 0.0, 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        if "accept() out of system resource" not in context["message"]:
            loop.default_exception_handler(dict(context))
            return
        self._count += 1
        if self._clock() >= self._make_room_at:
            self._make_room_at = self._clock() + ACCEPT_AGAIN_S / 2
            self._room.tighten()
        if self._clock() < self._say_at:
            return
        self._say_at = self._clock() + SAY_AGAIN_S
        logger.error(
            "no descriptor was left for a new connection (%s), %d times; silent ones are closed, "
            "%d are open: raise the limit of open files", context.get("exception"), self._count,
            self._room.count,
        )  # fmt: skip
        self._count = 0


def room_for(wanted: int, head_s: float, write_s: float) -> ConnectionRoom:
    """Room for as many connections as were wanted and the process's limit of open files allows."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if files == resource.RLIM_INFINITY else min(wanted, files - 2 * SPARE_FILES)
    limit = max(limit, 16)
    if limit < wanted:
        logger.warning("at most %d connections: %d files may be open at once", limit, files)
    return ConnectionRoom(limit, head_s, write_s)
