"""Documents as a corpus holds them: runs of passages whose ids begin with the document's.

Knows ids and sources; knows no files, and no rows of a store beyond their order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from index_builder.ingest.splitting import Piece, split_text
from reread.artefacts.passages import PassageStore
from reread.records import Passage

PAGE = re.compile(r"#page=\d+$")


@dataclass(frozen=True, slots=True)
class Document:
    """What is added, replaced and removed as one; its passages' ids begin with its id."""

    id: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document as a corpus holds it."""

    id: str
    title: str
    source: str
    passages: tuple[str, ...]  # ids in reading order


def document_from_pieces(
    id: str, pieces: list[Piece], source: str, taken: Callable[[str], bool] = lambda id: False
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
        )
        for i, piece in enumerate(pieces)
    ]
    return Document(id, tuple(passages))


def document_from_text(
    title: str,
    text: str,
    *,
    id: str | None = None,
    source: str = "",
    taken: Callable[[str], bool] = lambda id: False,
) -> Document:
    """A titled text, whole up to 250 words; without an id it gets one from its content."""
    own = id or hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()[:16]
    pieces = [Piece(title, part) for part in split_text(text)]
    return document_from_pieces(own, pieces, source, taken)


def documents_of(store: PassageStore) -> Iterator[DocumentEntry]:
    """A corpus' documents in row order: neighbours of one source whose ids continue each other."""
    held: list[Passage] = []
    for batch in store.iterate(4096):
        for passage in batch:
            if held and not continues(held[0], held[-1], passage):
                yield _entry(held)
                held = []
            held.append(passage)
    if held:
        yield _entry(held)


def continues(first: Passage, before: Passage, passage: Passage) -> bool:
    """Whether `passage` is a further part of the document that begins with `first`."""
    if document_source(first.source) != document_source(passage.source):
        return False
    number = _part_number(first.id, passage.id)
    return number > max(0, _part_number(first.id, before.id))


def document_source(source: str) -> str:
    """A passage's source without its page."""
    return PAGE.sub("", source)


def _part_number(document: str, id: str) -> int:
    if not id.startswith(f"{document}."):
        return -1
    tail = id[len(document) + 1 :]
    return int(tail) if tail.isdecimal() and tail[0] != "0" else -1


def _entry(held: list[Passage]) -> DocumentEntry:
    ids = tuple(passage.id for passage in held)
    return DocumentEntry(ids[0], held[0].title, document_source(held[0].source), ids)
