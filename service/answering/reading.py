"""The reader behind a bounded queue on one thread, for whole answers and for streamed ones.

Checks what comes back where the stages meet: one score per passage, every number finite.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from reread.errors import RereadError
from reread.reading import Reading, ReadRequest
from service.answering.batcher import Batcher
from service.answering.patience import too_long

Emit = Callable[[str], bool]  # False: nobody listens any more


class ReaderFailed(RereadError):
    title = "The reader failed on this question"


class AnswerReader(Protocol):
    """What the service needs of a reader; called from one thread only."""

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path | None: ...
    def read(
        self, requests: Sequence[ReadRequest], aggregation: str = "mean", tokens: bool = False
    ) -> list[Reading]: ...
    def stream(self, request: ReadRequest) -> Iterator[str | Reading]: ...
    def info(self) -> dict[str, Any]: ...


LoadTuned = Callable[[Path], AnswerReader | None]  # None: tuned from another reader than this one


@dataclass(frozen=True, slots=True)
class Readers:
    """The reader of the settings, and how one is loaded that a round tuned on this home."""

    own: AnswerReader
    load_tuned: LoadTuned = lambda folder: None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What must be equal for requests to be read together; a stream equals only itself."""

    reader: AnswerReader
    aggregation: str
    tokens: bool
    emit: Emit | None = None


class ReaderDesk:
    def __init__(
        self,
        reader: AnswerReader,
        *,
        capacity: int,
        batch_passages: int,
        wait_s: float,
        on_batch: Callable[[int, float], None] = lambda _count, _seconds: None,
    ) -> None:
        self.reader, self.wait_s = reader, wait_s
        self._batcher: Batcher[_Reading, ReadRequest, Reading] = Batcher(
            "reader", self._run, capacity=capacity, max_weight=batch_passages,
            weigh=lambda request: len(request.passages), wait_s=wait_s, on_batch=on_batch,
        )  # fmt: skip
        self.start: Callable[[], None] = self._batcher.start
        self.stop: Callable[..., None] = self._batcher.stop

    @property
    def alive(self) -> bool:
        return self._batcher.alive

    @property
    def depth(self) -> int:
        return self._batcher.depth

    @property
    def busy_s(self) -> float:
        return self._batcher.busy_s

    async def read(
        self,
        request: ReadRequest,
        aggregation: str = "mean",
        tokens: bool = False,
        *,
        reader: AnswerReader | None = None,
    ) -> Reading:
        """Raises Overloaded at once when too many wait; a cancelled wait is never computed.

        `reader`: one that was tuned, in the place of the desk's own."""
        key = _Reading(reader or self.reader, aggregation, tokens)
        future = self._batcher.submit(key, request)
        return await self._batcher.result(future)

    def stream(
        self, request: ReadRequest, *, reader: AnswerReader | None = None
    ) -> "ReadingStream":
        """Queue a streamed reading; raises Overloaded before anything is sent."""
        chosen = reader or self.reader
        stream = ReadingStream(asyncio.get_running_loop(), self._batcher.wait_s)
        stream.follow(self._batcher.submit(_Reading(chosen, "mean", False, stream.emit), request))
        return stream

    def _run(self, key: _Reading, requests: Sequence[ReadRequest]) -> list[Reading]:
        if key.emit is None:
            readings = key.reader.read(requests, key.aggregation, key.tokens)
        else:
            readings = [_stream_one(key.reader, requests[0], key.emit)]
        for request, reading in zip(requests, readings, strict=True):
            check(request, reading)
        return readings


def _stream_one(reader: AnswerReader, request: ReadRequest, emit: Emit) -> Reading:
    for piece in reader.stream(request):
        if isinstance(piece, Reading):
            return piece
        if not emit(piece):
            raise ReaderFailed("The caller went away while the answer was written.")
    raise ReaderFailed(f"The reader {reader.name} ended a stream without its scores.")


class ReadingStream:
    """The pieces of one answer as they come, then its Reading; made for one listener."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wait_s: float) -> None:
        self._loop, self._wait_s = loop, wait_s
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()
        self._left = False

    def follow(self, future: "Future[Reading]") -> None:
        self._future = future
        future.add_done_callback(lambda _: self._hand_over(None))

    def emit(self, piece: str) -> bool:
        """Called by the reader's thread."""
        self._hand_over(piece)
        return not self._left

    def leave(self) -> None:
        """Stop the reading; whatever has not begun is dropped."""
        self._left = True
        self._future.cancel()

    async def pieces(self) -> AsyncIterator[str | Reading]:
        while (piece := await self._next()) is not None:
            yield piece
        yield self._future.result()

    async def _next(self) -> str | None:
        """The next piece, None after the last; raises WaitedTooLong where the reader hangs."""
        for _ in ("its turn", "the work"):
            try:
                return await asyncio.wait_for(self._pieces.get(), self._wait_s)
            except TimeoutError:
                if not self._future.running():
                    break
        raise too_long("reader", self._wait_s)

    def _hand_over(self, piece: str | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, piece)


def check(request: ReadRequest, reading: Reading) -> None:
    """Raise ReaderFailed unless the reading fits its request and its numbers are finite."""
    if len(reading.attention) != len(request.passages):
        raise ReaderFailed(
            f"The reader gave {len(reading.attention)} scores for {len(request.passages)} "
            "passages; set REREAD_READER to another model."
        )
    if not all(math.isfinite(one) for one in (*reading.attention, reading.confidence)):
        raise ReaderFailed(
            "The reader's scores are not finite numbers; use another precision or another model."
        )
    if reading.answer and not reading.found:
        raise ReaderFailed(
            f"The reader found nothing and yet answered {reading.answer[:40]!r}; "
            "set REREAD_READER to another model."
        )
    lengths = {one.id: len(one.text) for one in request.passages}
    for span in reading.spans:
        if not 0 <= span.start < span.end <= lengths.get(span.passage, 0):
            raise ReaderFailed(
                f"The reader says the answer stands in characters {span.start} to {span.end} of "
                f"passage {span.passage[:40]!r}, which has {lengths.get(span.passage, 0)}; "
                "set REREAD_READER to another model."
            )
