"""When a document came in: kept as long as its text is, through ingests and live changes."""

from pathlib import Path

import pytest

from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest, refit, remove_documents, take_in_changes
from reread.artefacts.passages import PassageStore, open_corpus
from reread.commit import committed_dir
from reread.home import Home
from reread.log.changes import ChangeList, Edit
from reread.records import Passage
from tests.worlds.ingested import WordSight, passages


def times(home: Home) -> dict[str, float | None]:
    store = open_corpus(home)
    return {one.id: store.ingested_s(row) for row, one in enumerate(passages(home))}


def by_title(home: Home) -> dict[str, float | None]:
    held = times(home)
    return {one.title: held[one.id] for one in passages(home)}


def write(docs: Path, name: str, text: str) -> None:
    (docs / f"{name}.md").write_text(f"# {name}\n\nThis page is about {text}.\n")


def test_what_stays_as_it_is_keeps_its_time_and_what_changes_gets_a_new_one(home, docs):
    for name in ("tea", "milk", "gone"):
        write(docs, name, name)
    ingest(home, [docs], workers=1)
    first = by_title(home)
    assert all(one is not None and one > 1.7e9 for one in first.values())
    write(docs, "milk", "oats")
    write(docs, "new", "sugar")
    (docs / "gone.md").unlink()
    ingest(home, [docs], workers=1, sync=True)
    second = by_title(home)
    assert list(sorted(second)) == ["milk", "new", "tea"]
    assert second["tea"] == first["tea"]
    assert second["milk"] == second["new"] > max(first.values())
    remove_documents(home, [next(id for id, _ in times(home).items() if id.startswith("new"))])
    assert by_title(home) == {"tea": second["tea"], "milk": second["milk"]}


def test_what_came_in_while_serving_keeps_the_time_of_its_change(home):
    ingest(home, documents=[Document("a", (Passage("a", "A", "one"),))])
    before = times(home)["a"]
    changes = ChangeList(home.changes_file)
    changes.append([Edit("b", (Passage("b", "B", "two"),))], 1234.5)
    take_in_changes(home)
    assert times(home) == {"a": before, "b": 1234.5}
    changes.append([Edit("b", (Passage("b", "B", "three"),), ("b",))], 2345.5)
    ingest(home, documents=[Document("c", (Passage("c", "C", "four"),))])
    held = times(home)
    assert (held["a"], held["b"]) == (before, 2345.5) and held["c"] > before
    changes.close()


@pytest.mark.parametrize("live", [False, True])
def test_a_document_that_is_only_cut_again_is_no_newer(home, live):
    ingest(home, documents=[Document("a", (Passage("a", "A", "word " * 90),))])
    before = times(home)["a"]
    refit(home, WordSight("narrow", 40), live=live)
    take_in_changes(home)
    held = times(home)
    assert len(held) > 1 and set(held.values()) == {before}


def test_a_corpus_from_before_times_were_kept_has_none(home):
    home.create()
    with committed_dir(home.passages_dir / "1") as scratch:
        PassageStore.create(scratch, [Passage("a", "A", "one")])
    ingest(home, documents=[Document("b", (Passage("b", "B", "two"),))])
    held = times(home)
    assert held["a"] is None and held["b"] > 1.7e9
