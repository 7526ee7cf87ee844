"""Access labels as an ingest is told them: by the run, by the file, by what was said before."""

import json
from pathlib import Path

import pytest

from command.corpus.ingesting import labels_from
from index_builder.ingest.run import ingest
from index_builder.ingest.uploads import read_upload
from reread.errors import BadRequest
from reread.home import Home
from reread.log.changes import ChangeList
from reread.rights import MOST_LABELS, checked_labels, read_labels
from tests.worlds.ingested import LONG, passages, write_jsonl


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


def labels(home: Home) -> dict[str, tuple[str, ...]]:
    """By the first word of each text; parts of one document must agree."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for one in passages(home):
        found.setdefault(one.text.split()[0], set()).add(one.labels)
    assert all(len(kinds) == 1 for kinds in found.values())
    return {word: next(iter(kinds)) for word, kinds in found.items()}


def test_a_run_that_says_nothing_opens_nothing(home: Home, docs: Path) -> None:
    """A nightly ingest without the flag, and an edit of the file, leave it guarded."""
    file = docs / "a.md"
    file.write_text("Alpha was here.")
    ingest(home, [docs], labels=("hr",))
    assert labels(home) == {"Alpha": ("hr",)}
    ingest(home, [docs])
    file.write_text("Beta is here now.")
    ingest(home, [docs], sync=True)
    assert labels(home) == {"Beta": ("hr",)}
    ingest(home, [docs], labels=("board", "hr"))
    assert labels(home) == {"Beta": ("board", "hr")}
    assert ingest(home, [docs], labels=()).replaced == 1
    assert labels(home) == {"Beta": ()}
    assert ingest(home, [docs], labels=()).kept == 1


def test_every_passage_of_a_long_text_has_them(home: Home, docs: Path) -> None:
    (docs / "a.txt").write_text(LONG)
    ingest(home, [docs], labels=("hr",))
    assert len(passages(home)) > 1 and labels(home) == {"Sentence": ("hr",)}


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        ("---\naccess_labels: [hr, board]\n---\n", ("board", "hr")),
        ("---\naccess_labels:\n  - hr\n---\n", ("hr",)),
        ("---\nAccess_Labels: hr, board\ntitle: T\n---\n", ("board", "hr")),
        ("---\naccess_labels: []\n---\n", ()),
        ("---\naccess_labels:\n---\n", ()),
        ('+++\naccess_labels = ["hr"]\n+++\n', ("hr",)),
        ("---\ntitle: a: b\naccess_labels: hr\n---\n", ("hr",)),  # nearly valid: line by line
        ("---\nlabels: bug\n---\n", ()),  # an issue template's
        ("", ()),
    ],
)
def test_front_matter_says_labels(
    home: Home, docs: Path, block: str, wanted: tuple[str, ...]
) -> None:
    (docs / "a.md").write_text(f"{block}Alpha was here.")
    ingest(home, [docs])
    assert labels(home) == {"Alpha": wanted}


@pytest.mark.parametrize(
    "block",
    [
        "---\naccess_labels: {hr: yes}\n---\n",
        "---\naccess_labels: [1, 2]\n---\n",
        "---\naccess_labels: h r\n---\n",
        "---\ntitle: a: b\naccess_labels:\n  - hr\n---\n",  # nearly valid, and a list
        "---\nmeta:\n  access_labels: hr\n---\n",  # not where it is looked for
        "---\naccess_labels: hr\nno field here\n---\n",
        f"---\nfiller: {'x' * 60_000}\naccess_labels: [hr\n---\n",
        "---\naccess_labels: {{ labels }}\n---\n",
    ],
)
def test_a_file_whose_labels_are_not_understood_stays_out(
    home: Home, docs: Path, block: str
) -> None:
    """It would be open to everybody."""
    (docs / "a.md").write_text(f"{block}Alpha was here.")
    (docs / "b.md").write_text("Beta is open.")
    report = ingest(home, [docs])
    assert labels(home) == {"Beta": ()}
    assert [Path(path).name for path, why in report.skipped if "access_labels" in why] == ["a.md"]


def test_the_runs_labels_and_the_files_add_up(home: Home, docs: Path) -> None:
    (docs / "a.md").write_text("---\naccess_labels: board\n---\nAlpha was here.")
    ingest(home, [docs], labels=("hr",))
    assert labels(home) == {"Alpha": ("board", "hr")}
    ingest(home, [docs])
    assert labels(home) == {"Alpha": ("board", "hr")}  # unchanged: nothing is read again


def test_records_say_labels_each_for_itself(home: Home, docs: Path) -> None:
    file = write_jsonl(
        docs / "r.jsonl",
        {"id": "1", "text": "Alpha text.", "access_labels": ["hr"]},
        {"id": "2", "text": "Beta text.", "access_labels": "hr, board", "labels": [0, 1]},
        {"id": "3", "text": "Gamma text."},
        {"id": "4", "text": "Delta text.", "access_labels": 7},
        {"question": "?", "access_labels": ["hr"], "ctxs": [{"id": "5", "text": "Epsilon text."}]},
    )
    report = ingest(home, [file])
    assert labels(home) == {
        "Alpha": ("hr",), "Beta": ("board", "hr"), "Gamma": (), "Epsilon": ("hr",),
    }  # fmt: skip
    assert "line 4" in json.dumps([report.skipped, report.notes])
    write_jsonl(
        file,
        {"id": "1", "text": "Alpha anew."},
        {"id": "2", "text": "Beta anew.", "access_labels": []},
    )
    ingest(home, [file])
    assert labels(home) == {"Alpha": ("hr",), "Beta": ()}
    (docs / "t.tsv").write_text(
        "id\ttext\taccess_labels\n8\tZeta text.\thr,board\n9\tEta text.\t\n"
    )
    ingest(home, [docs / "t.tsv"])
    assert (labels(home)["Zeta"], labels(home)["Eta"]) == (("board", "hr"), ())


def test_a_run_beside_a_service_hands_labels_on(home: Home, docs: Path) -> None:
    """Through the change list, and into the next corpus."""
    (docs / "a.md").write_text("Alpha was here.")
    ingest(home, [docs])
    (docs / "b.md").write_text("Beta is here.")
    ingest(home, [docs], live=True, labels=("hr",))
    changes = ChangeList(home.changes_file)
    pending = [one.passage for change in changes.since(0) for one in change.passages]
    assert sorted((one.text[:5], one.labels) for one in pending) == [
        ("Alpha", ("hr",)), ("Beta ", ("hr",)),
    ]  # fmt: skip
    numbers = [one.number for change in changes.since(0) for one in change.passages]
    assert {one.labels for one in changes.passages(numbers).values()} == {("hr",)}
    changes.close()
    (docs / "c.md").write_text("Gamma is here.")
    ingest(home, [docs / "c.md"])
    assert labels(home) == {"Alpha": ("hr",), "Beta": ("hr",), "Gamma": ()}


def test_a_sent_file_says_labels_too(docs: Path) -> None:
    (docs / "a.md").write_text("---\naccess_labels: hr\n---\nAlpha was here.")
    [(id, cut)], notes = read_upload(docs / "a.md")
    assert (id, notes) == ("a.md", []) and [one.labels for one in cut(lambda id: False)] == [
        ("hr",)
    ]
    write_jsonl(docs / "r.jsonl", {"id": "1", "text": "Beta text.", "access_labels": ["hr"]})
    [(_, cut)], _ = read_upload(docs / "r.jsonl")
    assert [one.labels for one in cut(lambda id: False)] == [("hr",)]


def test_names_of_labels_are_checked() -> None:
    for bad in ("", "a b", "-a", "x" * 65, "a,b", "ä"):
        with pytest.raises(ValueError, match="cannot be an access label"):
            checked_labels([bad])
        with pytest.raises(BadRequest, match="cannot be an access label"):
            labels_from([bad], False)
    with pytest.raises(ValueError, match=f"{MOST_LABELS} are allowed"):
        checked_labels([str(n) for n in range(MOST_LABELS + 1)])
    for given in (7, {"a": 1}, [1], None, True):
        with pytest.raises(ValueError, match="neither a list"):
            read_labels(given)
    with pytest.raises(BadRequest, match="give one of them"):
        labels_from(["hr"], True)
    assert [labels_from(None, False), labels_from(None, True), labels_from(["b", "a"], False)] == [
        None, (), ("a", "b"),
    ]  # fmt: skip
