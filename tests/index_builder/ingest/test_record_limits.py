"""A file of records takes a bounded part of the machine; whatever it holds, the run goes on."""

import json
from pathlib import Path

import pytest

from index_builder.ingest.run import ingest
from index_builder.ingest.workers import Limits
from reread.home import Home
from tests.worlds.ingested import passages, write_jsonl

GOOD = {"id": "good", "title": "T", "text": "The key hangs in the boiler room."}
LONG = 16 << 20


def notes_of(report, path: Path) -> list[str]:
    [one] = [one for one in report.files if one.path == str(path)]
    return [*one.notes, *filter(None, [one.matter, one.remedy])]


@pytest.mark.parametrize("suffix", [".jsonl", ".tsv"])
def test_a_line_without_an_end_is_passed_over_and_named(home: Home, docs: Path, suffix: str):
    # 16 MB in a line were held in memory as often as they were copied, whatever their size.
    lines = {
        ".jsonl": ['{"text": "' + "x" * LONG + '"}', json.dumps(GOOD)],
        ".tsv": ["a\t" + "x " * LONG + "\tt", "good\tThe key hangs in the boiler room.\tT"],
    }[suffix]
    path = docs / f"r{suffix}"
    path.write_text("\n".join(lines))
    report = ingest(home, [docs], workers=1)
    assert [one.id for one in passages(home)] == ["good"]
    assert notes_of(report, path) == [
        "line 1: more than 16,777,216 characters in a line; split its text into several records"
    ]


def test_the_last_line_may_be_the_long_one(home: Home, docs: Path):
    (docs / "r.tsv").write_text("good\tThe key.\tT\nb\t" + "x" * LONG)
    report = ingest(home, [docs], workers=1)
    assert [one.id for one in passages(home)] == ["good"]
    assert notes_of(report, docs / "r.tsv")[0].startswith("line 2: more than 16,777,216")


@pytest.mark.parametrize("spelled", ['"{}"', "{}"], ids=["text", "number"])
def test_an_id_of_five_thousand_digits_is_named_with_what_to_do(home, docs, spelled):
    # Kept, it could not be asked for, replaced or removed: addresses take 512 characters.
    id = spelled.format("1" * 5000)
    (docs / "r.jsonl").write_text('{"id": ' + id + ', "text": "x"}\n' + json.dumps(GOOD))
    (docs / "r.tsv").write_text(f"{'1' * 5000}\tx\tt\ntsv\tThe cup.\tT")
    (docs / "r.json").write_text('[{"id": ' + id + ', "text": "x"}]')
    report = ingest(home, [docs], workers=1)
    assert [one.id for one in passages(home)] == ["good", "tsv"]
    long = "an id of 5,000 characters, and 512 are allowed; shorten it"
    digits = "not JSON (a number of more digits than are read; write it as a string)"
    assert notes_of(report, docs / "r.jsonl") == [
        f"line 1: {long if spelled.startswith(chr(34)) else digits}"
    ]
    assert notes_of(report, docs / "r.tsv") == [f"line 1: {long}"]
    assert {Path(one.path).suffix: one.outcome for one in report.files}[".json"] == "skipped"


def test_json_that_unpacks_to_more_than_a_file_may_take_ends_no_run(home, docs):
    # A few MB of "{}" are 20 times as much in memory, and the run's own process held it.
    (docs / "bomb.json").write_text("[" + '{"a":[{},{},{},{},{}]},' * 250_000 + "{}]")
    write_jsonl(docs / "good.jsonl", GOOD)
    report = ingest(home, [docs], workers=1, limits=Limits(memory_bytes=64 << 20))
    assert [one.id for one in passages(home)] == ["good"]
    assert notes_of(report, docs / "bomb.json") == [
        "takes more memory to read than a file may",
        "write one object a line and name it .jsonl",
    ]


def test_a_file_that_takes_too_long_keeps_what_it_had(home: Home, docs: Path):
    many = [{"id": f"r{n}", "title": "T", "text": f"Text {n}."} for n in range(2000)]
    path = write_jsonl(docs / "r.jsonl", *many)
    ingest(home, [docs], workers=1)
    write_jsonl(path, *({**one, "text": one["text"] + " New."} for one in many))
    no_time = Limits(seconds=0.0, seconds_per_megabyte=0.0)
    write_jsonl(docs / "small.txt", GOOD)
    report = ingest(home, [docs], workers=1, limits=no_time)
    assert "took longer than 0 s to read" in notes_of(report, path)
    assert notes_of(report, path)[-1] == "split it"
    assert sum(one.source == str(path) for one in passages(home)) == 2000
