"""Who is let in, how often, and what is written down of those who change things.

Before a request: its host, its key, the caller's rate. Before its response is sent: a line in the
audit log where an admin key was used to change something (each time) or to look (once an hour).
"""

import asyncio
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Scope

from reread.audit import note
from service.http.hosts import HostCheck
from service.http.parts import ServiceParts
from service.http.security import Caller, bearer_of

UNCOUNTED = ("/healthz", "/readyz", "/metrics")
LOOKING = ("GET", "HEAD", "OPTIONS")
CHANGING = ("/admin/", "/documents")
LOOKS_S = 3600.0


class Door:
    def __init__(self, parts: ServiceParts, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys, self._home = parts.keys, parts.home
        self._hosts = HostCheck(parts.settings, lambda: parts.keys.protect)
        self._by_key, self._by_address = parts.rates
        self._clock = clock
        self._looked: dict[str, float] = {}  # admin keys, and when they were last noted

    async def admitted(self, scope: Scope) -> Caller | None:
        """The caller, where a key came along; raises what the request should be told."""
        headers = Headers(scope=scope)
        self._hosts.require(headers)
        caller = self._keys.caller(bearer_of(headers))
        if scope["path"] not in UNCOUNTED:
            await self._by_address.take(address_of(scope))
            if caller is not None:
                await self._by_key.take(caller.name)
        return caller

    async def noted(
        self, scope: Scope, caller: Caller | None, request_id: str, status: int
    ) -> None:
        """Write down an admin's request, before its response."""
        if caller is None or not caller.is_admin or not scope["path"].startswith(CHANGING):
            return
        if scope["method"] in LOOKING and not self._is_first_look(caller.name):
            return
        await asyncio.to_thread(
            note, self._home, "admin request", key=caller.name, address=address_of(scope),
            method=scope["method"], path=scope["path"][:200], status=status, request_id=request_id,
        )  # fmt: skip

    def _is_first_look(self, name: str) -> bool:
        now = self._clock()
        if now - self._looked.get(name, -LOOKS_S) < LOOKS_S:
            return False
        self._looked[name] = now
        return True


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"
