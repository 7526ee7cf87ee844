"""What an ingest left behind, for tests to compare."""

import json
from pathlib import Path

from index_builder.ingest.run import IngestReport
from reread.artefacts.passages import open_corpus
from reread.home import Home
from reread.records import Passage

LONG = " ".join(f"Sentence number {i} of this text has ten words inside." for i in range(40))


def passages(home: Home) -> list[Passage]:
    return [passage for batch in open_corpus(home).iterate() for passage in batch]


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    """(added, replaced, kept, removed)"""
    return report.added, report.replaced, report.kept, report.removed


def write_jsonl(path: Path, *records: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path
