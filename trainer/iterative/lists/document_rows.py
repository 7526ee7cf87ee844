"""Which rows of a corpus belong to a document that a question names.

A passage belongs to document D if its id or its title is D, or begins with D followed by
something that is neither letter nor digit: `pep-8` has `pep-8#3` and not `pep-80`. Knows ids and
titles; knows no search.
"""

from bisect import bisect_left
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from reread.artefacts.passages import PassageStore
from reread.errors import BadRequest

Rows = npt.NDArray[np.int64]


class DocumentRows:
    """Sorted ids and titles of a corpus; a look-up costs two binary searches."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """`names` are the (id, title) of every row in order."""
        pairs = list(names)
        self._keys = [
            sorted((pair[side], row) for row, pair in enumerate(pairs)) for side in (0, 1)
        ]

    @classmethod
    def of(cls, store: PassageStore) -> "DocumentRows":
        return cls((one.id, one.title) for batch in store.iterate() for one in batch)

    def find(self, document: str) -> Rows:
        """The document's rows, ascending; BadRequest where it has none.

        >>> DocumentRows([("a#0", ""), ("ab#0", ""), ("x", "a")]).find("a").tolist()
        [0, 2]
        """
        found = {row for keys in self._keys for row in _with_prefix(keys, document)}
        if not document or not found:
            raise BadRequest(
                f"No passage belongs to the document {document!r}: `document` must be the id or "
                f"title that the ids or titles of its passages begin with."
            )
        return np.array(sorted(found), dtype=np.int64)


def _with_prefix(keys: list[tuple[str, int]], document: str) -> list[int]:
    rows = []
    for place in range(bisect_left(keys, (document, -1)), len(keys)):
        name, row = keys[place]
        if not name.startswith(document):
            break
        if not name[len(document) : len(document) + 1].isalnum():
            rows.append(row)
    return rows
