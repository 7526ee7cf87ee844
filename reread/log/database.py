"""Opening the embedded database so that committed means what we promise.

Knows SQLite through apsw, whose bundled version is past the WAL-reset bug that loses committed
transactions before 3.51.3; the standard library's may not be. Does not know any table.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

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


def _open_to_read(path: Path) -> apsw.Connection:
    """Where nothing can be written beside it; a transaction on it is refused.

    A write-ahead file that is there is read with its index. Without one SQLite would make both,
    and is told that the file stays as it is.
    """
    log = _files_of(path)[1]
    there = log.exists() and log.stat().st_size > 0
    name = f"file:{quote(str(path.absolute()))}?mode=ro" + ("" if there else "&immutable=1")
    connection = apsw.Connection(name, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    return connection


def _files_of(path: Path) -> tuple[Path, Path]:
    """The database and its write-ahead log, which holds the newest commits."""
    return path, path.with_name(f"{path.name}-wal")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


class Database:
    """One connection behind one lock: threads share it, processes each open their own.

    `synchronous` normal survives the death of a process; full survives power loss as well. On a
    disk that cannot be written, what is there is read, by its own columns.
    """

    def __init__(self, path: Path, schema: str, synchronous: Synchronous = "normal") -> None:
        if synchronous not in ("normal", "full"):
            raise ValueError(f"synchronous is {synchronous!r}; it can be 'normal' or 'full'")
        self._path = path
        self._lock = threading.Lock()
        with storage_errors(str(path.parent)):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._sentences():
            if path.exists() and not os.access(path.parent, os.W_OK):
                self._connection = _open_to_read(path)
            else:
                self._connection = apsw.Connection(str(path))
                self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
                _switch_to_wal(self._connection)
                self._connection.execute(f"PRAGMA synchronous={synchronous.upper()}")
                self._connection.execute("PRAGMA secure_delete=ON")  # deleted is overwritten
                self._connection.execute(schema)
        self._opened = {one: found for one in _files_of(path) if (found := _identity(one))}

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """All or nothing; the write lock is taken at once, so two processes never deadlock."""
        with self._lock, self._sentences():
            self.check_in_place()
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
            self.check_in_place()
            return list(self._connection.execute(query, values))

    def add_column(self, table: str, column: str, kind: str) -> None:
        """For files of an earlier version; nothing where the column is there."""
        if column in (row[1] for row in self.rows(f"PRAGMA table_info({table})")):
            return  # without a lock: a home may be read-only
        with self.transaction() as connection:
            known = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            if column not in known:  # another process may have been first
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    def check_in_place(self) -> None:
        """Raise StorageFailed where the path no longer leads to the file that is open.

        Writes into a removed file succeed and are gone at the next start.
        """
        for path, opened in self._opened.items():
            if _identity(path) != opened:
                raise StorageFailed(
                    f"{path} was removed or replaced while it was in use, so nothing more is "
                    f"recorded: put the same file back, or restart to go on with what is there"
                )

    def compact(self) -> bool:
        """Empty the write-ahead file, which holds what was overwritten; False: it was busy."""
        with self._lock, self._sentences():
            rows = list(self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
            return bool(rows) and rows[0][0] == 0

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise CorruptArtefact(
                f"{self._path} is not a sound database ({error}): stop every process that uses "
                f"it, then move it away to start an empty one, or restore it from a backup"
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


def copy_database(source: Path, target: Path) -> None:
    """A whole copy of a database as it is at one moment, while others write to it.

    One read transaction: writers go on beside it, and what they commit meanwhile is left out.
    """
    try:
        read, written = apsw.Connection(f"{source}"), apsw.Connection(f"{target}")
        try:
            read.set_busy_timeout(BUSY_TIMEOUT_MS)
            with written.backup("main", read, "main") as copying:
                copying.step(-1)
            written.execute("PRAGMA journal_mode=DELETE")  # the copy is one file
        finally:
            written.close()
            read.close()
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise CorruptArtefact(
            f"{source} is not a sound database ({error}), so it cannot be backed up: see "
            f"docs/operating.md, Remedies"
        ) from error
    except (*_FULL_DISK, apsw.BusyError) as error:
        raise StorageFailed(f"{source} could not be copied to {target}: {error}") from error
