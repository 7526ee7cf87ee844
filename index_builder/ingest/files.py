"""Paths a user gives -> the files to read, in a stable order, and what is left out and why.

Knows names, suffixes and links; reads no file. A file's source is its absolute path: the one name
that means the same file whatever folder the next ingest is given. A link is followed where it stays
in the folder that was given: whoever may write there must not have other files read.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import IO, Any

from reread.errors import BadRequest

Skip = tuple[str, str]  # (path, reason)
LEADS_OUT = "a link out of the folder; give what it leads to by its own name"

TEXT_SUFFIXES = frozenset(
    [
        ".md",
        ".markdown",
        ".rst",
        ".rest",
        ".txt",
        ".text",
        ".html",
        ".htm",
        ".xhtml",
        ".pdf",
        ".docx",
    ]
)
RECORD_SUFFIXES = frozenset([".jsonl", ".ndjson", ".json", ".tsv"])
STORAGE = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])  # ours, not the file's


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file some parser claims to read; `suffix` in lower case, with its dot."""

    path: Path
    suffix: str
    size: int  # bytes
    identity: tuple[int, int] | None = None  # (device, inode) that was looked at
    roots: tuple[Path, ...] = ()  # where it must lie, links resolved; (): anywhere

    @property
    def source(self) -> str:
        return source_name(self.path)

    def open(self, mode: str = "r", **how: Any) -> IO[Any]:
        """As Path.open; OSError where the path now leads to another file, or out of the folder."""
        # Without waiting: a pipe in the file's place would hang.
        handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            found = os.fstat(handle)
            same = self.identity in (None, (found.st_dev, found.st_ino))
            if not (same and S_ISREG(found.st_mode)):  # a number is given again: a pipe may have it
                raise OSError(errno.ESTALE, "it was replaced meanwhile; run it again", self.source)
            real = _path_of(handle)
            if self.roots and real is not None and not _lies_in(real, self.roots):
                raise OSError(errno.EXDEV, LEADS_OUT, self.source)
            return open(handle, mode, **how)
        except BaseException:
            os.close(handle)
            raise

    def stat(self) -> os.stat_result:
        return os.stat(self.path)

    def read_bytes(self) -> bytes:
        with self.open("rb") as file:
            data: bytes = file.read()
            return data


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk found; `left` names every file of an unsupported type, `skipped` sums them up."""

    files: tuple[FoundFile, ...]
    skipped: tuple[Skip, ...]
    left: tuple[Skip, ...]


@dataclass(slots=True)
class _Search:
    """What one walk has seen: links may lead anywhere, also back."""

    roots: tuple[Path, ...] = ()  # what may be read lies in one of these, without links; (): any
    files: list[FoundFile] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    seen: dict[tuple[int, int], Path] = field(default_factory=dict)  # (device, inode)
    unsupported: list[tuple[str, Path]] = field(default_factory=list)
    hidden: int = 0


def source_name(path: Path) -> str:
    """A path as text that can be stored: bytes of a name that are not UTF-8 are escaped.

    >>> source_name(Path(os.fsdecode(b"/docs/caf\\xe9.md")))
    '/docs/caf\\\\xe9.md'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def find_files(paths: Iterable[Path], within: Iterable[Path] = ()) -> Found:
    """Files in the order given, folders in the order of their names; each file once.

    A file that is given is read wherever it is, unless it must lie `within` folders or be one of
    these files, given without links; of a folder, what really lies in it. Raises BadRequest when
    one of the paths does not exist.
    """
    kept = tuple(within)
    files: list[FoundFile] = []
    skipped: list[Skip] = []
    left: list[Skip] = []
    seen: dict[tuple[int, int], Path] = {}
    for given in paths:
        path = Path(os.path.abspath(given))
        if not path.exists():
            raise BadRequest(f"{given} does not exist: give files or folders that do")
        search = _Search(kept, seen=seen)
        if path.is_dir():
            search.roots = kept or (Path(os.path.realpath(path)),)
            _walk(path, search)
        else:
            _take(path, search, named=True)
        files += search.files
        skipped += search.skipped + list(_summary(path, search))
        left += [(source_name(one), f"unsupported type {kind}") for kind, one in search.unsupported]
    return Found(tuple(files), tuple(skipped), tuple(left))


def _walk(folder: Path, search: _Search) -> None:
    if not _is_new(folder, search):
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        search.skipped.append((source_name(folder), f"folder cannot be read ({error.strerror})"))
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            search.hidden += 1
        elif entry.is_symlink() and path.exists() and not _is_inside(path, search):
            search.skipped.append((source_name(path), LEADS_OUT))
        elif path.is_dir():
            _walk(path, search)
        else:
            _take(path, search)


def _take(path: Path, search: _Search, *, named: bool = False) -> None:
    suffix = path.suffix.lower()
    if not path.is_file():
        search.skipped.append(
            (source_name(path), "neither a file nor a folder, or a link to nothing")
        )
    elif not _is_inside(path, search):
        search.skipped.append((source_name(path), LEADS_OUT))
    elif suffix not in TEXT_SUFFIXES | RECORD_SUFFIXES:
        if named:
            search.skipped.append((source_name(path), f"unsupported type {_shown(suffix)}"))
        else:
            search.unsupported.append((_shown(suffix), path))
    elif _is_new(path, search):
        status = path.stat()
        identity = status.st_dev, status.st_ino
        search.files.append(FoundFile(path, suffix, status.st_size, identity, search.roots))


def _is_inside(path: Path, search: _Search) -> bool:
    """Whether what the path leads to lies in a folder that may be read; every link is resolved."""
    return not search.roots or _lies_in(Path(os.path.realpath(path)), search.roots)


def _lies_in(real: Path, roots: Iterable[Path]) -> bool:
    return any(real.is_relative_to(root) for root in roots)


def _path_of(handle: int) -> Path | None:
    """Where an open file lies, links resolved; None where the system does not say (Linux does)."""
    try:
        return Path(os.readlink(f"/proc/self/fd/{handle}"))
    except OSError:
        return None


def _shown(suffix: str) -> str:
    return source_name(Path(suffix)) if suffix else "(no suffix)"


def _is_new(path: Path, search: _Search) -> bool:
    status = path.stat()
    first = search.seen.setdefault((status.st_dev, status.st_ino), path)
    if first is path:
        return True
    if first != path:
        search.skipped.append(
            (source_name(path), f"the same as {source_name(first)}, through a link")
        )
    return False


def _summary(root: Path, search: _Search) -> Iterator[Skip]:
    for suffix, count in sorted(Counter(kind for kind, _ in search.unsupported).items()):
        yield source_name(root), f"unsupported type {suffix} ({_count(count, 'file')})"
    if search.hidden:
        yield source_name(root), f"hidden ({_count(search.hidden, 'entry', 'entries')})"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
