"""Named keys of a home: their hashes in one file, read again whenever it was changed.

The keys themselves are shown once, when they are made, and kept nowhere: they are random enough
(192 bits) that a plain hash tells nothing about them. Knows neither requests nor routes.
"""

import json
import logging
import os
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from reread.commit import exclusive, fsync_dir, storage_errors
from reread.errors import BadRequest, Conflict, NotFound, RereadError
from reread.rights import read_labels, wanted_labels

logger = logging.getLogger(__name__)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
RIGHTS = ("query", "admin")


class KeysUnreadable(RereadError):
    title = "The keys cannot be read"


@dataclass(frozen=True, slots=True)
class StoredKey:
    name: str
    right: str  # one of RIGHTS
    sha256: str = field(repr=False)
    created_s: float
    labels: tuple[str, ...] = ()  # what it may see beyond what everybody may


class KeyFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None  # of the file that `_keys` came from
        self._keys: tuple[StoredKey, ...] = ()
        self.trouble: str | None = None

    def present(self) -> Sequence[StoredKey]:
        """The present keys; while the file cannot be read, those read last, with `trouble` set."""
        stamp = _stamp(self._path)
        if stamp != self._seen:
            try:
                self._keys, self.trouble = _read(self._path), None
            except KeysUnreadable as error:
                self.trouble = str(error)
                logger.error("%s", error)
            self._seen = stamp
        return self._keys

    def add(self, name: str, right: str, created_s: float, labels: Iterable[str] = ()) -> str:
        """A new key, which is returned this once; raises Conflict where the name is taken."""
        may_see = wanted_labels(labels)
        if not NAME.fullmatch(name) or right not in RIGHTS:
            raise BadRequest(
                f"{name[:80]!r} cannot name a key; use 1 to 64 letters, digits and . _ @ - in it."
            )
        key = secrets.token_urlsafe(24)
        new = StoredKey(name, right, hash_of(key), created_s, may_see)

        def with_new(present: tuple[StoredKey, ...]) -> tuple[StoredKey, ...]:
            if any(one.name == name for one in present):
                raise Conflict(
                    f"There is a key {name} already; remove it first, or give the new one another "
                    "name and remove the old one when nobody uses it any more."
                )
            return (*present, new)

        self._change(with_new)
        return key

    def remove(self, name: str) -> None:
        """It is refused from the next request on; raises NotFound where there is none."""

        def without(present: tuple[StoredKey, ...]) -> tuple[StoredKey, ...]:
            _require(name, present)
            return tuple(one for one in present if one.name != name)

        self._change(without)

    def relabel(self, name: str, labels: Iterable[str]) -> None:
        """What a key may see from the next request on; raises NotFound where there is none."""
        may_see = wanted_labels(labels)

        def relabelled(present: tuple[StoredKey, ...]) -> tuple[StoredKey, ...]:
            _require(name, present)
            return tuple(replace(k, labels=may_see) if k.name == name else k for k in present)

        self._change(relabelled)

    def _change(self, change: Callable[[tuple[StoredKey, ...]], tuple[StoredKey, ...]]) -> None:
        with exclusive(self._path.with_suffix(".lock")):
            _write(self._path, change(_read(self._path)))


def _require(name: str, present: Sequence[StoredKey]) -> None:
    if all(one.name != name for one in present):
        known = ", ".join(one.name for one in present) or "none"
        raise NotFound(f"There is no key {name[:80]!r}; this home has: {known}.")


def hash_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read(path: Path) -> tuple[StoredKey, ...]:
    try:
        body = json.loads(path.read_bytes())
        keys = tuple(
            StoredKey(
                str(one["name"]),
                str(one["right"]),
                str(one["sha256"]),
                float(one["created_s"]),
                read_labels(one.get("labels", [])),
            )  # fmt: skip
            for one in body["keys"]
        )
        if not all(one.right in RIGHTS and len(one.sha256) == 64 for one in keys):
            raise ValueError("a key has no right or no hash")
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise KeysUnreadable(
            f"{path} cannot be read ({error}): restore it, or remove it and make new keys with "
            "`reread keys add NAME`."
        ) from error
    return keys


def _write(path: Path, keys: Sequence[StoredKey]) -> None:
    """Complete or not at all, and for its owner's eyes only."""
    body = [
        {"name": k.name, "right": k.right, "sha256": k.sha256, "created_s": k.created_s,
         "labels": list(k.labels)}
        for k in keys
    ]  # fmt: skip
    scratch = path.with_suffix(".new")
    with storage_errors(str(path)):
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"keys": body}, stream, indent=1)
            stream.flush()
            os.fsync(handle)
        scratch.replace(path)
        fsync_dir(path.parent)
