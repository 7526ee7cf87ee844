"""When the reader changes: which passages it does not see whole is said, and they are cut again."""

from pathlib import Path

import pytest

from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest, refit, take_in_changes
from reread.artefacts.passages import open_corpus
from reread.errors import NoCorpus
from reread.home import Home
from reread.live.fit import unfit_in
from reread.log.changes import ChangeList, Edit
from reread.records import Passage
from tests.worlds.ingested import WordSight, passages, write_jsonl

PAGE = "# {0}\n\n" + "The {0} valve of the small pump is closed by hand before it is cleaned. " * 40
WIDE, NARROW = WordSight("wide", 200), WordSight("narrow", 50)


def write(docs: Path, *names: str) -> None:
    for name in names:
        (docs / f"{name}.md").write_text(PAGE.format(name))


def too_long(home: Home, sight: WordSight) -> int:
    return sum(sight.size(one) > sight.room for one in passages(home))


def letters(home: Home) -> str:
    return "".join("".join(one.text.split()) for one in passages(home))


def letters_of(page: Path) -> str:
    return "".join(page.read_text().partition("\n")[2].split())


def test_an_ingest_says_which_passages_another_reader_was_cut_for(home, docs):
    write(docs, "green", "red")
    assert ingest(home, [docs], sight=WIDE).unfit is None
    held, before = len(passages(home)), letters(home)
    unseen = too_long(home, NARROW)
    assert unseen > 0
    write(docs, "blue")
    said = ingest(home, [docs], sight=NARROW).unfit
    assert said is not None and (said.count, said.passages) == (unseen, held)
    assert too_long(home, NARROW) == unseen  # what is new fits
    for part in (f"{unseen} of {held} passages", "'narrow' sees of one (50", "'wide' (200 tokens)"):
        assert part in said.sentence
    assert ingest(home, [docs], sight=WIDE).unfit is None  # it sees what either was cut for
    assert "`reread ingest --refit`" in said.sentence  # which is:
    outcome = refit(home, NARROW)
    assert (outcome.replaced, outcome.kept, outcome.unfit) == (2, 1, None)
    assert too_long(home, NARROW) == 0
    assert sorted(letters(home)) == sorted(before + letters_of(docs / "blue.md"))
    assert open_corpus(home).cut_for == (NARROW.cut_for,)
    assert not refit(home, NARROW).changed


def test_a_home_of_whose_reader_nothing_is_known_is_counted(home, write_old):
    write_old(home, [Passage("a", "A", "word " * 80), Passage("b", "B", "word " * 8)])
    said = unfit_in(home, NARROW)
    assert said is not None and (said.count, said.passages) == (1, 2)
    assert "a reader that nobody wrote down" in said.sentence
    assert unfit_in(home, WIDE) is None


@pytest.fixture
def write_old():
    """Commits a corpus as homes have it from before it was written down whom they were cut for."""
    from reread.artefacts.passages import PassageStore
    from reread.commit import committed_dir

    def write(home: Home, passages: list[Passage]) -> None:
        home.create()
        with committed_dir(home.passages_dir / "1") as scratch:
            PassageStore.create(scratch, passages)

    return write


def test_ids_pages_and_neighbours_survive_a_second_cut(home, docs):
    # Record 3's second part would be called 3.1, which is another record's id.
    long = " ".join(f"Sentence {n} says that all is well." for n in range(20))
    write_jsonl(
        docs / "r.jsonl",
        {"id": "3", "title": "Three", "text": long},
        {"id": "3.1", "title": "Other", "text": "short"},
    )
    paged = Document("m", (Passage("m", "M", long, "/m.pdf#page=7"),))
    ingest(home, [docs], documents=[paged], sight=WIDE)
    refit(home, NARROW)
    held = {one.id: one for one in passages(home)}
    assert held["3.1"].title == "Other" and held["3.2"].title == "Three"
    assert {one.source for id, one in held.items() if id.startswith("m")} == {"/m.pdf#page=7"}
    parts = [one.text for one in passages(home) if one.id.startswith("m")]
    assert " ".join(parts) == long and len(parts) > 1


def test_ready_documents_are_cut_for_the_reader_too(home):
    # The demonstration's docstrings were cut in words: a table of constants went unread.
    table = " ".join(f"0x{n:08X}" for n in range(120))
    ingest(home, documents=[Document("c", (Passage("c", "Constants", table),))], sight=NARROW)
    assert too_long(home, NARROW) == 0 and letters(home) == "".join(table.split())


def test_what_was_added_while_serving_is_counted_too(home, docs):
    write(docs, "green")
    ingest(home, [docs], sight=NARROW)
    changes = ChangeList(home.changes_file)
    added = Passage("n", "N", "word " * 80)
    changes.append([Edit("n", (added,))], 1.0, WIDE.cut_for)
    said = unfit_in(home, NARROW)
    assert said is not None and (said.count, said.cut_for) == (1, (NARROW.cut_for, WIDE.cut_for))
    take_in_changes(home)
    assert set(open_corpus(home).cut_for) == {NARROW.cut_for, WIDE.cut_for}
    assert unfit_in(home, NARROW) == said
    assert refit(home, NARROW, live=True).live  # in the change list: served within a moment
    assert unfit_in(home, NARROW) is None
    take_in_changes(home)
    assert too_long(home, NARROW) == 0
    changes.close()


def test_nothing_can_be_cut_where_nothing_was_ingested(home):
    with pytest.raises(NoCorpus, match="reread ingest PATH"):
        refit(home, NARROW)
