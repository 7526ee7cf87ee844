"""A committed file that is read in pieces while it is in service, and may be damaged meanwhile.

A map of a file that somebody truncates ends the process by SIGBUS; a short read is an error that
can be told. Knows positions and bytes only.
"""

import os
from pathlib import Path

from reread.errors import CorruptArtefact


class StoredFile:
    """One open file; it stays readable when another is renamed over it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb", buffering=0)

    def read(self, position: int, count: int) -> bytes:
        """Exactly `count` bytes; raises CorruptArtefact where the file no longer has them."""
        if count == 0:
            return b""  # an empty column's position is nowhere
        try:
            found = os.pread(self._file.fileno(), count, position)
        except OSError as error:
            raise CorruptArtefact.mismatch(
                self.path, f"bytes at {position}", f"{count} readable bytes", error.strerror
            ) from error
        if len(found) != count:
            raise CorruptArtefact.mismatch(
                self.path, f"bytes at {position}", f"{count} bytes", len(found)
            )
        return found
