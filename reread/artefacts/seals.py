"""Sealed JSON: a text that carries its own hash, and the hashes of the files beside it.

Knows sha256 and sizes; does not know what the sealed fields mean. A torn, truncated or flipped
byte anywhere is refused before anything is parsed further.
"""

import errno
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reread.errors import CorruptArtefact

# What parsing and spelling hostile text can raise: `5e450` is infinite, nesting ends the stack,
# an integer may have too many digits to be written again, half a character has no bytes.
_UNREADABLE = (ValueError, AttributeError, TypeError, RecursionError, OverflowError, MemoryError)
_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN}

FileSeals = dict[str, dict[str, Any]]  # relative path -> {"sha256": hex, "size": bytes}


def seal(body: Mapping[str, Any]) -> str:
    """Canonical JSON of `body` with a `seal` field that is the sha256 of the rest."""
    return _canonical({**body, "seal": _digest(body)}) + "\n"


def unseal(path: Path) -> dict[str, Any]:
    """The body of a sealed file; raises CorruptArtefact naming what was found, nothing else.

    Whatever the bytes are, only CorruptArtefact comes out: callers fall back on it.
    """
    with readable(path):
        content = path.read_bytes()
    try:
        body = json.loads(content)
        found = body.pop("seal", "no seal")
        expected, spelled = _digest(body), seal(body).encode()
    except _UNREADABLE as error:
        raise CorruptArtefact.mismatch(path, "content", "sealed JSON", "unreadable text") from error
    if found != expected:
        raise CorruptArtefact.mismatch(path, "sha256", str(found)[:64], expected)
    if content != spelled:
        # Whitespace and escapes can differ without changing the parsed value.
        raise CorruptArtefact.mismatch(path, "content", "canonical JSON", "another spelling")
    return dict(body)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """A file that is gone or cannot be read is damage; running out of handles or memory is not."""
    try:
        yield
    except FileNotFoundError as error:
        raise CorruptArtefact(
            f"{path} is missing: the directory is not a complete artefact; "
            f"run `reread build` to make a new one"
        ) from error
    except OSError as error:
        if error.errno in _PASSING:
            raise
        raise CorruptArtefact.mismatch(
            path, "content", "a readable file", error.strerror or error
        ) from error


def seal_files(folder: Path) -> FileSeals:
    """Hash and size of every file below `folder`, by relative path, sorted."""
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    return {
        one.relative_to(folder).as_posix(): {
            "sha256": file_sha256(one),
            "size": one.stat().st_size,
        }
        for one in files
    }


def check_files(folder: Path, sealed: FileSeals) -> None:
    """Raise CorruptArtefact for the first file whose size or hash is not what was sealed."""
    for name, expected in sealed.items():
        path = folder / name
        with readable(path):
            if not path.is_file():
                raise CorruptArtefact.mismatch(path, "size", expected["size"], "no file")
            size = path.stat().st_size
            if size != expected["size"]:
                raise CorruptArtefact.mismatch(path, "size", expected["size"], size)
            digest = file_sha256(path)
        if digest != expected["sha256"]:
            raise CorruptArtefact.mismatch(path, "sha256", expected["sha256"], digest)


def file_sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _canonical(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(body).encode()).hexdigest()
