"""Files that somebody sends while the service answers: read one at a time, then documents.

Knows names and bytes; does not know formats, or how a text is cut into passages.
"""

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reread.errors import BadRequest
from service.answering.documents import Cut, HomeDocuments, Put

MAX_NAME_BYTES = 200  # file systems take 255


class ReadsFile(Protocol):
    """(documents by their ids, what could not be read); BadRequest where nothing can be."""

    def __call__(self, path: Path) -> tuple[Sequence[tuple[str, Cut]], Sequence[str]]: ...


@dataclass(frozen=True, slots=True)
class FilePut:
    """What became of one file."""

    documents: tuple[Put, ...]
    notes: tuple[str, ...]  # what of it could not be read, though the rest was


class SentFiles:
    """Blocks on the disk and on parsers: call it on a thread."""

    def __init__(self, documents: HomeDocuments, read: ReadsFile) -> None:
        self._documents, self._read = documents, read
        self._reading = threading.Lock()  # a parser may take the memory of one large file

    def put(self, name: str, data: bytes, labels: tuple[str, ...] | None = None) -> FilePut:
        """All of the file's documents or none; durable, and found by the next search, on return."""
        check_file_name(name)
        if not data:
            raise BadRequest(f"{name}: empty file.")
        with self._reading, tempfile.TemporaryDirectory(prefix="reread-file-") as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            cuts, notes = self._read(path)
            return FilePut(tuple(self._documents.put_cut(cuts, labels)), tuple(notes))


def check_file_name(name: str) -> None:
    """A plain name: it becomes an id, and a file beside no others."""
    size = len(name.encode("utf-8", "replace"))
    if size > MAX_NAME_BYTES:
        raise BadRequest(f"The file's name has {size} bytes and {MAX_NAME_BYTES} are allowed.")
    plain = name.isprintable() and name == name.strip() and not set(name) & set("/\\")
    if not plain or name in ("", ".", ".."):
        raise BadRequest(f"{name[:64]!r} is no plain file name: send it without its folder.")
