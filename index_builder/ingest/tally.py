"""What an ingest run has counted so far, and the report it becomes.

Knows numbers and sentences; does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from index_builder.ingest.corpus import Outcome
from index_builder.ingest.files import Skip

NAMED_LINES = 20  # bad lines of one file named one by one
NAMED_REASONS = 5  # in the error of a run that found nothing


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
    corpus: int
    corpus_passages: int
    changed: bool  # False: no new version was written
    seconds: float


@dataclass(slots=True)
class Tally:
    """Counts by outcome; skipped lines of one file are named up to a limit, then counted."""

    added: int = 0
    replaced: int = 0
    kept: int = 0
    removed: int = 0
    passages: int = 0
    skipped: list[Skip] = field(default_factory=list)

    @property
    def documents(self) -> int:
        return self.added + self.replaced + self.kept

    def count(self, outcome: Outcome, passages: int) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.passages += passages

    def skip(self, path: str, reason: str) -> None:
        self.skipped.append((path, reason))

    def skip_lines(self, path: str, reasons: list[str], total: int) -> None:
        """The first reasons one by one, the rest as a number."""
        self.skipped += [(path, reason) for reason in reasons[:NAMED_LINES]]
        if total > NAMED_LINES:
            self.skip(path, f"and {total - NAMED_LINES:,} more lines")

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
        self, *, corpus: int, corpus_passages: int, changed: bool, seconds: float
    ) -> IngestReport:
        return IngestReport(
            documents=self.documents,
            passages=self.passages,
            added=self.added,
            replaced=self.replaced,
            kept=self.kept,
            removed=self.removed,
            skipped=tuple(self.skipped),
            corpus=corpus,
            corpus_passages=corpus_passages,
            changed=changed,
            seconds=seconds,
        )
