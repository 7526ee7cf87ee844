"""Ingest of JSONL records: their ids, what is refused by line, and what a changed file removes."""

from __future__ import annotations

from pathlib import Path

from index_builder.ingest.run import ingest
from reread.home import Home
from tests.worlds.ingested import LONG, counts, passages, write_jsonl


def test_records_keep_ids_and_long_ones_are_cut_around_given_ids(home: Home, docs: Path) -> None:
    write_jsonl(
        docs / "p.jsonl",
        {"id": "a", "title": "A", "text": LONG},
        {"id": "a.2", "title": "Own", "text": "Mine."},
        {"id": 5, "title": "Five", "text": "  whole\n\ntext "},
    )
    report = ingest(home, [docs / "p.jsonl"])
    found = passages(home)
    assert [p.id for p in found] == ["a", "a.1", "a.3", "a.4", "a.2", "5"]
    assert {p.title for p in found[:4]} == {"A"}
    assert " ".join(p.text for p in found[:4]) == LONG
    assert found[-1].text == "whole\n\ntext"
    assert (report.documents, report.passages) == (3, 6)
    assert ingest(home, [docs]).changed is False


def test_repeated_ids_and_bad_lines_are_refused_by_line(home: Home, docs: Path) -> None:
    path = docs / "p.jsonl"
    write_jsonl(path, {"id": "a", "text": "one"}, {"id": "a", "text": "two"}, {"id": "b"})
    path.write_text(path.read_text() + "{bad\n")
    write_jsonl(docs / "q.jsonl", {"id": "a", "text": "three"}, {"id": "c", "text": "four"})
    report = ingest(home, [docs])
    assert [p.text for p in passages(home)] == ["one", "four"]
    assert report.skipped == (
        (str(path), "line 2: id 'a' was already given on line 1"),
        (str(path), "line 3: no 'text', or it is not a string"),
        (str(path), "line 4: not JSON (Expecting property name enclosed in double quotes)"),
        (str(docs / "q.jsonl"), "line 1: id 'a' was already given by another file"),
    )


def test_many_bad_lines_are_counted(home: Home, docs: Path) -> None:
    good, bad = '{"id": "a", "text": "x"}\n', "bad\n"
    (docs / "some.jsonl").write_text(good + bad * 1500)
    (docs / "none.jsonl").write_text(bad * 1500)
    report = ingest(home, [docs])
    assert report.skipped[0] == (
        str(docs / "none.jsonl"),
        "none of its 1,500 lines is a passage (line 1: not JSON (Expecting value))",
    )
    assert len(report.skipped) == 22
    assert report.skipped[-1] == (str(docs / "some.jsonl"), "and 1,480 more lines")


def test_questions_that_share_a_passage_give_it_once(home: Home, docs: Path) -> None:
    shared = {"id": "1", "title": "T", "text": "x"}
    write_jsonl(docs / "nq.jsonl", {"ctxs": [shared, {"id": "2", "text": "y"}]}, {"ctxs": [shared]})
    report = ingest(home, [docs])
    assert ([p.id for p in passages(home)], report.skipped) == (["1", "2"], ())


def test_records_that_left_their_file_leave_the_corpus(home: Home, docs: Path) -> None:
    path = docs / "p.jsonl"
    write_jsonl(path, *[{"id": name, "text": f"Text {name}."} for name in "abcd"])
    ingest(home, [path])
    write_jsonl(path, {"id": "a", "text": "Text a."}, {"id": "c", "text": "New c."})
    report = ingest(home, [path])
    assert counts(report) == (0, 1, 1, 2)
    assert [(p.id, p.text) for p in passages(home)] == [("a", "Text a."), ("c", "New c.")]


def test_ids_that_look_like_parts_are_documents_of_their_own(home: Home, docs: Path) -> None:
    records = [{"id": name, "text": f"Section {name}."} for name in ("3", "3.1", "3.2", "4")]
    path = write_jsonl(docs / "p.jsonl", *records)
    ingest(home, [path])
    assert counts(ingest(home, [path])) == (0, 0, 4, 0)
    records[0]["text"] = "Changed."
    write_jsonl(path, *records)
    assert counts(ingest(home, [path])) == (0, 1, 3, 0)
    assert sorted(p.text for p in passages(home)) == [
        "Changed.",
        "Section 3.1.",
        "Section 3.2.",
        "Section 4.",
    ]


def test_wrong_bytes_cost_their_own_lines_and_no_others(home: Home, docs: Path) -> None:
    """Two lines of wrong bytes turned "caf\u00e9" on a third into mojibake."""
    (docs / "r.jsonl").write_bytes(
        b'{"id": "a", "text": "bad \xff byte"}\n\xff\xfe rubbish\n'
        b'{"id": "b", "text": "a caf\xc3\xa9"}\n{"id": "c", "text": "nul\\u0000 and more"}\n'
    )
    report = ingest(home, [docs], workers=1)
    assert [one.text for one in passages(home)] == [
        "bad \ufffd byte",
        "a caf\u00e9",
        "nul and more",
    ]
    assert [note for _, note in report.notes] == [
        "bytes in it not UTF-8, shown as \ufffd (line 1, 2)"
    ]


def test_records_in_utf16_without_a_mark_and_ids_that_are_null(home: Home, docs: Path) -> None:
    lines = '{"_id": "w", "id": null, "text": "wide"}\n{"id": "", "text": "no id"}\n'
    (docs / "r.jsonl").write_bytes(lines.encode("utf-16-le"))
    report = ingest(home, [docs], workers=1)
    first, second = passages(home)
    assert (first.id, first.text, second.text) == ("w", "wide", "no id")
    assert report.notes == ()
