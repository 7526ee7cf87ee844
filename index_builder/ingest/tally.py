"""What an ingest run has counted so far, and the report it becomes.

Knows numbers and sentences; does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from index_builder.ingest.edit.corpus import Outcome
from index_builder.ingest.files import Found, Skip
from reread.live.fit import Unfit

FileOutcome = Literal["added", "replaced", "kept", "read", "skipped", "unsupported"]

NAMED_LINES = 20  # bad lines of one file named one by one
NAMED_REASONS = 5  # in the error of a run that found nothing


@dataclass(frozen=True, slots=True)
class FileAccount:
    """What became of one file; "read" is a file of records, which are documents of their own."""

    path: str
    outcome: FileOutcome
    documents: int = 0
    passages: int = 0
    matter: str = ""  # what was wrong with it
    remedy: str = ""  # what to do about it
    notes: tuple[str, ...] = ()  # what of it could not be read, though the rest was


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What a run did. documents = added + replaced + kept; corpus = the newest version's number."""

    documents: int
    passages: int  # of those documents
    added: int
    replaced: int
    kept: int  # unchanged since an earlier ingest
    removed: int  # records their file no longer has, or documents taken out
    skipped: tuple[Skip, ...]  # (path, reason), in the order met
    notes: tuple[Skip, ...]  # (path, what of it could not be read), of files that were read
    files: tuple[FileAccount, ...]  # every file the run met, once
    corpus: int
    corpus_passages: int
    changed: bool  # False: no new version was written
    seconds: float
    missing: tuple[str, ...] = ()  # sources in the corpus whose files are gone from the folders
    live: bool = False  # True: in the change list, which a running service reads
    unfit: Unfit | None = None  # passages cut for another reader that are too long for this one


@dataclass(slots=True)
class Tally:
    """Counts by outcome; skipped lines of one file are named up to a limit, then counted."""

    added: int = 0
    replaced: int = 0
    kept: int = 0
    removed: int = 0
    passages: int = 0
    skipped: list[Skip] = field(default_factory=list)
    notes: list[Skip] = field(default_factory=list)
    files: dict[str, FileAccount] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unfit: Unfit | None = None

    @property
    def documents(self) -> int:
        return self.added + self.replaced + self.kept

    def count(self, outcome: Outcome, passages: int) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.passages += passages

    def skip(self, path: str, reason: str, notes: tuple[str, ...] = ()) -> None:
        """A file left out. What stands behind the reason's last semicolon is the remedy."""
        self.skipped.append((path, reason))
        matter, _, remedy = reason.rpartition("; ") if "; " in reason else (reason, "", "")
        self.files[path] = FileAccount(path, "skipped", matter=matter, remedy=remedy, notes=notes)

    def read(
        self, path: str, outcome: FileOutcome, documents: int, passages: int, *notes: str
    ) -> None:
        """A file that came in, and what of it did not."""
        self.notes += [(path, note) for note in notes]
        self.files[path] = FileAccount(path, outcome, documents, passages, notes=notes)

    def note(self, path: str, notes: Iterable[str], all_notes: tuple[str, ...]) -> None:
        """What of a file of records could not be read; bad lines are told among the skipped."""
        self.notes += [(path, one) for one in notes]
        self.files[path] = replace(self.files[path], notes=all_notes)

    def leave(self, found: Found) -> None:
        """What the search for files passed over."""
        for path, reason in found.skipped:
            self.skipped.append((path, reason))
            self.files.setdefault(path, FileAccount(path, "skipped", matter=reason))
        for path, reason in found.left:
            self.files[path] = FileAccount(path, "unsupported", matter=reason)

    def skip_lines(self, path: str, reasons: list[str], total: int) -> None:
        """The first reasons one by one, the rest as a number."""
        self.skipped += [(path, reason) for reason in reasons[:NAMED_LINES]]
        if total > NAMED_LINES:
            self.skipped.append((path, f"and {total - NAMED_LINES:,} more lines"))

    def nothing_readable(self) -> str:
        """The sentence for a run without a single document."""
        if not self.skipped:
            return "Nothing to ingest: the folders are empty; give files or folders with documents"
        named = "; ".join(f"{path}: {reason}" for path, reason in self.skipped[:NAMED_REASONS])
        more = len(self.skipped) - NAMED_REASONS
        rest = f"; and {more:,} more" if more > 0 else ""
        return (
            f"Nothing readable was found, give .md .rst .txt .html .pdf .docx .jsonl or .tsv "
            f"files (skipped: {named}{rest})"
        )

    def report(
        self,
        *,
        corpus: int,
        corpus_passages: int,
        changed: bool,
        seconds: float,
        live: bool = False,
    ) -> IngestReport:
        return IngestReport(
            documents=self.documents,
            passages=self.passages,
            added=self.added,
            replaced=self.replaced,
            kept=self.kept,
            removed=self.removed,
            skipped=tuple(self.skipped),
            notes=tuple(self.notes),
            files=tuple(self.files.values()),
            corpus=corpus,
            corpus_passages=corpus_passages,
            changed=changed,
            seconds=seconds,
            missing=tuple(self.missing),
            live=live,
            unfit=self.unfit,
        )
