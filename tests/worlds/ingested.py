"""What an ingest left behind, for tests to compare, and a reader it is cut for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index_builder.ingest.run import IngestReport
from reread.artefacts.passages import open_corpus
from reread.home import Home
from reread.records import CutFor, Passage

LONG = " ".join(f"Sentence number {i} of this text has ten words inside." for i in range(40))


def passages(home: Home) -> list[Passage]:
    return [passage for batch in open_corpus(home).iterate() for passage in batch]


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    """(added, replaced, kept, removed)"""
    return report.added, report.replaced, report.kept, report.removed


def write_jsonl(path: Path, *records: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@dataclass(frozen=True)
class WordSight:
    """A reader whose tokens are words."""

    reader: str
    room: int

    @property
    def cut_for(self) -> CutFor:
        return CutFor(self.reader, self.room, f"words {self.room}")

    def size(self, passage: Passage) -> int:
        return len(f"{passage.title} {passage.text}".split())

    def fits(self, title: str, text: str) -> bool:
        return self.size(Passage("", title, text)) <= self.room

    def count_unfit(self, passages: Sequence[Passage]) -> int:
        return sum(self.size(one) > self.room for one in passages)
