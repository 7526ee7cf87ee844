"""Every passage's token vectors on disk, a byte per value, and a question's scores of some rows.

Knows codes, scales and rows; knows no encoder, no text and no generation. What a question reads is
the tokens of the rows asked for, with pread: a map of a file that is cut short ends the process.
Check the files' hashes before opening.
"""

from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from reread.errors import CorruptArtefact
from reread.records import Hit
from reread.retriever.interaction import TextVectors, best_matches
from reread.stored_file import StoredFile

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
CODES_FILE, LAYOUT_FILE = "codes.i8", "layout.safetensors"
LEVELS = 127.0
ROWS_AT_ONCE = 512  # compared together: 30 MB of a small encoder's tokens


class ReadsBytes(Protocol):
    """A file's bytes, or bytes in memory where the tokens are few."""

    def read(self, position: int, count: int) -> bytes: ...


class TokenIndex:
    """The tokens of N passages; token s is codes[s] * scales[s]. Safe from several threads."""

    def __init__(self, codes: ReadsBytes, width: int, scales: Floats, starts: Rows) -> None:
        self._codes, self._width, self._scales, self._starts = codes, width, scales, starts

    @classmethod
    def load(cls, folder: Path) -> "TokenIndex":
        """Raises CorruptArtefact where the parts do not belong together."""
        layout = safetensors.numpy.load_file(folder / LAYOUT_FILE)
        starts, scales, width = layout["starts"], layout["scales"], int(layout["width"][0])
        path = folder / CODES_FILE
        expected, found = int(starts[-1]) * width, path.stat().st_size
        if found != expected or len(scales) != int(starts[-1]):
            raise CorruptArtefact.mismatch(path, "bytes", expected, found)
        return cls(StoredFile(path), width, scales, starts)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def dimension(self) -> int:
        return self._width

    def score(self, question: Floats, rows: Rows, *, rows_at_once: int = ROWS_AT_ONCE) -> Floats:
        """(T, D), (R,) -> (R,): how well each of these rows matches; R may be any number."""
        scores = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), rows_at_once):
            part = rows[start : start + rows_at_once]
            places, starts = self._places(part)
            codes, scales = self._codes_of(part), self._scales[places]  # (S, D), (S,)
            scores[start : start + len(part)] = best_matches(question, codes, starts, scales)
        return scores

    def best(self, question: Floats, rows: Rows, top_k: int) -> list[Hit]:
        """The `top_k` best of these rows, ties by row."""
        scores = self.score(question, rows)
        order = np.lexsort((rows, -scores))[:top_k]
        return [Hit(int(rows[place]), float(scores[place])) for place in order]

    def tokens_of(self, row: int) -> Floats:
        """(T, D) what was kept of one row."""
        codes, scales = self.coded(row)
        tokens: Floats = codes.astype(np.float32) * scales[:, None]
        return tokens

    def coded(self, row: int) -> tuple[npt.NDArray[np.int8], Floats]:
        """One row's codes and scales, as another index may take them over."""
        part = slice(int(self._starts[row]), int(self._starts[row + 1]))
        return self._codes_of(np.array([row])), self._scales[part]

    def _codes_of(self, rows: Rows) -> npt.NDArray[np.int8]:
        """(S, D) the codes of these rows, one after the other."""
        bounds = zip(self._starts[rows].tolist(), self._starts[rows + 1].tolist(), strict=True)
        width = self._width
        parts = [self._codes.read(low * width, (high - low) * width) for low, high in bounds]
        return np.frombuffer(bytearray(b"".join(parts)), dtype=np.int8).reshape(-1, width)

    def _places(self, rows: Rows) -> tuple[Rows, Rows]:
        """Which tokens the rows have, and where each row's begin among them."""
        first, count = self._starts[rows], self._starts[rows + 1] - self._starts[rows]
        begins = np.cumsum(count) - count
        within = np.arange(int(count.sum())) - np.repeat(begins, count)
        return np.repeat(first, count) + within, begins


class TokenWriter:
    """Writes an index row by row, whole when the block ends; a full disk is an error."""

    def __init__(self, folder: Path, dimension: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._dimension = folder, dimension
        self._codes: BinaryIO = (folder / CODES_FILE).open("wb")
        self._scales: list[Floats] = []

    def __enter__(self) -> "TokenWriter":
        return self

    def __exit__(self, *failure: object) -> None:
        self._codes.close()
        if failure[0] is None:
            self._finish()

    def add(self, codes: npt.NDArray[np.int8], scales: Floats) -> None:
        """The next row: codes (T, D) and scales (T,), T >= 1."""
        self._codes.write(codes.tobytes())
        self._scales.append(np.asarray(scales, dtype=np.float32))

    def add_all(self, vectors: TextVectors) -> None:
        for place in range(len(vectors)):
            self.add(*encode(vectors.tokens_of(place)))

    def _finish(self) -> None:
        counts = [len(one) for one in self._scales]
        layout = {
            "starts": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            "scales": np.concatenate(self._scales),
            "width": np.array([self._dimension], dtype=np.int64),
        }
        safetensors.numpy.save_file(layout, self._folder / LAYOUT_FILE)


def encode(tokens: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """(T, D) -> codes (T, D) of -127..127 and scales (T,): off by half a step at most.

    >>> codes, scales = encode(np.array([[63.5, -127.0], [0.0, 0.0]], np.float32))
    >>> codes.tolist(), scales.tolist()
    ([[64, -127], [0, 0]], [1.0, 0.0])
    """
    scales = (np.abs(tokens).max(axis=1) / LEVELS).astype(np.float32)
    steps = np.divide(1.0, scales, out=np.zeros_like(scales), where=scales > 0)
    return np.rint(tokens * steps[:, None]).astype(np.int8), scales
