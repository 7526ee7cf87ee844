"""Documents as they go into a corpus: passages whose ids begin with the document's.

Knows ids and sources; knows no files and no store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from index_builder.ingest.cutting.fitting import Fits, fit_pieces
from index_builder.ingest.cutting.splitting import Piece, split_text
from reread.artefacts.documents import PAGE, document_source
from reread.records import Passage


@dataclass(frozen=True, slots=True)
class Document:
    """What is added, replaced and removed as one; its passages' ids begin with its id."""

    id: str
    passages: tuple[Passage, ...]
    when_s: float | None = None  # when its text came in; None: now


def document_from_pieces(
    id: str,
    pieces: list[Piece],
    source: str,
    taken: Callable[[str], bool] = lambda id: False,
    labels: tuple[str, ...] = (),
) -> Document:
    """Passages `id`, `id.1`, `id.2` ...; numbers whose id is `taken` are passed over."""
    numbered = (f"{id}.{number}" for number in count(1))
    free = (candidate for candidate in numbered if not taken(candidate))
    passages = [
        Passage(
            id if i == 0 else next(free),
            piece.title,
            piece.text,
            source if piece.page is None else f"{source}#page={piece.page}",
            labels,
        )
        for i, piece in enumerate(pieces)
    ]
    return Document(id, tuple(passages))


def fitted(document: Document, fits: Fits, taken: Callable[[str], bool]) -> Document:
    """The document with every passage that is too long cut again; itself where none is."""
    if all(fits(one.title, one.text) for one in document.passages):
        return document
    pieces = [Piece(one.title, one.text, _page_of(one.source)) for one in document.passages]
    source = document_source(document.passages[0].source)
    labels = tuple(sorted({label for one in document.passages for label in one.labels}))
    again = document_from_pieces(document.id, fit_pieces(pieces, fits), source, taken, labels)
    return replace(again, when_s=document.when_s)


def _page_of(source: str) -> int | None:
    page = PAGE.search(source)
    return int(page[0].rpartition("=")[2]) if page else None


def split_document(
    title: str,
    text: str,
    *,
    id: str | None,
    source: str,
    taken: Callable[[str], bool],
    fits: Fits | None = None,
) -> tuple[Passage, ...]:
    """The passages of one titled text, as a service adds it."""
    made = document_from_text(title, text, id=id, source=source, taken=taken, fits=fits)
    return made.passages


def document_from_text(
    title: str,
    text: str,
    *,
    id: str | None = None,
    source: str = "",
    taken: Callable[[str], bool] = lambda id: False,
    fits: Fits | None = None,
    labels: tuple[str, ...] = (),
) -> Document:
    """A titled text, whole up to 250 words if that fits; without an id it gets one of its own."""
    own = id or hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()[:16]
    pieces = [Piece(title, part) for part in split_text(text)]
    if fits is not None:
        pieces = fit_pieces(pieces, fits)
    return document_from_pieces(own, pieces, source, taken, labels)


def labels_for(
    wanted: tuple[str, ...] | None, own: tuple[str, ...] | None, before: tuple[str, ...]
) -> tuple[str, ...]:
    """What is said now, in the run and in the file; where nothing is, what was said before.

    So a run that forgets to say it opens nothing to anybody.

    >>> labels_for(None, None, ("hr",)), labels_for((), None, ("hr",)), labels_for(None, (), ("a",))
    (('hr',), (), ())
    """
    if wanted is None and own is None:
        return before
    return tuple(sorted({*(wanted or ()), *(own or ())}))
