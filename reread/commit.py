"""Complete or absent: the one way anything crosses from a writer to a reader on disk.

Knows files, fsync and rename; does not know what the files mean.
"""

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from reread.errors import Conflict, RereadError, StorageFailed
from reread.home import SCRATCH

Reach = Callable[[str], None]

_STORAGE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG}


def never(point: str) -> None:
    """The Reach of ordinary runs: no point is a failpoint."""


def crash_at(environment: Mapping[str, str]) -> Reach:
    """A Reach that kills this process at the point REREAD_FAILPOINT names (tests set it)."""
    wanted = environment.get("REREAD_FAILPOINT", "")

    def reach(point: str) -> None:
        if point == wanted:
            os._exit(137)

    return reach


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turn a full, read-only or failing disk into StorageFailed; other errors pass."""
    try:
        yield
    except RereadError:
        raise
    except Exception as error:
        reason = _storage_reason(error)
        if reason is None:
            raise
        raise StorageFailed(
            f"{what} could not be written ({reason}): free some space "
            f"or make the disk writable, then run it again; nothing half-written was kept"
        ) from error


def check_writable(folder: Path) -> None:
    """StorageFailed where nothing can be written in it: said once, before anything is begun."""
    with storage_errors(str(folder)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except PermissionError as error:
            raise StorageFailed(
                f"{folder} may not be written by this user ({os.geteuid()}): give it the right, "
                f"or use another home"
            ) from error


@contextmanager
def committed_dir(final: Path, *, before_rename: Reach = never) -> Iterator[Path]:
    """Yield a scratch directory that becomes `final` on success and vanishes on any error.

    Every file is fsynced before the rename and the parent after it. A failed fsync discards
    the scratch directory: the kernel may have dropped the pages, so retrying would lie.
    """
    if final.exists():
        raise _taken(final)
    scratch, lock = _claim_scratch(final)
    try:
        with storage_errors(str(final)):
            yield scratch
            fsync_tree(scratch)
            before_rename("K6")
            _rename(scratch, final)
            fsync_dir(final.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        os.close(lock)


def sweep_scratch(parent: Path) -> None:
    """Remove what killed writers left; a living writer holds its directory's lock."""
    if not parent.is_dir():
        return
    for leftover in [one for one in parent.iterdir() if SCRATCH.match(one.name)]:
        with contextlib.suppress(OSError):  # taken, or already gone: not ours to remove
            lock = os.open(leftover, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(leftover, ignore_errors=True)
            finally:
                os.close(lock)


def remove_dir(committed: Path) -> None:
    """Remove a committed directory so that nobody sees half of it under its name."""
    grave = committed.with_name(f".{committed.name}.{secrets.token_hex(4)}")
    with contextlib.suppress(FileNotFoundError):
        os.rename(committed, grave)
    shutil.rmtree(grave, ignore_errors=True)


@contextmanager
def replaced_file(path: Path, *, before_replace: Reach = never) -> Iterator[TextIO]:
    """Yield a UTF-8 stream whose text becomes `path` on success and vanishes on any error.

    Line ends are written as given. A reader sees the old file or the new, never neither.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with storage_errors(str(path)):
            with scratch.open("w", encoding="utf-8", newline="") as stream:
                yield stream
            fsync_file(scratch)
            before_replace("K8")
            os.replace(scratch, path)
            fsync_dir(path.parent)
    finally:
        scratch.unlink(missing_ok=True)


def replace_text(path: Path, text: str, *, before_replace: Reach = never) -> None:
    """Replace a small file durably, all of it or nothing."""
    with replaced_file(path, before_replace=before_replace) as stream:
        stream.write(text)


@contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Hold an advisory lock between processes; the kernel releases it if the holder dies."""
    with storage_errors(str(lock_file)), lock_file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def fsync_tree(folder: Path) -> None:
    """Flush every file below `folder`, then every directory, then `folder` itself."""
    for root, _, names in os.walk(folder, topdown=False):
        for name in sorted(names):
            fsync_file(Path(root) / name)
        fsync_dir(Path(root))


def fsync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_dir(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _storage_reason(error: Exception) -> str | None:
    """FAISS, Arrow and safetensors put the system's words in errors without an errno."""
    for code in _STORAGE:
        words = os.strerror(code)
        if getattr(error, "errno", None) == code or words in str(error):
            return words
    return None


def _claim_scratch(final: Path) -> tuple[Path, int]:
    final.parent.mkdir(parents=True, exist_ok=True)
    while True:
        scratch = final.with_name(f".{final.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with storage_errors(str(final)):
            scratch.mkdir()
        # A sweep may come between mkdir and flock: then the path is gone, try again.
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if scratch.exists():
                return scratch, lock
            os.close(lock)


def _rename(scratch: Path, final: Path) -> None:
    try:
        os.rename(scratch, final)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise _taken(final) from error
        raise


def _taken(final: Path) -> Conflict:
    return Conflict(
        f"{final} is already committed and numbers are never reused: "
        f"another process finished first; run it again"
    )
