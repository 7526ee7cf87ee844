"""What is gone from a folder leaves the corpus, or is named; and a document leaves by its id."""

import random
from pathlib import Path

import pytest

from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest, remove_documents, take_in_changes
from reread.artefacts.documents import documents_of
from reread.artefacts.passages import open_corpus
from reread.artefacts.sources import known_roots, shown_source
from reread.home import Home
from reread.live.held import held_in
from reread.log.changes import ChangeList
from reread.records import Passage


def titles(home: Home) -> list[str]:
    return sorted(one.title for one in documents_of(open_corpus(home)))


def write(docs: Path, name: str, text: str) -> Path:
    path = docs / name
    path.write_text(f"# {name}\n\nThis page is about {text} and nothing else at all.\n")
    return path


def test_deleted_and_renamed_files_are_named_and_leave_with_sync(home: Home, docs: Path) -> None:
    withdrawn, keep = write(docs, "withdrawn.md", "the bonus"), write(docs, "keep.md", "tea")
    ingest(home, [docs], workers=1)
    withdrawn.unlink()
    keep.rename(docs / "kept.md")
    report = ingest(home, [docs], workers=1)
    assert report.missing == (str(keep), str(withdrawn)) and report.removed == 0
    report = ingest(home, [docs], workers=1, sync=True)
    assert report.removed == 2 and report.missing == ()
    assert len(open_corpus(home)) == 1 and open_corpus(home)[0].source == str(docs / "kept.md")


def test_sync_of_an_emptied_folder_takes_all_of_it_and_nothing_of_another(home, docs, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write(other, "stays.md", "tea")
    page = write(docs, "goes.md", "coffee")
    ingest(home, [docs, other], workers=1)
    page.unlink()
    assert ingest(home, [docs], workers=1, sync=True).removed == 1
    assert titles(home) == ["stays.md"]


def test_a_removal_is_in_the_change_list_for_older_generations(home: Home) -> None:
    ingest(
        home,
        documents=[
            Document("a", (Passage("a", "A", "one"),)),
            Document("b", (Passage("b", "B", "two"),)),
        ],
    )
    remove_documents(home, ["a"])
    assert titles(home) == ["B"]
    changes = ChangeList(home.changes_file)
    assert [(one.document, one.drops, one.removed) for one in changes.since(0)] == [
        ("a", {"a"}, True)
    ]
    changes.close()


def test_records_numbered_like_parts_do_not_leave_with_their_neighbour(home, docs):
    lines = [
        '{"id": "3", "title": "Three", "text": "x"}',
        '{"id": "3.1", "title": "More", "text": "y"}',
    ]
    (docs / "r.jsonl").write_text("\n".join(lines))
    ingest(home, [docs], workers=1)
    remove_documents(home, ["3"])
    assert titles(home) == ["More"]


@pytest.mark.parametrize(
    "now",
    [{"3": "x", "3.2": "z", "4": "w"}, {"3": "new", "3.1": "y", "3.2": "z", "4": "w"}, {"4": "w"}],
)
def test_records_numbered_like_parts_stay_beside_a_service_too(home, docs, now) -> None:
    """Defect: where one left or changed while a service answered, 3, 3.1 and 3.2 were all gone."""

    def lines(texts: dict[str, str]) -> str:
        return "\n".join(f'{{"id": "{id}", "text": "{text}"}}' for id, text in texts.items())

    (docs / "r.jsonl").write_text(lines({"3": "x", "3.1": "y", "3.2": "z", "4": "w"}))
    ingest(home, [docs], workers=1)
    (docs / "r.jsonl").write_text(lines(now))
    ingest(home, [docs], workers=1, live=True)
    assert {one.id: one.text for one in held_in(home).passages()} == now
    take_in_changes(home)
    assert {one.id: one.text for batch in open_corpus(home).iterate() for one in batch} == now


def test_a_record_that_loses_its_end_keeps_its_beginning_beside_a_service(home, docs) -> None:
    """Defect: cut by whole passages while a service answered, it left with all of them."""
    words = [f"Sentence {n} stands in this long record of many words." for n in range(60)]

    def put(count: int, **how: bool) -> None:
        (docs / "r.jsonl").write_text(f'{{"id": "a", "text": "{" ".join(words[:count])}"}}')
        ingest(home, [docs], workers=1, **how)

    put(60)
    first, *others = held_in(home).passages()
    assert others
    put(first.text.count("Sentence"), live=True)
    assert list(held_in(home).passages()) == [first]


def test_live_runs_leave_the_same_corpus_as_written_ones(tmp_path: Path) -> None:
    """Any order of live and written runs, against the same runs all written."""
    draw = random.Random(7)
    live, written = Home(tmp_path / "live"), Home(tmp_path / "written")
    docs = tmp_path / "docs"
    docs.mkdir()
    write(docs, "p0.md", "the beginning")
    for home in (live, written):
        ingest(home, [docs], workers=1)
    for step in range(8):
        for name in draw.sample(["p0.md", "p1.md", "p2.md", "p3.md"], 2):
            if draw.random() < 0.4 and len(list(docs.iterdir())) > 1:
                (docs / name).unlink(missing_ok=True)
            else:
                write(docs, name, f"step {step}")
        ingest(live, [docs], workers=1, sync=True, live=draw.random() < 0.7)
        ingest(written, [docs], workers=1, sync=True)
    take_in_changes(live)
    same = [
        sorted((p.id, p.text) for b in open_corpus(h).iterate() for p in b) for h in (live, written)
    ]
    assert same[0] == same[1]


def test_sources_are_shown_relative_to_what_was_ingested(home: Home, docs: Path) -> None:
    (docs / "guide").mkdir()
    write(docs / "guide", "a.md", "tea")
    ingest(home, [docs], workers=1)
    source = open_corpus(home)[0].source
    ingest(home, [docs / "guide"], workers=1)  # a folder within one that was ingested
    assert shown_source(source, known_roots(home)) == "guide/a.md"


@pytest.mark.parametrize("ids", [["nobody"], ["a", "nobody"]])
def test_an_unknown_id_removes_nothing(home: Home, ids: list[str]) -> None:
    ingest(home, documents=[Document("a", (Passage("a", "A", "one"),))])
    with pytest.raises(Exception, match="nobody"):
        remove_documents(home, ids)
    assert titles(home) == ["A"]
