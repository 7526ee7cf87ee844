"""Documents as a corpus holds them: runs of passages whose ids begin with the document's.

Knows ids, sources and the order of rows; knows no files and no changes that are not in a corpus.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from reread.artefacts.passages import PassageStore
from reread.records import Passage

PAGE = re.compile(r"#page=\d+$")
_OF_A_FILE = re.compile(r"-[0-9a-f]{12}$")  # ids that ingest gives to files


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document as a corpus holds it."""

    id: str
    title: str
    source: str
    passages: tuple[str, ...]  # ids in reading order


def documents_of(store: PassageStore) -> Iterator[DocumentEntry]:
    """A corpus' documents in row order."""
    for held in grouped(passage for batch in store.iterate(4096) for passage in batch):
        yield entry_of(held)


def grouped(passages: Iterator[Passage]) -> Iterator[list[Passage]]:
    """Neighbours of one source whose ids continue each other, a list per document."""
    held: list[Passage] = []
    for passage in passages:
        if held and not continues(held[0], held[-1], passage):
            yield held
            held = []
        held.append(passage)
    if held:
        yield held


def continues(first: Passage, before: Passage, passage: Passage) -> bool:
    """Whether `passage` is a further part of the document that begins with `first`.

    Records are often numbered 3, 3.1, 3.2: a part of a record has its title, another record
    seldom has. The passages of a file are titled by their sections.
    """
    if document_source(first.source) != document_source(passage.source):
        return False
    if passage.title != first.title and not _of_a_file(first):
        return False
    number = _part_number(first.id, passage.id)
    return number > max(0, _part_number(first.id, before.id))


def rows_of_document(store: PassageStore, id: str, parts: Collection[str] = ()) -> list[int]:
    """Ascending rows of the document, and of the passages named besides; none: it is not there."""
    rows = {row for row in map(store.row_of, parts) if row is not None}
    start = store.row_of(id)
    if start is not None:
        rows.update(_run_from(store, start))
    return sorted(rows)


def document_at(store: PassageStore, row: int) -> list[Passage]:
    """The document that begins in this row."""
    return store.get(_run_from(store, row))


def document_source(source: str) -> str:
    """A passage's source without its page."""
    return PAGE.sub("", source)


def entry_of(held: Sequence[Passage]) -> DocumentEntry:
    """The entry of one document's passages."""
    ids = tuple(passage.id for passage in held)
    return DocumentEntry(ids[0], held[0].title, document_source(held[0].source), ids)


def _of_a_file(first: Passage) -> bool:
    """By the id that ingest gives, or the file's name, which a service gives to one it is sent."""
    return bool(_OF_A_FILE.search(first.id)) or first.id == document_source(first.source)


def _run_from(store: PassageStore, start: int) -> list[int]:
    first = before = store[start]
    row = start + 1
    while row < len(store):
        passage = store[row]
        if not continues(first, before, passage):
            break
        before, row = passage, row + 1
    return list(range(start, row))


def _part_number(document: str, id: str) -> int:
    if not id.startswith(f"{document}."):
        return -1
    tail = id[len(document) + 1 :]
    return int(tail) if tail.isdecimal() and tail[0] != "0" else -1
