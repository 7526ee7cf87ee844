"""Stop working for a client that has gone.

Knows the connection; does not know the work.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from reread.errors import RereadError

Result = TypeVar("Result")


class ClientGone(RereadError):
    """Nobody reads the response; the status is for the metrics."""

    status = 499
    title = "The client closed the connection"


async def unless_gone(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The work's result; the work is cancelled as soon as its client disconnects."""
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise ClientGone("The client closed the connection before its answer was ready.")
        return doing.result()
    finally:
        leaving.cancel()
        doing.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
