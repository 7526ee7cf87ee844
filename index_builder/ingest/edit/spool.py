"""Documents on their way into a corpus: on disk, for they may be more than memory holds.

Knows documents; knows no corpus.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from index_builder.ingest.documents import Document
from reread.records import Passage


class Spool:
    """Appended to, then read from its beginning; gone when it is closed."""

    def __init__(self, folder: Path, most_kept: int) -> None:
        """`most_kept`: up to so many passages their documents stay in memory, too."""
        self._file: IO[str] = tempfile.TemporaryFile("w+", dir=folder)  # noqa: SIM115
        self._most_kept = most_kept
        self.passages = 0
        self.documents: list[Document] = []  # while they are few

    def put(self, document: Document) -> None:
        for one in document.passages:
            fields = [one.id, one.title, one.text, one.source, one.labels, document.when_s]
            self._file.write(json.dumps(fields) + "\n")
        self.passages += len(document.passages)
        if self.passages <= self._most_kept:
            self.documents.append(document)

    def read(self) -> Iterator[tuple[Passage, float | None]]:
        """Every passage, with when its document came in; None: now."""
        self._file.seek(0)
        for line in self._file:
            id, title, text, source, labels, when_s = json.loads(line)
            yield Passage(id, title, text, source, tuple(labels)), when_s

    def close(self) -> None:
        self._file.close()
