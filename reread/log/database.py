"""Opening the embedded database so that committed means what we promise.

Knows SQLite through apsw, whose bundled version is past the WAL-reset bug that loses committed
transactions before 3.51.3; the standard library's may not be. Does not know any table.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import apsw

from reread.commit import storage_errors
from reread.errors import CorruptArtefact, StorageFailed

Synchronous = Literal["normal", "full"]

BUSY_TIMEOUT_MS = 10_000  # longer than any transaction of ours; a storm ends in StorageFailed
_FULL_DISK = (apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError)


def _switch_to_wal(connection: apsw.Connection) -> None:
    """SQLite's busy timeout does not cover this switch: two first openers would see it fail."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class Database:
    """One connection behind one lock: threads share it, processes each open their own.

    `synchronous` normal survives the death of a process; full survives power loss as well.
    """

    def __init__(self, path: Path, schema: str, synchronous: Synchronous = "normal") -> None:
        if synchronous not in ("normal", "full"):
            raise ValueError(f"synchronous is {synchronous!r}; it can be 'normal' or 'full'")
        self._path = path
        self._lock = threading.Lock()
        with storage_errors(str(path.parent)):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._sentences():
            self._connection = apsw.Connection(str(path))
            self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            _switch_to_wal(self._connection)
            self._connection.execute(f"PRAGMA synchronous={synchronous.upper()}")
            self._connection.execute(schema)

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """All or nothing; the write lock is taken at once, so two processes never deadlock."""
        with self._lock, self._sentences():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A failed COMMIT on a full disk leaves the transaction open.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._sentences():
            return list(self._connection.execute(query, values))

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise CorruptArtefact(
                f"{self._path} is not a sound database ({error}): "
                f"move it away to start an empty one, or restore it from a backup"
            ) from error
        except _FULL_DISK as error:
            raise StorageFailed(
                f"{self._path} could not be written ({error}): free some space or make "
                f"the disk writable, then send it again; nothing was recorded"
            ) from error
        except apsw.BusyError as error:
            raise StorageFailed(
                f"{self._path} stayed locked for {BUSY_TIMEOUT_MS / 1000:.0f} s by another "
                f"process: stop it if it hangs, then send it again; nothing was recorded"
            ) from error
