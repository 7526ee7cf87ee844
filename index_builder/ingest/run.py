"""The ingest run: files, folders and ready documents -> a new corpus version and a report.

A file is known by its absolute path, a record or ready document by its id; what a run does not
name stays. Knows the order of things; formats, splitting and rows belong to the modules it calls.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from index_builder.ingest.corpus import CorpusEdit
from index_builder.ingest.documents import Document
from index_builder.ingest.files import find_files
from index_builder.ingest.reading import Progress, read_files
from index_builder.ingest.tally import IngestReport, Tally
from reread.commit import exclusive
from reread.errors import BadRequest, NotFound
from reread.home import Home

__all__ = ["IngestReport", "Progress", "ingest", "remove_documents"]

ROWS_PER_NOTE = 1000  # progress is told this often while writing


def no_progress(stage: str, share: float) -> None:
    """The Progress of runs nobody watches."""


def ingest(
    home: Home,
    paths: Iterable[Path | str] = (),
    *,
    documents: Iterable[Document] = (),
    progress: Progress = no_progress,
    workers: int | None = None,
) -> IngestReport:
    """Read paths, then documents, into the corpus; earlier documents not named here stay.

    Raises BadRequest when a path does not exist or nothing at all could be read. A second ingest
    into the same home waits for the first. `workers` None: one process per usable core.
    """
    started = time.monotonic()
    found = find_files(map(Path, paths))
    tally = Tally()
    tally.leave(found)
    progress("reading", 0.0)
    with _edit(home) as edit:
        read_files(edit, tally, found.files, progress, workers)
        _put_documents(edit, tally, documents)
        if not tally.documents:
            raise BadRequest(tally.nothing_readable())
        return _commit(edit, tally, progress, started)


def remove_documents(
    home: Home, ids: Iterable[str], *, progress: Progress = no_progress
) -> IngestReport:
    """Take documents out of the corpus; NotFound, and none removed, if one is unknown."""
    started = time.monotonic()
    tally = Tally()
    with _edit(home) as edit:
        for id in dict.fromkeys(ids):
            if not edit.remove(id):
                raise NotFound(
                    f"No document has the id {id!r}: list the documents to see their ids"
                )
            tally.removed += 1
        return _commit(edit, tally, progress, started)


@contextmanager
def _edit(home: Home) -> Iterator[CorpusEdit]:
    home.create()
    with exclusive(home.root / ".ingest.lock"), closing(CorpusEdit(home)) as edit:
        yield edit


def _put_documents(edit: CorpusEdit, tally: Tally, documents: Iterable[Document]) -> None:
    for document in documents:
        given = next((one.id for one in document.passages if edit.is_given(one.id)), None)
        if given is not None:
            tally.skip(document.id, f"id {given!r} was already given in this run")
        elif not document.passages:
            tally.skip(document.id, "no readable text in it")
        else:
            tally.count(edit.put(document), len(document.passages))


def _commit(edit: CorpusEdit, tally: Tally, progress: Progress, started: float) -> IngestReport:
    total = max(1, len(edit))

    def on_row(row: int) -> None:
        if row % ROWS_PER_NOTE == 0:
            progress("writing", row / total)

    changed = edit.changed
    corpus = edit.commit(on_row)
    progress("writing", 1.0)
    return tally.report(
        corpus=corpus,
        corpus_passages=len(edit),
        changed=changed,
        seconds=time.monotonic() - started,
    )
