"""One file that somebody sends -> documents that a service adds, by ingest's parsers and limits.

Knows files, parsers and how texts and records get their ids; knows no corpus and no HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from index_builder.ingest.blocks import UnreadableError
from index_builder.ingest.cutting.fitting import Fits, fit_pieces
from index_builder.ingest.cutting.splitting import Piece, split_text
from index_builder.ingest.documents import document_from_pieces
from index_builder.ingest.edit.corpus import LIVE_PASSAGES
from index_builder.ingest.files import RECORD_SUFFIXES, TEXT_SUFFIXES, FoundFile
from index_builder.ingest.parsers.records import BadLine, Record
from index_builder.ingest.parsing import parse_files
from index_builder.ingest.recognising import Recogniser
from index_builder.ingest.record_files import reader_of
from index_builder.ingest.workers import Limits
from reread.errors import BadRequest
from reread.records import Passage

Cut = Callable[[Callable[[str], bool]], Sequence[Passage]]  # told which ids are taken
Labels = tuple[str, ...]
Read = tuple[list[tuple[str, list[Piece], Labels]], list[str]]  # documents, what was not read
LIMITS = Limits(seconds_per_megabyte=4.0, most_seconds=120.0)  # somebody waits for it
NAMED_LINES = 3


def read_upload(
    path: Path, *, fits: Fits | None = None, recogniser: Recogniser | None = None
) -> tuple[list[tuple[str, Cut]], list[str]]:
    """(documents by their ids, what of the file could not be read).

    A text's id and its source are the file's name, so the same file sent again replaces it;
    records keep their own ids. Raises BadRequest where nothing of it can be read, or where it is
    more than a service takes in while it answers.
    """
    suffix = path.suffix.lower()
    if suffix not in TEXT_SUFFIXES | RECORD_SUFFIXES:
        known = " ".join(sorted(TEXT_SUFFIXES | RECORD_SUFFIXES))
        raise _refused(
            path, f"files of type {suffix or '(no suffix)'} are not read; known: {known}"
        )
    file = FoundFile(path, suffix, path.stat().st_size)
    if not file.size:
        raise _refused(path, "empty file")
    documents, notes = _records(file) if suffix in RECORD_SUFFIXES else _text(file, recogniser)
    source = path.name
    if fits is not None:
        documents = [(id, fit_pieces(pieces, fits), labels) for id, pieces, labels in documents]
    cuts: list[tuple[str, Cut]] = [
        (id, partial(_passages, id, pieces, source, own)) for id, pieces, own in documents
    ]
    return cuts, notes


def _passages(
    id: str, pieces: list[Piece], source: str, labels: Labels, taken: Callable[[str], bool]
) -> Sequence[Passage]:
    return document_from_pieces(id, pieces, source, taken, labels).passages


def _text(file: FoundFile, recogniser: Recogniser | None) -> Read:
    [(_, read)] = parse_files([file], workers=1, limits=LIMITS, recogniser=recogniser)
    if read.reason:
        raise _refused(file.path, read.reason)
    _require_few(file.path, len(read.pieces))
    return [(file.path.name, list(read.pieces), read.labels or ())], list(read.notes)


def _records(file: FoundFile) -> Read:
    notes: dict[str, None] = {}
    documents: dict[str, tuple[list[Piece], Labels]] = {}
    refused: list[str] = []
    count = 0
    for line in _lines(file, lambda matter: notes.setdefault(matter)):
        if isinstance(line, BadLine):
            refused.append(f"line {line.line}: {line.reason}")
        elif line.id in documents:
            refused.append(f"line {line.line}: id {line.id!r} was already given")
        else:
            pieces = [Piece(line.title, part) for part in split_text(line.text)]
            documents[line.id] = pieces, line.labels or ()
            count += len(pieces)
            _require_few(file.path, count)
    told = refused[:NAMED_LINES]
    if len(refused) > NAMED_LINES:
        told.append(f"and {len(refused) - NAMED_LINES:,} more lines")
    if not documents:
        reason = f"none of its lines is a passage ({told[0]})" if told else "empty file"
        raise _refused(file.path, reason)
    found = [(id, pieces, labels) for id, (pieces, labels) in documents.items()]
    return found, [*notes, *told]


def _lines(file: FoundFile, note: Callable[[str], None]) -> Iterator[Record | BadLine]:
    try:
        yield from reader_of(file.suffix, LIMITS)(file, note)
    except UnreadableError as error:
        raise _refused(file.path, str(error)) from error


def _require_few(path: Path, passages: int) -> None:
    if passages > LIVE_PASSAGES:
        reason = f"it makes more than the {LIVE_PASSAGES:,} passages a service takes in at once"
        raise _refused(path, f"{reason}; use `reread ingest`")


def _refused(path: Path, reason: str) -> BadRequest:
    return BadRequest(f"{path.name}: {reason.rstrip('.')}.")
