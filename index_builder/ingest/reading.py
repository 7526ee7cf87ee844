"""Found files -> documents in a corpus edit: which are new, unchanged, repeated or unreadable.

Knows how files and records get their ids; parsing, splitting and rows belong to others.
"""

from __future__ import annotations

import errno
import hashlib
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from index_builder.ingest.blocks import UnreadableError, storable
from index_builder.ingest.corpus import CorpusEdit
from index_builder.ingest.cutting.fitting import Fits, fit_pieces
from index_builder.ingest.documents import document_from_pieces, document_from_text
from index_builder.ingest.encoding import Note, no_note
from index_builder.ingest.files import RECORD_SUFFIXES, FoundFile
from index_builder.ingest.parsers.lines import Opens
from index_builder.ingest.parsers.records import BadLine, Record, read_json, read_jsonl, read_tsv
from index_builder.ingest.parsing import Parsed, parse_files
from index_builder.ingest.recognising import Recogniser
from index_builder.ingest.tally import NAMED_LINES, Tally
from index_builder.ingest.workers import Limits
from reread.errors import RereadError
from reread.live.fit import Sees

PARSERS_VERSION = 2  # raise it when parsers or splitting change: every file is then read again
RECORDS_PER_NOTE = 1000  # progress is told this often within a file
STORAGE = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])  # ours, not the file's
MOST_FILE_BYTES = 1 << 30  # of a file that is read whole
ReadsRecords = Callable[[Opens, Note], Iterator[Record | BadLine]]

Progress = Callable[[str, float], None]  # stage "reading" or "writing", share done 0..1


def read_files(
    edit: CorpusEdit,
    tally: Tally,
    files: Sequence[FoundFile],
    progress: Progress,
    workers: int | None,
    sight: Sees | None = None,
    limits: Limits | None = None,
    recogniser: Recogniser | None = None,
    labels: tuple[str, ...] | None = None,
) -> None:
    """Put every file's documents into the edit, in the order of the files.

    `labels` None: those that a file or record gives itself, or had; else these and its own.
    """
    fits = None if sight is None else sight.fits
    ids = _choose(edit, tally, files, labels)
    limits = limits or Limits()
    parsed = parse_files([file for file in files if file in ids], workers, limits, recogniser)
    total = sum(file.size for file in files) or 1
    done = 0

    def share_of(before: int, file: FoundFile) -> Callable[[float], None]:
        return lambda part: progress("reading", (before + part * file.size) / total)

    for file in files:
        result = next(parsed) if file in ids else None
        try:
            if file.suffix in RECORD_SUFFIXES:
                _put_records(edit, tally, file, share_of(done, file), fits, limits, labels)
            elif result is not None:
                _put_file(edit, tally, result, ids[file], fits, labels)
        except RereadError:
            raise
        except Exception as error:  # whatever one file is, the others come in
            if isinstance(error, OSError) and error.errno in STORAGE:
                raise
            tally.skip(file.source, _cannot(error))
        done += file.size
        progress("reading", done / total)


def reader_of(suffix: str, limits: Limits) -> ReadsRecords:
    """What reads files of records with this suffix."""
    if suffix == ".json":
        return partial(read_json, limits=limits)
    return read_tsv if suffix == ".tsv" else read_jsonl


def _cannot(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "takes more memory to read than there is; split it"
    words = storable(" ".join(str(error).split()))[:200]
    return f"cannot be taken in ({type(error).__name__}: {words}); report this file"


def document_id(name: str, data: bytes) -> str:
    """A file's id: its name in words, then 12 hex digits of its content; the same everywhere."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:48] or "file"
    digest = hashlib.sha256(b"%d\0" % PARSERS_VERSION + data).hexdigest()
    return f"{words}-{digest[:12]}"


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


def _choose(
    edit: CorpusEdit, tally: Tally, files: Sequence[FoundFile], labels: tuple[str, ...] | None
) -> dict[FoundFile, str]:
    """The text files that must be parsed and their ids; unchanged and repeated ones are settled."""
    chosen: dict[FoundFile, str] = {}
    first_with: dict[str, FoundFile] = {}
    sources = {file.source for file in files}
    for file in files:
        if file.suffix in RECORD_SUFFIXES:
            continue
        if file.size > MOST_FILE_BYTES:
            tally.skip(file.source, f"{file.size:,} bytes, more than are read at once; split it")
            continue
        try:
            data = file.read_bytes()
        except OSError as error:
            tally.skip(file.source, f"cannot be opened ({error.strerror})")
            continue
        id = document_id(storable(file.path.stem), data)
        first = first_with.setdefault(id.rpartition("-")[2], file)
        if not data.strip():
            tally.skip(file.source, "empty file")
        elif first is not file:
            tally.skip(file.source, f"same content as {first.source}")
        elif _is_settled(edit, tally, file, id, sources, labels):
            continue
        else:
            chosen[file] = id
    return chosen


def _is_settled(
    edit: CorpusEdit,
    tally: Tally,
    file: FoundFile,
    id: str,
    sources: set[str],
    labels: tuple[str, ...] | None,
) -> bool:
    """Unchanged since an earlier ingest, or already in the corpus from a file elsewhere."""
    known = edit.source_of(id)
    if known == file.source and labels in (None, edit.labels_of(id)):
        passages = edit.keep_source(file.source)
        tally.count("kept", passages)
        tally.read(file.source, "kept", 1, passages)
        return True
    if known is not None and known != file.source and known not in sources and Path(known).exists():
        tally.skip(file.source, f"same content as {known}, which is in the corpus")
        return True
    return False


def _put_file(
    edit: CorpusEdit,
    tally: Tally,
    parsed: Parsed,
    id: str,
    fits: Fits | None,
    labels: tuple[str, ...] | None,
) -> None:
    file, read = parsed
    if read.reason:
        tally.skip(file.source, read.reason, read.notes)
        return
    pieces = list(read.pieces) if fits is None else fit_pieces(read.pieces, fits)
    own = labels_for(labels, read.labels, edit.labels_of_source(file.source))
    document = document_from_pieces(id, pieces, file.source, labels=own)
    outcome = edit.put(document, whole_source=file.source)
    tally.count(outcome, len(document.passages))
    tally.read(file.source, outcome, 1, len(document.passages), *read.notes)


def _put_records(
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
