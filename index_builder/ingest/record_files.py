"""Files of records -> documents in a corpus edit: each record one, under its own id.

Knows which lines of a file are usable, and what becomes of the others; parsing and rows belong to
others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from index_builder.ingest.blocks import UnreadableError
from index_builder.ingest.cutting.fitting import Fits
from index_builder.ingest.documents import document_from_text, labels_for
from index_builder.ingest.edit.corpus import CorpusEdit
from index_builder.ingest.encoding import Note, no_note
from index_builder.ingest.files import STORAGE, FoundFile
from index_builder.ingest.parsers.lines import Opens
from index_builder.ingest.parsers.records import BadLine, Record, read_json, read_jsonl, read_tsv
from index_builder.ingest.tally import NAMED_LINES, Tally
from index_builder.ingest.workers import Limits

RECORDS_PER_NOTE = 1000  # progress is told this often within a file
ReadsRecords = Callable[[Opens, Note], Iterator[Record | BadLine]]


def reader_of(suffix: str, limits: Limits) -> ReadsRecords:
    """What reads files of records with this suffix."""
    if suffix == ".json":
        return partial(read_json, limits=limits)
    return read_tsv if suffix == ".tsv" else read_jsonl


def put_records(
    edit: CorpusEdit,
    tally: Tally,
    file: FoundFile,
    note: Callable[[float], None],
    fits: Fits | None,
    limits: Limits,
    labels: tuple[str, ...] | None,
) -> None:
    """Every record is a document; those the file had before and has no more are removed."""
    before, passages_before = tally.documents, tally.passages
    try:
        lines = _Lines(file, edit, limits)
        for number, record in enumerate(lines.usable()):
            if number % RECORDS_PER_NOTE == 0:
                note(number / len(lines.first_line))
            document = document_from_text(
                record.title,
                record.text,
                id=record.id,
                source=file.source,
                taken=lambda id: id in lines.first_line or edit.is_given(id),
                fits=fits,
                labels=labels_for(labels, record.labels, edit.labels_of(record.id)),
            )
            tally.count(edit.put(document), len(document.passages))
    except UnreadableError as error:
        tally.skip(file.source, str(error))
    except OSError as error:
        if error.errno in STORAGE:
            raise
        tally.skip(file.source, f"cannot be opened ({error.strerror})")
    else:
        count, passages = tally.documents - before, tally.passages - passages_before
        _account(edit, tally, file, lines, count, passages)


def _account(
    edit: CorpusEdit, tally: Tally, file: FoundFile, lines: _Lines, count: int, passages: int
) -> None:
    """What became of a file of records, of which so many documents came in."""
    if count:
        tally.skip_lines(file.source, lines.complaints, lines.refused)
        notes = [*lines.notes, *lines.complaints]
        if lines.refused > len(lines.complaints):
            notes.append(f"and {lines.refused - len(lines.complaints):,} more lines")
        tally.read(file.source, "read", count, passages)
        tally.note(file.source, lines.notes, tuple(notes))
        if not lines.is_cut_short:
            tally.removed += edit.drop_rest_of(file.source)
    elif lines.refused:
        first = lines.complaints[0]
        tally.skip(file.source, f"none of its {lines.refused:,} lines is a passage ({first})")
    else:
        tally.skip(file.source, "empty file")


class _Lines:
    """A record file, read twice: for its ids, which parts of long texts avoid, then for all."""

    def __init__(self, file: FoundFile, edit: CorpusEdit, limits: Limits) -> None:
        self._file = file
        self._edit = edit
        self._read = reader_of(file.suffix, limits)
        self._seconds = limits.seconds_for(file.size)
        self._deadline = time.monotonic() + self._seconds
        self.is_cut_short = False  # what comes after is not known: it stays in the corpus
        self._contents: dict[str, int] = {}  # id -> hash of title and text
        self.first_line: dict[str, int] = {}
        self.notes: dict[str, None] = {}
        for line in self._read(file, self._note):
            if time.monotonic() > self._deadline:
                raise UnreadableError(f"took longer than {self._seconds:.0f} s to read; split it")
            if isinstance(line, Record):
                self.first_line.setdefault(line.id, line.line)
                if line.unread_id:
                    self._note(
                        f"its {line.unread_id!r} is not read as an id: name it 'id' or '_id'"
                    )
        self.complaints: list[str] = []
        self.refused = 0

    def _note(self, matter: str) -> None:
        self.notes[matter] = None

    def usable(self) -> Iterator[Record]:
        """Records in file order, each id once; the others are complained about by line."""
        for line in self._read(self._file, no_note):
            if time.monotonic() > self._deadline:
                self.is_cut_short = True
                late = f"took longer than {self._seconds:.0f} s up to here, the rest is left out"
                self._refuse(line.line, f"{late}; split the file", always=True)
                return
            if isinstance(line, BadLine):
                self._refuse(line.line, line.reason)
            elif line.id in self._contents:
                self._repeated(line)
            elif self._edit.is_given(line.id):
                self._refuse(line.line, f"id {line.id!r} was already given by another file")
            else:
                self._contents[line.id] = hash((line.title, line.text))
                yield line

    def _repeated(self, record: Record) -> None:
        same = self._contents[record.id] == hash((record.title, record.text))
        if not (same and record.from_context):
            first = self.first_line[record.id]
            self._refuse(record.line, f"id {record.id!r} was already given on line {first}")

    def _refuse(self, line: int, reason: str, *, always: bool = False) -> None:
        self.refused += 1
        if always or self.refused <= NAMED_LINES:
            self.complaints.append(f"line {line}: {reason}")
