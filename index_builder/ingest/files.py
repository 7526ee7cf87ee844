"""Paths a user gives -> the files to read, in a stable order, and what is left out and why.

Knows names, suffixes and links; opens no file. A file's source is its absolute path: the one name
that means the same file whatever folder the next ingest is given.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reread.errors import BadRequest

Skip = tuple[str, str]  # (path, reason)

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


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file some parser claims to read; `suffix` in lower case, with its dot."""

    path: Path
    suffix: str
    size: int  # bytes

    @property
    def source(self) -> str:
        return source_name(self.path)


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk found; `left` names every file of an unsupported type, `skipped` sums them up."""

    files: tuple[FoundFile, ...]
    skipped: tuple[Skip, ...]
    left: tuple[Skip, ...]


@dataclass(slots=True)
class _Search:
    """What one walk has seen: links may lead anywhere, also back."""

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


def find_files(paths: Iterable[Path]) -> Found:
    """Files in the order given, folders in the order of their names; each file once.

    Raises BadRequest when one of the paths does not exist.
    """
    files: list[FoundFile] = []
    skipped: list[Skip] = []
    left: list[Skip] = []
    seen: dict[tuple[int, int], Path] = {}
    for given in paths:
        path = Path(os.path.abspath(given))
        if not path.exists():
            raise BadRequest(f"{given} does not exist: give files or folders that do")
        search = _Search(seen=seen)
        if path.is_dir():
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
    elif suffix not in TEXT_SUFFIXES | RECORD_SUFFIXES:
        if named:
            search.skipped.append((source_name(path), f"unsupported type {_shown(suffix)}"))
        else:
            search.unsupported.append((_shown(suffix), path))
    elif _is_new(path, search):
        search.files.append(FoundFile(path, suffix, path.stat().st_size))


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
