"""The ranked passages of many questions as two arrays, and their file.

Lists may differ in length: row -1 stands where a list has ended. Knows numbers and one file;
knows neither questions nor passages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from reread.errors import CorruptArtefact
from reread.records import Hit

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RankedLists:
    """Q lists of at most K passages, best first."""

    rows: Rows  # (Q, K), -1 after a list's end
    scores: Floats  # (Q, K), 0 after a list's end; larger is better

    def __post_init__(self) -> None:
        if self.rows.shape != self.scores.shape:
            raise ValueError(f"Rows {self.rows.shape} and scores {self.scores.shape} differ.")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        """The longest list."""
        return int((self.rows >= 0).sum(axis=1).max(initial=0))

    def first(self, count: int) -> "RankedLists":
        """The lists of the first `count` questions."""
        return RankedLists(self.rows[:count], self.scores[:count])

    def rows_of(self, question: int, depth: int | None = None) -> list[int]:
        own = self.rows[question]
        return [int(row) for row in own[own >= 0][:depth]]

    def scores_of(self, question: int, depth: int | None = None) -> Floats:
        own: Floats = self.scores[question][self.rows[question] >= 0]
        return own[:depth]

    def save(self, path: Path) -> None:
        """Rows as 32-bit numbers where they fit: 8 bytes per passage of a list."""
        small = self.rows.max(initial=0) < 2**31
        rows = self.rows.astype(np.int32 if small else np.int64)
        safetensors.numpy.save_file({"rows": rows, "scores": self.scores}, path)

    @classmethod
    def load(cls, path: Path) -> "RankedLists":
        try:
            arrays = safetensors.numpy.load_file(path)
            return cls(arrays["rows"].astype(np.int64), arrays["scores"].astype(np.float32))
        except (OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
            raise CorruptArtefact.mismatch(path, "content", "ranked lists", str(error)) from error


def pack(lists: Sequence[Sequence[Hit]]) -> RankedLists:
    """Lists of hits as arrays, the shorter ones padded.

    >>> pack([[Hit(3, 0.5)], []]).rows.tolist()
    [[3], [-1]]
    """
    width = max((len(one) for one in lists), default=0)
    rows = np.full((len(lists), width), -1, dtype=np.int64)
    scores = np.zeros((len(lists), width), dtype=np.float32)
    for q, hits in enumerate(lists):
        rows[q, : len(hits)] = [hit.row for hit in hits]
        scores[q, : len(hits)] = [hit.score for hit in hits]
    return RankedLists(rows, scores)
