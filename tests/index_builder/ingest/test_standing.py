"""What an edit finds of the corpus before it: against reading every row, and at what cost."""

import random
from pathlib import Path

import pytest

from index_builder.ingest.documents import Document
from index_builder.ingest.edit.standing import LOOKED_UP, Standing
from index_builder.ingest.run import ingest
from reread.artefacts.documents import document_source, rows_of_document
from reread.artefacts.passages import PassageStore
from reread.home import Home
from reread.log.changes import Change, Numbered
from reread.records import Passage


def document(draw: random.Random, id: str, source: str) -> list[Passage]:
    """Some parts, on pages where it is a PDF."""
    ids = [id, *(f"{id}.{n}" for n in range(1, draw.randint(1, 4)))]
    pages = [f"{source}#page={n}" if source.endswith("pdf") else source for n in range(len(ids))]
    return [Passage(one, "T", f"text {one}", page) for one, page in zip(ids, pages, strict=True)]


def changes(draw: random.Random, held: list[Passage]) -> list[Change]:
    """Some documents removed, some replaced, one new."""
    starts = [one for one in held if "." not in one.id]
    found = []
    for place, one in enumerate(draw.sample(starts, 4)):
        new = () if place % 2 else (Numbered(place + 1, Passage(one.id, "T", "new", one.source)),)
        found.append(Change(place + 1, one.id, frozenset([one.id]), new, 5.0))
    new = (Numbered(9, Passage("late", "T", "late", "late.md")),)
    return [*found, Change(9, "late", frozenset(), new, 9.0)]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_rows_are_those_of_reading_all(tmp_path: Path, seed: int, many: bool) -> None:
    draw = random.Random(seed)
    sources = ["a.md", "b.pdf", "r.jsonl", "r.jsonl", "r.jsonl", "c.md"]
    runs = [document(draw, f"d{n}", draw.choice(sources)) for n in range(30)]
    held = [one for run in runs for one in run]
    store = PassageStore.create(tmp_path, held)
    pending = changes(draw, held)
    standing = Standing(store, pending)
    gone = {row for one in pending for row in rows_of_document(store, one.document, one.drops)}
    held += [one.passage for change in pending for one in change.passages]
    left = {row: one for row, one in enumerate(held) if row not in gone}
    for _ in range(LOOKED_UP + 1 if many else 0):
        standing.row_of("nobody")
    assert dict(standing.rows()) == left and standing.taken_out == gone
    rows = {one.id: row for row, one in left.items()}
    assert {one.id: standing.row_of(one.id) for one in held} == {
        one.id: rows.get(one.id) for one in held
    }
    by_source: dict[str, list[int]] = {}
    for row, one in left.items():
        by_source.setdefault(document_source(one.source), []).append(row)
    assert {one: list(standing.rows_of(one)) for one in standing.sources()} == by_source
    for row, one in left.items():
        assert standing.document_of(row) == one.id.partition(".")[0]
    for run in runs:
        parts = [rows[one.id] for one in run if one.id in rows]
        assert list(standing.parts_of(run[0].id)) == parts


def bytes_read() -> int:
    """By this process, as the system counts them."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("rchar"))


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the system counts no bytes")
def test_one_file_beside_a_large_corpus_reads_little_of_it(home: Home, docs: Path) -> None:
    """Each run beside a service read all texts twice: 4.5 s of the processor at 100,000."""
    words = "some words of a passage that is as long as passages usually are " * 8
    ready = [Document(f"p{n}", (Passage(f"p{n}", "T", f"{words}{n}", "x"),)) for n in range(5000)]
    ingest(home, documents=ready)
    (docs / "a.md").write_text("# Tea\n\nIt is served at five.\n")
    ingest(home, [docs], workers=1, live=True)  # whatever is imported only once
    size = sum(one.stat().st_size for one in home.passages_dir.rglob("*.arrow"))
    (docs / "a.md").write_text("# Tea\n\nIt is served at six.\n")
    before = bytes_read()
    report = ingest(home, [docs], workers=1, live=True)
    assert (report.replaced, report.corpus_passages) == (1, 5001)
    assert bytes_read() - before < size / 10
