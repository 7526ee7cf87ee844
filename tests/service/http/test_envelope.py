"""The body's bounds, at the level of ASGI messages."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from service.http.envelope import PATIENCE, bounded_body


def read_all(chunks: Iterable[bytes], limit_bytes: int = 10) -> tuple[bytes, int]:
    """What arrives of a body, and how many messages were taken from the client."""
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    messages[-1]["more_body"] = False
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return messages[taken - 1]

    async def run() -> bytes:
        bounded, body, more = bounded_body(receive, 5.0, limit_bytes), b"", True
        try:
            while more:
                message = await bounded()
                body, more = body + message["body"], message["more_body"]
        except HTTPException as error:
            assert error.status_code == 413
            body = b"413"
        return body

    return asyncio.run(run()), taken


def test_a_body_within_its_bounds_passes_unchanged() -> None:
    assert read_all([b"01234", b"56789"]) == (b"0123456789", 2)


def test_a_body_too_large_is_drained_for_a_while_only() -> None:
    assert read_all([b"01234", b"567890", b"x", b"y"]) == (b"413", 4)
    assert read_all([b"0123456789"] * 1000) == (b"413", PATIENCE)


def test_a_body_that_does_not_come_is_a_408() -> None:
    async def never() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    async def run() -> None:
        with pytest.raises(HTTPException, match="within 0.05 s") as late:
            await bounded_body(never, 0.05, 10)()
        assert late.value.status_code == 408

    asyncio.run(run())
