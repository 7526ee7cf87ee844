"""Rows of a committed Arrow file and of its id table, read from where they lie in the files.

Knows columns, offsets and positions; does not know what a passage is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reread.errors import CorruptArtefact
from reread.stored_file import StoredFile

HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where one record batch lies in the file."""

    rows: int
    texts: tuple[tuple[int, int], ...]  # per string column: position of its offsets, of its data
    hashes: int  # position of the last column, HASH_BYTES a row


class RowFile:
    """String columns and one column of hashes. Safe from several threads."""

    def __init__(self, path: Path, *schemas: pa.Schema) -> None:
        """`schemas`: this version's, and those of earlier ones that are still read."""
        self._file = StoredFile(path)
        self.chunks = _find_chunks(path, schemas)

    def texts(self, chunk: Chunk, first: int, count: int) -> list[list[str]]:
        """The string columns of `count` rows from `first` of this chunk, column by column."""
        return [self._column(offsets, data, first, count) for offsets, data in chunk.texts]

    def column(self, chunk: Chunk, place: int) -> list[str]:
        """One string column of a whole chunk."""
        offsets, data = chunk.texts[place]
        return self._column(offsets, data, 0, chunk.rows)

    def filled(self, chunk: Chunk, place: int) -> Iterator[tuple[int, str]]:
        """(row of the chunk, text) of one string column where it is not empty; mostly it is."""
        offsets, data = chunk.texts[place]
        edges = [self._file.read(offsets + 4 * row, 4) for row in (0, chunk.rows)]
        if edges[0] != edges[1]:
            lengths = np.diff(np.frombuffer(self._file.read(offsets, 4 * (chunk.rows + 1)), "<i4"))
            texts = self._column(offsets, data, 0, chunk.rows)
            yield from ((int(row), texts[row]) for row in np.flatnonzero(lengths))

    def hashes(self, chunk: Chunk, first: int, count: int) -> bytes:
        return self._file.read(chunk.hashes + HASH_BYTES * first, HASH_BYTES * count)

    def _column(self, offsets: int, data: int, first: int, count: int) -> list[str]:
        ends = np.frombuffer(self._file.read(offsets + 4 * first, 4 * (count + 1)), "<i4").tolist()
        if any(low > high for low, high in zip(ends, ends[1:], strict=False)) or ends[0] < 0:
            raise CorruptArtefact.mismatch(self._file.path, "offsets", "rising numbers", ends[:3])
        blob = self._file.read(data + ends[0], ends[-1] - ends[0])
        parts = zip(ends, ends[1:], strict=False)
        try:
            return [blob[low - ends[0] : high - ends[0]].decode() for low, high in parts]
        except UnicodeDecodeError as error:
            raise CorruptArtefact.mismatch(
                self._file.path, "content", "UTF-8 text", str(error)
            ) from error


class SortedIds:
    """A table of (hash, row) sorted by hash, searched on disk."""

    def __init__(self, path: Path, kind: npt.DTypeLike) -> None:
        self._kind = np.dtype(kind)
        try:
            table = np.load(path, mmap_mode="r", allow_pickle=False)
            if table.dtype != self._kind:
                raise ValueError(f"its type is {table.dtype}")
            start = table.offset if isinstance(table, np.memmap) else 0
            self._count, self._start = len(table), int(start)
        except (OSError, ValueError, EOFError) as error:
            raise CorruptArtefact.mismatch(path, "content", "a table of ids", error) from error
        self._file = StoredFile(path)

    def rows_of(self, key: int) -> list[int]:
        """The rows with this hash; more than one where two ids share it."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._entry(middle)[0] < key else (low, middle)
        rows: list[int] = []
        while low < self._count and (entry := self._entry(low))[0] == key:
            rows.append(entry[1])
            low += 1
        return rows

    def _entry(self, place: int) -> tuple[int, int]:
        size = self._kind.itemsize
        entry: Any = np.frombuffer(self._file.read(self._start + size * place, size), self._kind)[0]
        return int(entry[0]), int(entry[1])


def _find_chunks(path: Path, schemas: Sequence[pa.Schema]) -> list[Chunk]:
    """Positions, learned from a map that is let go of before this returns."""
    try:
        with pa.memory_map(str(path), "r") as source:
            start = source.read_buffer(1).address if source.size() else 0
            reader = pa.ipc.open_file(source)
            if reader.schema not in schemas:
                wanted, found = schemas[0].names, reader.schema.names
                raise CorruptArtefact.mismatch(path, "columns", wanted, found)
            batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
            return [_chunk(batch, start) for batch in batches if batch.num_rows]
    except (pa.ArrowInvalid, OSError) as error:
        raise CorruptArtefact.mismatch(path, "content", "an Arrow file", str(error)) from error


def _chunk(batch: pa.RecordBatch, start: int) -> Chunk:
    *strings, hashes = (column.buffers() for column in batch.columns)
    return Chunk(batch.num_rows, tuple(_text_places(one, start) for one in strings),
                 hashes[1].address - start)  # fmt: skip


def _text_places(buffers: Sequence[pa.Buffer | None], start: int) -> tuple[int, int]:
    offsets, data = buffers[1], buffers[2]
    assert offsets is not None
    # A column of empty strings has no data buffer: nothing is ever read from it.
    return offsets.address - start, 0 if data is None else data.address - start
