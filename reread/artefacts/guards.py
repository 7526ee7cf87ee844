"""Which rows of a corpus carry access labels, and which of them somebody may see.

Knows rows and labels; knows no search, no change list and no key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from reread.rights import Rights

Mask = npt.NDArray[np.bool_]
MOST_MASKS = 64  # kept, one for each set of rights that asked


@dataclass(frozen=True, slots=True)
class Guards:
    """Rows not named have no labels. Safe from several threads."""

    count: int  # rows of the corpus
    labels_of: dict[int, frozenset[str]]  # of rows that have any
    _masks: dict[Rights, Mask] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, count: int, labelled: Iterable[tuple[int, Sequence[str]]]) -> "Guards":
        kinds: dict[frozenset[str], frozenset[str]] = {}  # one object for each set of labels
        found = ((row, frozenset(labels)) for row, labels in labelled if labels)
        return cls(count, {row: kinds.setdefault(one, one) for row, one in found})

    def allowed(self, rights: Rights) -> Mask | None:
        """(N,) which rows may be seen; None: every one."""
        if not self.labels_of or rights.everything:
            return None
        held = self._masks.get(rights)
        if held is None:
            held = self._mask(rights)
            if len(self._masks) >= MOST_MASKS:
                self._masks.clear()  # another thread may do so at any moment
            self._masks[rights] = held
        return None if held.all() else held

    def _mask(self, rights: Rights) -> Mask:
        mask = np.ones(self.count, dtype=np.bool_)
        mask[[row for row, one in self.labels_of.items() if not rights.allow(one)]] = False
        return mask

    def of_row(self, row: int) -> frozenset[str]:
        return self.labels_of.get(row, frozenset())

    def joined(self, more: dict[int, frozenset[str]]) -> "Guards":
        """These labels and those."""
        rows = self.labels_of.keys() | more.keys()
        return Guards(
            self.count, {row: self.of_row(row) | more.get(row, frozenset()) for row in rows}
        )
