"""What surrounds every request: its id, its count and time, the last catch, the drain.

Plain ASGI, so streams pass through untouched. Knows no route.
"""

import asyncio
import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from reread.errors import Overloaded, RereadError
from service.http.door import Door
from service.http.parts import ServiceParts
from service.http.problems import error_response
from service.http.security import Caller
from service.tracing import describe

logger = logging.getLogger(__name__)
REQUEST_ID = re.compile(r"[\x20-\x7e]{1,128}")
BODY_S = 30.0  # a client gets this long to send its body
FILE_S = 300.0  # and this long where it is a file
FILE_REMEDY = "use `reread ingest` for this file"
PATIENCE = 16  # times the allowed size is read of a body that is too large
CLOSE = {"Connection": "close"}
LEFT = 499  # the status of a client that left before there was a response
FILE_PATH = "/documents/file"
ALWAYS_OPEN = ("/healthz", "/readyz", "/metrics")


class Draining(RereadError):
    status = 503
    title = "The service is stopping"


class RequestEnvelope:
    def __init__(self, app: ASGIApp, parts: ServiceParts) -> None:
        self._app, self._parts = app, parts
        self._door = Door(parts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # no route speaks WebSocket
            await self._app(scope, receive, send)
            return
        await _Exchange(self._app, self._parts, self._door, scope, send).run(receive)


class _Exchange:
    """One request and its response."""

    def __init__(
        self, app: ASGIApp, parts: ServiceParts, door: Door, scope: Scope, send: Send
    ) -> None:
        self._app, self._parts, self._door = app, parts, door
        self._scope, self._send = scope, send
        self._request_id = request_id_of(Headers(scope=scope).get("x-request-id"))
        self._status: int | None = None
        self._caller: Caller | None = None
        scope.setdefault("state", {})["request_id"] = self._request_id

    async def run(self, receive: Receive) -> None:
        started_s = time.perf_counter()
        self._parts.presence.in_flight += 1
        method, headers = self._scope["method"], Headers(scope=self._scope)
        with bound_contextvars(request_id=self._request_id):  # in every line that is logged
            try:
                with self._parts.tracing.request(method, headers) as span:
                    try:
                        await self._guarded(receive)
                    finally:
                        describe(span, method, self._route, self._request_id, self._status or LEFT)
            finally:
                self._parts.presence.in_flight -= 1
                self._count(time.perf_counter() - started_s)

    async def _guarded(self, receive: Receive) -> None:
        try:
            self._caller = await self._door.admitted(self._scope)
            if self._parts.presence.draining.is_set() and self._scope["path"] not in ALWAYS_OPEN:
                raise Draining("The service is stopping; ask again when it is back.")
            body = self._bounded(receive)
            await self._app(self._scope, body, self._tagged)
        except Exception as error:
            if self._status is not None:
                raise  # too late for a problem: the server cuts the connection
            response = error_response(error, self._request_id, self._scope["path"])
            await response(self._scope, receive, self._tagged)

    def _bounded(self, receive: Receive) -> Receive:
        settings = self._parts.settings
        if self._scope["path"] == FILE_PATH and self._scope["method"] == "POST":
            return bounded_body(receive, FILE_S, settings.max_file_bytes, FILE_REMEDY)
        return bounded_body(receive, BODY_S, settings.max_body_bytes)

    async def _tagged(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            await self._door.noted(self._scope, self._caller, self._request_id, self._status)
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request_id
            if self._parts.presence.draining.is_set():
                headers["Connection"] = "close"
        await self._send(message)

    @property
    def _route(self) -> str:
        path: str = getattr(self._scope.get("route"), "path", "unmatched")
        return path

    def _count(self, spent_s: float) -> None:
        metrics = self._parts.metrics
        route = self._route
        status = str(self._status or LEFT)
        method = self._scope["method"] if route != "unmatched" else "any"
        metrics.requests.labels(route, method, status).inc()
        metrics.request_seconds.labels(route).observe(spent_s)
        if self._status == Overloaded.status:
            metrics.overloads.inc()
        if self._scope["path"] not in ALWAYS_OPEN:  # asked every few seconds by machines
            logger.info("%s %s %s in %.0f ms", method, route, status, spent_s * 1000)


def request_id_of(given: str | None) -> str:
    """The client's id where it is printable ASCII of at most 128 characters, else a new one."""
    return given if given and REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def bounded_body(
    receive: Receive, limit_s: float, limit_bytes: int, remedy: str = "send less at once"
) -> Receive:
    """Bound the body in time and size; uvicorn waits for ever and FastAPI's limit is no problem.

    What comes beyond the size is read and dropped for a while, so that a client that sends first
    and listens afterwards sees the refusal and not a reset connection.
    """
    deadline_s = asyncio.get_running_loop().time() + limit_s
    complete, seen = False, 0

    async def bounded() -> Message:
        nonlocal complete, seen
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline_s):
                message = await receive()
                seen += len(message.get("body", b""))
                while limit_bytes < seen < PATIENCE * limit_bytes and message.get("more_body"):
                    message = await receive()
                    seen += len(message.get("body", b""))
        except TimeoutError as error:
            detail = f"The body did not arrive within {limit_s:g} s; send it faster."
            raise HTTPException(408, detail, headers=CLOSE) from error
        if seen > limit_bytes:
            detail = f"The body is larger than the {limit_bytes} bytes allowed; {remedy}."
            raise HTTPException(413, detail, headers=CLOSE)
        complete = not message.get("more_body", False)
        return message

    return bounded
