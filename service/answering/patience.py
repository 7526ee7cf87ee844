"""How long a request waits for a worker: for its turn, and then for the work itself.

A worker that hangs is inside a model and cannot be stopped; who waits for it can be told. Knows
futures; does not know whose they are.
"""

import asyncio
from concurrent.futures import Future
from typing import TypeVar

from reread.errors import RereadError

Result = TypeVar("Result")


class WaitedTooLong(RereadError):
    status = 503
    title = "It took too long"


async def patiently(future: "Future[Result]", part: str, wait_s: float) -> Result:
    """The future's result; raises WaitedTooLong after `wait_s` in the queue or in work.

    What has not begun by then, or when the caller is cancelled, is dropped.
    """
    waiting = asyncio.wrap_future(future)
    try:
        for _ in ("its turn", "the work"):
            done, _pending = await asyncio.wait({waiting}, timeout=wait_s)
            if done:
                return waiting.result()
            if not future.running():
                break
        raise too_long(part, wait_s)
    finally:
        waiting.cancel()


def too_long(part: str, wait_s: float) -> WaitedTooLong:
    return WaitedTooLong(
        f"The request waited longer than the {wait_s:g} s allowed for the {part}; try again when "
        "fewer questions arrive, or look at /readyz."
    )
