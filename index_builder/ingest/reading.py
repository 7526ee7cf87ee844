"""Found files -> documents in a corpus edit: which are new, unchanged, repeated or unreadable.

Knows how files get their ids; records, parsing, splitting and rows belong to others.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from index_builder.ingest.blocks import storable
from index_builder.ingest.cutting.fitting import Fits, fit_pieces
from index_builder.ingest.documents import document_from_pieces, labels_for
from index_builder.ingest.edit.corpus import CorpusEdit
from index_builder.ingest.files import RECORD_SUFFIXES, STORAGE, FoundFile
from index_builder.ingest.parsing import Parsed, parse_files
from index_builder.ingest.recognising import Recogniser
from index_builder.ingest.record_files import put_records
from index_builder.ingest.tally import Tally
from index_builder.ingest.workers import Limits
from reread.errors import RereadError
from reread.live.fit import Sees

PARSERS_VERSION = 3  # raise it when parsers or splitting change: every file is then read again
MOST_FILE_BYTES = 1 << 30  # of a file that is read whole

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
                put_records(edit, tally, file, share_of(done, file), fits, limits, labels)
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
