"""Group commit: many requests wait, one transaction writes what has gathered.

Knows queues and futures; does not know where the log keeps its records.
"""

import logging
import queue
import threading
from concurrent.futures import Future, InvalidStateError
from typing import Protocol

from reread.errors import Overloaded, StorageFailed
from reread.log.privacy import Discretion
from reread.records import AnswerRecord

logger = logging.getLogger(__name__)

MAX_BATCH = 256  # records in one transaction: bounds how long the first of them waits
MAX_WAITING = 10_000  # beyond this the disk is not keeping up and the caller is told

_STOPPED = "The log writer has stopped: restart the service"

_Item = tuple[AnswerRecord, "Future[None]"]


class Appends(Protocol):
    def append(self, records: list[AnswerRecord]) -> None: ...


class GroupCommitter:
    """Owns one writing thread; a failed batch fails its own futures and the thread goes on."""

    def __init__(self, log: Appends, discretion: Discretion | None = None) -> None:
        """`discretion`: what of a record is logged; None: all."""
        self._log, self._discretion = log, discretion or Discretion()
        self._waiting: queue.Queue[_Item | None] = queue.Queue(MAX_WAITING)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False after close or if the thread died: readiness must show it."""
        return self._thread.is_alive() and not self._closed

    @property
    def waiting(self) -> int:
        return self._waiting.qsize()

    def submit(self, record: AnswerRecord) -> "Future[None]":
        """The future resolves once the record is durable, or raises why it is not."""
        if not self.alive:
            raise StorageFailed(_STOPPED)
        future: Future[None] = Future()
        try:
            self._waiting.put_nowait((self._discretion.record(record), future))
        except queue.Full as error:
            raise Overloaded(
                f"{MAX_WAITING} answers already wait to be logged: try again in a second"
            ) from error
        if not self.alive:
            self._fail_waiting()  # it died between the check and the put
        return future

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what waits, then end the thread."""
        self._closed = True
        self._waiting.put(None, timeout=timeout_s)
        self._thread.join(timeout_s)
        self._fail_waiting()

    def _run(self) -> None:
        try:
            while (batch := self._gather()) is not None:
                self._commit(batch)
        finally:
            self._closed = True
            self._fail_waiting()

    def _gather(self) -> list[_Item] | None:
        first = self._waiting.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < MAX_BATCH:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if item is None:
                self._waiting.put(None)  # finish this batch first, then end
                break
            batch.append(item)
        return batch

    def _commit(self, batch: list[_Item]) -> None:
        try:
            self._log.append([record for record, _ in batch])
        except BaseException as error:
            logger.exception("a batch of %d answers was not logged", len(batch))
            expected = isinstance(error, Exception)
            for _, future in batch:
                _resolve(future, error if expected else StorageFailed(_STOPPED))
            if expected:
                return
            raise  # the thread ends, and `alive` says so
        for _, future in batch:
            _resolve(future, None)

    def _fail_waiting(self) -> None:
        while True:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                _resolve(item[1], StorageFailed(_STOPPED))


def _resolve(future: "Future[None]", error: BaseException | None) -> None:
    """A future its caller cancelled is left alone: nobody waits for it."""
    try:
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
    except InvalidStateError:
        logger.debug("an answer was logged after its caller had gone")
