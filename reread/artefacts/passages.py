"""The passage store: written once, memory-mapped, row number = the passage's identity.

Knows Arrow files, rows and ids; does not know documents, models or indexes. A store never
changes: each ingest writes a new one under passages/<n>.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reread.artefacts.seals import check_files, seal, seal_files, unseal
from reread.errors import BadRequest, CorruptArtefact, NoCorpus
from reread.home import Home, numbers
from reread.records import Passage

ROWS_PER_CHUNK = 32_768  # few chunks: finding a row's chunk stays a short bisection
BYTES_PER_CHUNK = 1 << 28  # Arrow's string offsets are 32 bit; long texts close a chunk early
_ROWS_FILE, _IDS_FILE, _META_FILE = "passages.arrow", "ids.npy", "meta.json"
_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("id", "title", "text", "source")]
    + [("content_hash", pa.binary(32))]
)
_ID_TYPE = np.dtype([("hash", "<u8"), ("row", "<i8")])


class PassageStore:
    """Rows of one corpus version; opening maps the file and reads next to nothing.

    Pages that were read stay resident as file cache, which the kernel takes back when it must.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.meta = unseal(folder / _META_FILE)
        self._map = pa.memory_map(str(folder / _ROWS_FILE), "r")
        self._chunks = _read_chunks(folder / _ROWS_FILE, self._map)
        self._ends = list(accumulate(chunk.num_rows for chunk in self._chunks))
        self._ids = np.load(folder / _IDS_FILE, mmap_mode="r", allow_pickle=False)
        held = self._ends[-1] if self._ends else 0
        if held != self.meta["count"]:
            raise CorruptArtefact.mismatch(
                folder / _ROWS_FILE, "row count", self.meta["count"], held
            )

    @classmethod
    def create(cls, folder: Path, passages: Iterable[Passage]) -> "PassageStore":
        """Stream passages into `folder` (a scratch directory of committed_dir) and open it."""
        writer = _Writer()
        with pa.OSFile(str(folder / _ROWS_FILE), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as w:
            for batch in writer.batches(passages):
                w.write_batch(batch)
        np.save(folder / _IDS_FILE, writer.sorted_ids(), allow_pickle=False)
        meta = {"format": 1, "count": writer.count, "fingerprint": writer.fingerprint.hexdigest()}
        (folder / _META_FILE).write_text(seal({**meta, "files": seal_files(folder)}))
        store = cls(folder)
        _refuse_repeated_ids(store)
        return store

    @classmethod
    def open(cls, folder: Path, *, check: bool = False) -> "PassageStore":
        """Map a committed store; `check` hashes every file first, before Arrow reads any."""
        if check:
            check_files(folder, unseal(folder / _META_FILE)["files"])
        return cls(folder)

    @property
    def fingerprint(self) -> str:
        """sha256 over ids, contents and sources in row order: equal stores, equal fingerprints."""
        return str(self.meta["fingerprint"])

    def __len__(self) -> int:
        return int(self.meta["count"])

    def __getitem__(self, row: int) -> Passage:
        chunk, offset = self._locate(row)
        return _passage(chunk, offset)

    def get(self, rows: Sequence[int]) -> list[Passage]:
        """In the order asked for; repeated rows are repeated."""
        return [self[row] for row in rows]

    def content_hash(self, row: int) -> str:
        chunk, offset = self._locate(row)
        return bytes(chunk.column(4)[offset].as_py()).hex()

    def content_hashes(self) -> npt.NDArray[np.uint64]:
        """(N, 4) every content hash as four numbers, for comparing whole corpora at once."""
        parts = [
            np.frombuffer(column.buffers()[1], dtype="<u8")[column.offset * 4 :][: len(column) * 4]
            for column in (chunk.column(4) for chunk in self._chunks)
        ]
        return np.concatenate(parts).reshape(-1, 4) if parts else np.empty((0, 4), np.uint64)

    def row_of(self, id: str) -> int | None:
        """The row with this id, or None."""
        key = _id_hash(id)
        keys = self._ids["hash"]
        place = int(np.searchsorted(keys, np.uint64(key)))
        while place < len(keys) and int(keys[place]) == key:
            row = int(self._ids["row"][place])
            if self._id(row) == id:
                return row
            place += 1
        return None

    def iterate(self, batch: int = 1024) -> Iterator[list[Passage]]:
        """Every passage in row order, `batch` at a time; memory stays at one batch."""
        for start in range(0, len(self), batch):
            yield self.get(range(start, min(start + batch, len(self))))

    def _id(self, row: int) -> str:
        chunk, offset = self._locate(row)
        return str(chunk.column(0)[offset].as_py())

    def _locate(self, row: int) -> tuple[pa.RecordBatch, int]:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} is outside the {len(self)} rows of {self.folder}")
        place = bisect_right(self._ends, row)
        return self._chunks[place], row - (self._ends[place - 1] if place else 0)


def content_hash(passage: Passage) -> str:
    """sha256 of title and text: equal for passages that read the same."""
    return _content_digest(passage).hex()


def newest_corpus(home: Home) -> int:
    """The number of the newest passages/<n>; raises NoCorpus when nothing was ingested."""
    known = numbers(home.passages_dir)
    if not known:
        raise NoCorpus(f"{home.root} holds no documents yet: run `reread ingest PATH` first")
    return known[-1]


def open_corpus(home: Home, number: int | None = None, *, check: bool = False) -> PassageStore:
    """The given corpus version, or the newest."""
    chosen = newest_corpus(home) if number is None else number
    return PassageStore.open(home.passages_dir / str(chosen), check=check)


class _Writer:
    """Gathers rows into Arrow batches and, on the way, ids, count and fingerprint."""

    def __init__(self) -> None:
        self.count = 0
        self.fingerprint = hashlib.sha256()
        self._id_hashes = array("Q")

    def batches(self, passages: Iterable[Passage]) -> Iterator[pa.RecordBatch]:
        rows: list[tuple[Any, ...]] = []
        size = 0
        for passage in passages:
            rows.append(self._row(passage))
            size += sum(len(value) for value in rows[-1]) * 4  # at most 4 bytes a character
            if len(rows) == ROWS_PER_CHUNK or size > BYTES_PER_CHUNK:
                yield _batch(rows)
                rows, size = [], 0
        if rows:
            yield _batch(rows)

    def sorted_ids(self) -> npt.NDArray[Any]:
        """(N,) hash of the id and its row, sorted by hash, then row."""
        table = np.empty(self.count, dtype=_ID_TYPE)
        table["hash"] = np.frombuffer(self._id_hashes, dtype="<u8") if self.count else 0
        table["row"] = np.arange(self.count)
        return table[np.argsort(table["hash"], kind="stable")]

    def _row(self, passage: Passage) -> tuple[Any, ...]:
        digest = _content_digest(passage)
        for part in (passage.id.encode(), digest, passage.source.encode()):
            self.fingerprint.update(len(part).to_bytes(8, "little") + part)
        self._id_hashes.append(_id_hash(passage.id))
        self.count += 1
        return passage.id, passage.title, passage.text, passage.source, digest


def _batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = [
        pa.array(values, type=field.type)
        for values, field in zip(zip(*rows, strict=True), _SCHEMA, strict=True)
    ]
    return pa.record_batch(columns, schema=_SCHEMA)


def _read_chunks(path: Path, source: pa.MemoryMappedFile) -> list[pa.RecordBatch]:
    try:
        reader = pa.ipc.open_file(source)
        if reader.schema != _SCHEMA:
            raise CorruptArtefact.mismatch(path, "columns", _SCHEMA.names, reader.schema.names)
        return [reader.get_batch(number) for number in range(reader.num_record_batches)]
    except (pa.ArrowInvalid, OSError) as error:
        raise CorruptArtefact.mismatch(path, "content", "an Arrow file", str(error)) from error


def _refuse_repeated_ids(store: PassageStore) -> None:
    keys = store._ids["hash"]
    for place in np.flatnonzero(keys[1:] == keys[:-1]).tolist():
        first, second = (int(store._ids["row"][at]) for at in (place, place + 1))
        if store._id(first) == store._id(second):
            raise BadRequest(
                f"Passage id {store._id(first)!r} is used by rows {first} and {second}: "
                f"give every passage its own id"
            )


def _passage(chunk: pa.RecordBatch, offset: int) -> Passage:
    values = [chunk.column(column)[offset].as_py() for column in range(4)]
    return Passage(*values)


def _content_digest(passage: Passage) -> bytes:
    title = passage.title.encode()
    return hashlib.sha256(len(title).to_bytes(8, "little") + title + passage.text.encode()).digest()


def _id_hash(id: str) -> int:
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest(), "little")
