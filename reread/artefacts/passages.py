"""The passage store: written once, read row by row, row number = the passage's identity.

Knows rows, ids and contents; does not know documents, models or indexes. A store never changes:
each ingest writes a new one under passages/<n>. A text that no longer fits its hash is refused.
Stores of earlier versions have no column of access labels: none of their passages has any.
"""

import hashlib
import math
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reread.artefacts.guards import Guards
from reread.artefacts.row_file import HASH_BYTES, Chunk, RowFile, SortedIds
from reread.artefacts.seals import check_files, seal, seal_files, unseal
from reread.errors import BadRequest, CorruptArtefact, NoCorpus
from reread.home import Home, numbers
from reread.records import CutFor, Passage
from reread.stored_file import StoredFile

ROWS_PER_CHUNK = 32_768  # few chunks: finding a row's chunk stays a short bisection
BYTES_PER_CHUNK = 1 << 28  # Arrow's string offsets are 32 bit; long texts close a chunk early
_ROWS_FILE, _IDS_FILE, _META_FILE = "passages.arrow", "ids.npy", "meta.json"
_TIMES_FILE = "times.f8"  # a little-endian float64 per row; older corpora have none
_HASH = ("content_hash", pa.binary(32))
_TEXTS = [(name, pa.string()) for name in ("id", "title", "text", "source")]
_BEFORE_LABELS = pa.schema([*_TEXTS, _HASH])
_SCHEMA = pa.schema([*_TEXTS, ("labels", pa.string()), _HASH])  # names with a space between
_ID, _SOURCE, _LABELS = 0, 3, 4  # the columns' places
_ID_TYPE = np.dtype([("hash", "<u8"), ("row", "<i8")])


class PassageStore:
    """Rows of one corpus version; opening reads next to nothing, and so does a row."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.meta = unseal(folder / _META_FILE)
        self._rows = RowFile(folder / _ROWS_FILE, _SCHEMA, _BEFORE_LABELS)
        self._ends = list(accumulate(chunk.rows for chunk in self._rows.chunks))
        self._ids = SortedIds(folder / _IDS_FILE, _ID_TYPE)
        times = folder / _TIMES_FILE
        self._times = StoredFile(times) if times.exists() else None
        held = self._ends[-1] if self._ends else 0
        if held != self.meta["count"]:
            raise CorruptArtefact.mismatch(
                folder / _ROWS_FILE, "row count", self.meta["count"], held
            )
        self.guards = Guards.of(held, self._labelled())

    @classmethod
    def create(
        cls,
        folder: Path,
        passages: Iterable[Passage],
        *,
        changes: int = 0,
        cut_for: Sequence[CutFor] = (),
        times: Sequence[float] = (),
    ) -> "PassageStore":
        """Stream passages into `folder` (a scratch directory of committed_dir) and open it.

        `times`: when each came in, in seconds, NaN where nobody knows; read after the passages.
        """
        writer = _Writer()
        with pa.OSFile(str(folder / _ROWS_FILE), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as w:
            for batch in writer.batches(passages):
                w.write_batch(batch)
        np.save(folder / _IDS_FILE, writer.sorted_ids(), allow_pickle=False)
        if len(times) == writer.count:
            (folder / _TIMES_FILE).write_bytes(np.asarray(times, dtype="<f8").tobytes())
        meta: dict[str, Any] = {
            "format": 1,
            "count": writer.count,
            "fingerprint": writer.fingerprint.hexdigest(),
        }
        meta |= {"changes": changes, "cut_for": [asdict(one) for one in cut_for]}
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
        """sha256 over ids, contents, sources and labels in row order: one for equal stores."""
        return str(self.meta["fingerprint"])

    @property
    def changes(self) -> int:
        """The change list's sequence this corpus has taken in; later changes are not in it."""
        return int(self.meta.get("changes", 0))

    @property
    def cut_for(self) -> tuple[CutFor, ...]:
        """Readers that the passages were cut for, oldest first; none: nobody wrote it down."""
        return tuple(CutFor(**one) for one in self.meta.get("cut_for", ()))

    def __len__(self) -> int:
        return int(self.meta["count"])

    def __getitem__(self, row: int) -> Passage:
        chunk, offset = self._locate(row)
        return self._read(chunk, offset, 1)[0]

    def get(self, rows: Sequence[int]) -> list[Passage]:
        """In the order asked for; repeated rows are repeated."""
        return [self[row] for row in rows]

    def content_hash(self, row: int) -> str:
        chunk, offset = self._locate(row)
        return self._rows.hashes(chunk, offset, 1).hex()

    def ingested_s(self, row: int) -> float | None:
        """When the row's document came in as it is; None where that was not written down."""
        if self._times is None:
            return None
        (found,) = struct.unpack("<d", self._times.read(8 * row, 8))
        return None if math.isnan(found) else float(found)

    def content_hashes(self) -> npt.NDArray[np.uint64]:
        """(N, 4) every content hash as four numbers, for comparing whole corpora at once."""
        parts = [
            np.frombuffer(self._rows.hashes(chunk, 0, chunk.rows), dtype="<u8")
            for chunk in self._rows.chunks
        ]
        return np.concatenate(parts).reshape(-1, 4) if parts else np.empty((0, 4), np.uint64)

    def row_of(self, id: str) -> int | None:
        """The row with this id, or None."""
        return next((row for row in self._ids.rows_of(_id_hash(id)) if self._id(row) == id), None)

    def ids(self) -> Iterator[str]:
        """Every passage's id in row order; reads that column alone."""
        return self._texts(_ID)

    def sources(self) -> Iterator[str]:
        """Every passage's source in row order; reads that column alone."""
        return self._texts(_SOURCE)

    def is_open(self, id: str) -> bool:
        """Whether everybody may see the passage of this id; also where there is none."""
        row = self.row_of(id) if self.guards.labels_of else None
        return row is None or not self.guards.of_row(row)

    def open_passages(self) -> Iterator[Passage]:
        """What everybody may see, in row order: for whatever leaves the home or is trained."""
        rows = (one for batch in self.iterate() for one in batch)
        return (one for row, one in enumerate(rows) if not self.guards.of_row(row))

    def iterate(self, batch: int = 1024) -> Iterator[list[Passage]]:
        """Every passage in row order, `batch` at a time; memory stays at one batch."""
        for start in range(0, len(self), batch):
            yield self._range(start, min(start + batch, len(self)))

    def _range(self, start: int, end: int) -> list[Passage]:
        found: list[Passage] = []
        while start < end:
            chunk, offset = self._locate(start)
            count = min(end - start, chunk.rows - offset)
            found += self._read(chunk, offset, count)
            start += count
        return found

    def _read(self, chunk: Chunk, first: int, count: int) -> list[Passage]:
        passages = [_passage(*row) for row in zip(*self._rows.texts(chunk, first, count))]  # noqa: B905
        hashes = self._rows.hashes(chunk, first, count)
        for place, passage in enumerate(passages):
            expected = hashes[HASH_BYTES * place :][:HASH_BYTES]
            found = _content_digest(passage)
            if found != expected:
                file = self.folder / _ROWS_FILE
                what = f"in row {first + place} a text with hash"
                raise CorruptArtefact.mismatch(file, what, expected.hex(), found.hex())
        return passages

    def _texts(self, place: int) -> Iterator[str]:
        return (one for chunk in self._rows.chunks for one in self._rows.column(chunk, place))

    def _labelled(self) -> Iterator[tuple[int, Sequence[str]]]:
        start = 0
        for chunk in self._rows.chunks:
            if len(chunk.texts) > _LABELS:
                filled = self._rows.filled(chunk, _LABELS)
                yield from ((start + at, one.split()) for at, one in filled)
            start += chunk.rows

    def _id(self, row: int) -> str:
        chunk, offset = self._locate(row)
        return self._rows.texts(chunk, offset, 1)[0][0]

    def _locate(self, row: int) -> tuple[Chunk, int]:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} is outside the {len(self)} rows of {self.folder}")
        place = bisect_right(self._ends, row)
        return self._rows.chunks[place], row - (self._ends[place - 1] if place else 0)


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
        labels = " ".join(passage.labels)
        if labels:  # a corpus without any has the fingerprint it always had
            self.fingerprint.update(b"labels" + labels.encode())
        self._id_hashes.append(_id_hash(passage.id))
        self.count += 1
        return passage.id, passage.title, passage.text, passage.source, labels, digest


def _passage(id: str, title: str, text: str, source: str, labels: str = "") -> Passage:
    return Passage(id, title, text, source, tuple(labels.split()))


def _batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = [
        pa.array(values, type=field.type)
        for values, field in zip(zip(*rows, strict=True), _SCHEMA, strict=True)
    ]
    return pa.record_batch(columns, schema=_SCHEMA)


def _refuse_repeated_ids(store: PassageStore) -> None:
    table = np.load(store.folder / _IDS_FILE, allow_pickle=False)
    keys = table["hash"]
    for place in np.flatnonzero(keys[1:] == keys[:-1]).tolist():
        first, second = (int(table["row"][at]) for at in (place, place + 1))
        if store._id(first) == store._id(second):
            raise BadRequest(
                f"Passage id {store._id(first)!r} is used by rows {first} and {second}: "
                f"give every passage its own id"
            )


def _content_digest(passage: Passage) -> bytes:
    title = passage.title.encode()
    return hashlib.sha256(len(title).to_bytes(8, "little") + title + passage.text.encode()).digest()


def _id_hash(id: str) -> int:
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest(), "little")
