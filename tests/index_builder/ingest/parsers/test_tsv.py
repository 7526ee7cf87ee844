"""DPR's TSV: what is written is what our reader and Python's csv module read."""

import csv
from pathlib import Path

import pytest

from index_builder.ingest.parsers.records import BadLine, Record, read_tsv, write_tsv
from index_builder.ingest.parsers.tsv import MAX_ROW_LINES
from reread.records import Passage

HOSTILE = [
    "tab\there",
    'quotes "inside" and ""doubled"" ones',
    '"all quoted"',
    '"',
    'ends with a quote"',
    "two\nlines",
    "an empty line\n\nbetween",
    'mixed "x"\n\t"y"\r\n\rz',
    "carriage\rreturn",
    "line\u2028separator and \x0b vertical tab",
    "id\ttext\ttitle",
    "plain",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_survive(tmp_path: Path, text: str) -> None:
    passages = [
        Passage("1", "before", "b"),
        Passage("2", text, text),
        Passage(f"3{text}3", "", "c"),
        Passage("4", "after", "d"),
    ]
    path = tmp_path / "psgs.tsv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        assert write_tsv(stream, iter(passages)) == 4
    records = list(read_tsv(path))
    assert [(r.id, r.title, r.text) for r in records] == [(p.id, p.title, p.text) for p in passages]
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter="\t"))
    assert rows == [["id", "text", "title"], *([p.id, p.text, p.title] for p in passages)]


def test_the_plain_file_is_what_dpr_publishes(tmp_path: Path) -> None:
    path = tmp_path / "psgs.tsv"
    with path.open("w", newline="") as stream:
        write_tsv(stream, [Passage("1", "Aaron", 'or "the" prophet'), Passage("2", "B", "x")])
    assert path.read_bytes() == (b'id\ttext\ttitle\n1\t"or ""the"" prophet"\tAaron\n2\tx\tB\n')


def test_lines_are_counted_and_a_mark_that_closes_nothing_swallows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_bytes(
        b'id\ttext\ttitle\r\n1\t"two\nlines"\tA\r\n\r\n2\t"open\tB\n3\tsaid "yes"\tC\n4\n'
    )
    assert list(read_tsv(path)) == [
        Record(2, "1", "A", "two\nlines"),
        Record(5, "2", "B", '"open'),
        Record(6, "3", "C", 'said "yes"'),
        BadLine(7, "1 columns instead of 3"),
    ]


def test_a_stray_mark_costs_a_bounded_look_ahead(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    rows = [f"{n}\ttext {n}\tT" for n in range(3 * MAX_ROW_LINES)]
    rows[5] = '5\t"stray\tT'
    path.write_text("id\ttext\ttitle\n" + "\n".join(rows) + "\n")
    texts = [record.text for record in read_tsv(path)]
    assert texts == [f"text {n}" if n != 5 else '"stray' for n in range(3 * MAX_ROW_LINES)]


def test_other_encodings_keep_quoted_lines(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_bytes('id\ttext\ttitle\n1\t"caf\u00e9\nau lait"\tA\n'.encode("cp1252"))
    assert list(read_tsv(path)) == [Record(2, "1", "A", "caf\u00e9\nau lait")]
