"""The ingest run: files, folders and ready documents -> a new corpus version and a report.

A file is known by its absolute path, a record or ready document by its id; what a run does not
name stays, unless it is told to leave the folders as they are on disk. While a service answers, a
small run goes to the change list instead, which the service reads. Knows the order of things;
formats, splitting and rows belong to the modules it calls.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from index_builder.ingest.documents import Document, fitted
from index_builder.ingest.edit.corpus import LIVE_PASSAGES, CorpusEdit, Outcome
from index_builder.ingest.files import find_files
from index_builder.ingest.folders import Watched, remember_roots, vanished, within
from index_builder.ingest.reading import Progress, read_files
from index_builder.ingest.recognising import Recogniser
from index_builder.ingest.tally import IngestReport, Tally
from index_builder.ingest.workers import Limits
from reread.artefacts.passages import open_corpus
from reread.commit import exclusive, sweep_scratch
from reread.errors import BadRequest, NotFound
from reread.home import Home, numbers
from reread.live.fit import Sees
from reread.log.changes import ChangeList

__all__ = ["IngestReport", "Progress", "ingest", "refit", "remove_documents", "take_in_changes"]

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
    sync: bool = False,
    watched: Watched = Watched(),
    live: bool = False,
    sight: Sees | None = None,
    limits: Limits | None = None,
    recogniser: Recogniser | None = None,
    labels: tuple[str, ...] | None = None,
) -> IngestReport:
    """Read paths, then documents, into the corpus; earlier documents not named here stay.

    `sync`: what is gone from the folders leaves the corpus too, and what was in a path that
    `watched` says is gone in any case. `live`: a run of few passages is
    appended to the change list and no new version is written. Raises BadRequest when a path does
    not exist or nothing at all could be read. A second ingest into the same home waits for the
    first. `workers` None: one process per usable core. `sight`: what
    the reader sees whole; None: passages are measured in words. `limits`: of time and memory for
    one file. `recogniser`: for pages of a PDF that are pictures. `labels`: the access labels of
    what the paths hold; None: those it gives itself, or had.
    """
    started = time.monotonic()
    given = [Path(path) for path in paths]
    found = find_files(given, watched.inside)
    tally = Tally()
    tally.leave(found)
    progress("reading", 0.0)
    with _open(home) as (edit, changes):
        read_files(edit, tally, found.files, progress, workers, sight, limits, recogniser, labels)
        _put_documents(edit, tally, documents, sight)
        missing = vanished(edit.sources(), given, {file.source for file in found.files})
        leaving = within(edit.sources(), watched.gone) + (missing if sync else [])
        removed = [id for source in leaving for id in edit.drop_source(source)]
        tally.removed += len(removed)
        tally.missing = [] if sync else missing
        if not tally.documents and not removed:
            raise BadRequest(tally.nothing_readable())
        remember_roots(home, given)
        _note_fit(edit, tally, sight)
        return _commit(edit, changes, tally, progress, started, removed=removed, live=live)


def refit(
    home: Home, sight: Sees, *, progress: Progress = no_progress, live: bool = False
) -> IngestReport:
    """Cut every document again that has a passage which the reader does not see whole.

    The corpus itself is cut, so the files need not be there any more.
    """
    started = time.monotonic()
    open_corpus(home)  # NoCorpus where there is none
    tally = Tally()
    with _open(home) as (edit, changes):
        total = max(1, len(edit))
        for document in edit.documents():
            again = fitted(document, sight.fits, partial(_is_others, edit, document))
            outcome: Outcome = "kept" if again is document else edit.put(again)
            tally.count(outcome, len(again.passages))
            progress("reading", min(1.0, tally.passages / total))
        _note_fit(edit, tally, sight)
        return _commit(edit, changes, tally, progress, started, removed=[], live=live)


def remove_documents(
    home: Home, ids: Iterable[str], *, progress: Progress = no_progress, live: bool = False
) -> IngestReport:
    """Take documents out of the corpus; NotFound, and none removed, if one is unknown."""
    started = time.monotonic()
    tally = Tally()
    with _open(home) as (edit, changes):
        removed = list(dict.fromkeys(ids))
        for id in removed:
            if not edit.remove(id):
                raise NotFound(
                    f"No document has the id {id!r}: list the documents to see their ids"
                )
            tally.removed += 1
        return _commit(edit, changes, tally, progress, started, removed=removed, live=live)


def take_in_changes(home: Home) -> None:
    """Write what the change list has after the newest corpus into the next one, if anything."""
    if not home.changes_file.exists():
        return
    with _open(home) as (edit, _):
        if edit.has_pending:
            edit.commit()


@contextmanager
def _open(home: Home) -> Iterator[tuple[CorpusEdit, ChangeList]]:
    """The next version to be, with all that was changed up to now in it, and the change list."""
    home.create()
    with ExitStack() as stack:
        stack.enter_context(exclusive(home.root / ".ingest.lock"))
        sweep_scratch(home.passages_dir)
        changes = stack.enter_context(closing(ChangeList(home.changes_file)))
        # The end of the list first: what comes after it is replayed over this version, not lost.
        last = changes.last_sequence()
        taken = open_corpus(home).changes if numbers(home.passages_dir) else 0
        pending = [one for one in changes.since(taken) if one.sequence <= last]
        edit = CorpusEdit(home, pending, max(taken, last), changes.cut_for())
        yield stack.enter_context(closing(edit)), changes


def _put_documents(
    edit: CorpusEdit, tally: Tally, documents: Iterable[Document], sight: Sees | None
) -> None:
    for given_document in documents:
        document = given_document
        if sight is not None:
            document = fitted(document, sight.fits, edit.is_given)
        given = next((one.id for one in document.passages if edit.is_given(one.id)), None)
        if given is not None:
            tally.skip(document.id, f"id {given!r} was already given in this run")
        elif not document.passages:
            tally.skip(document.id, "no readable text in it")
        else:
            tally.count(edit.put(document), len(document.passages))


def _is_others(edit: CorpusEdit, document: Document, id: str) -> bool:
    return edit.is_taken(id) and id not in {one.id for one in document.passages}


def _note_fit(edit: CorpusEdit, tally: Tally, sight: Sees | None) -> None:
    """Count what was cut for another reader, and write down whom the corpus is cut for now."""
    if sight is not None:
        tally.unfit = edit.unfit(sight)
        edit.is_cut_for(sight.cut_for, fits=tally.unfit is None)


def _commit(
    edit: CorpusEdit,
    changes: ChangeList,
    tally: Tally,
    progress: Progress,
    started: float,
    *,
    removed: list[str],
    live: bool,
) -> IngestReport:
    total = max(1, len(edit))

    def on_row(row: int) -> None:
        if row % ROWS_PER_NOTE == 0:
            progress("writing", row / total)

    changed = edit.changed
    live = live and edit.spooled <= LIVE_PASSAGES
    if live and changed:
        changes.append(edit.edits(), time.time(), edit.reader)
    elif removed:
        # An older generation may be served again, and the log still has what was answered.
        changes.append([one for one in edit.removals() if one.document in removed], time.time())
    corpus = edit.base_number if live else edit.commit(on_row, time.time())
    progress("writing", 1.0)
    return tally.report(
        corpus=corpus,
        corpus_passages=len(edit),
        changed=changed,
        seconds=time.monotonic() - started,
        live=live,
    )
