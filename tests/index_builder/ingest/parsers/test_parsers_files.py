"""PDF and Word files, JSONL, JSON and TSV, written here and read back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from index_builder.ingest.blocks import Block, UnreadableError
from index_builder.ingest.parsers.docx import parse_docx
from index_builder.ingest.parsers.pdf import parse_pdf
from index_builder.ingest.parsers.records import BadLine, Record, read_json, read_jsonl, read_tsv
from tests.worlds.samples import write_docx, write_pdf

BODY = [
    "The first paragraph of this page is long enough to wrap, and its words go on to the",
    "next line, where a hyphen-",
    "ated word is made whole.",
    "A second paragraph (with brackets) begins here and fills the line to its very end so",
    "that it continues.",
]


def test_pdf_pages_headings_and_paragraphs(tmp_path: Path) -> None:
    pages = [
        ["Annual Report", "Introduction", *BODY, "Page 1"],
        ["Annual Report", "2 Results", "Sales rose.", "Page 2"],
        ["Annual Report", "Costs fell.", "Page 3"],
    ]
    path = write_pdf(
        tmp_path / "r.pdf",
        pages,
        title="Report 2024",
        bookmarks=[("Introduction", 0), ("Results", 1)],
    )
    document = parse_pdf(path.read_bytes(), path)
    assert document.title == "Report 2024"
    assert document.blocks == (
        Block(
            "paragraph",
            "The first paragraph of this page is long enough to wrap, and its words go on to the "
            "next line, where a hyphenated word is made whole.",
            ("Introduction",),
            1,
        ),
        Block(
            "paragraph",
            "A second paragraph (with brackets) begins here and fills the line to its very end so "
            "that it continues.",
            ("Introduction",),
            1,
        ),
        Block("paragraph", "Sales rose.", ("Results",), 2),
        Block("paragraph", "Costs fell.", ("Results",), 3),
    )


def test_scanned_and_encrypted_pdfs_say_so(tmp_path: Path) -> None:
    scanned = write_pdf(tmp_path / "scan.pdf", [[], []])
    with pytest.raises(UnreadableError, match=r"scanned PDF: its 2 pages hold no text"):
        parse_pdf(scanned.read_bytes(), scanned)
    locked = write_pdf(tmp_path / "locked.pdf", [["secret"]], password="key")
    with pytest.raises(UnreadableError, match="needs a password"):
        parse_pdf(locked.read_bytes(), locked)


def test_docx(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "garden.docx")
    document = parse_docx(path.read_bytes(), path)
    assert document.title == "Garden Handbook"
    assert document.blocks == (
        Block("paragraph", "Everything about plants."),
        Block("paragraph", "Good soil holds water and air.", ("Soil",)),
        Block("item", "- Compost feeds it.", ("Soil",)),
        Block("item", "- Sand drains it.", ("Soil",)),
        Block("table", "Plant: Blueberry | pH: 4.5\nAll others 6.5", ("Soil", "Acidity")),
    )


def test_jsonl_names_each_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(
        '\ufeff{"id": 7, "title": "T", "text": "one"}\n'
        "\n"
        '{"id": "8", "text": "no title"}\n'
        '{"id": "9", "title": "T"}\n'
        "{broken\n"
        "[1]\n"
        '{"id": [1], "text": "x"}\n'
        '{"id": "10", "text": "  "}\n'
        '{"id": "11", "text": "lone \\ud800 surrogate"}\n',
        encoding="utf-8",
    )
    assert list(read_jsonl(path)) == [
        Record(1, "7", "T", "one"),
        Record(3, "8", "", "no title"),
        BadLine(4, "no 'text', or it is not a string"),
        BadLine(5, "not JSON (Expecting property name enclosed in double quotes)"),
        BadLine(6, "a JSON list instead of an object"),
        BadLine(7, "'id' is neither a string nor a whole number"),
        BadLine(8, "its text is empty"),
        Record(9, "11", "", "lone ? surrogate"),
    ]


def test_fid_and_dpr_objects_give_their_contexts(tmp_path: Path) -> None:
    question = {
        "question": "q",
        "answers": ["a"],
        "ctxs": [
            {"id": "1", "title": "T", "text": "x", "score": "1.0"},
            {"title": "U", "text": "y"},
        ],
    }
    (tmp_path / "p.jsonl").write_text(json.dumps(question))
    (tmp_path / "p.json").write_text(json.dumps([question]))
    first, second = read_jsonl(tmp_path / "p.jsonl")
    assert first == Record(1, "1", "T", "x", from_context=True)
    assert isinstance(second, Record) and len(second.id) == 16
    assert list(read_json(tmp_path / "p.json")) == [first, second]


def test_other_json_is_refused_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "x"}')
    with pytest.raises(UnreadableError, match="not a list of objects"):
        list(read_json(tmp_path / "package.json"))


def test_tsv_as_dpr_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "psgs.tsv"
    path.write_text(
        'id\ttext\ttitle\n1\t"He said ""hi"" twice"\tA\n2\t"stray quote\tB\n'
        '3\tplain "x" text\tC\n4\n'
    )
    assert list(read_tsv(path)) == [
        Record(2, "1", "A", 'He said "hi" twice'),
        Record(3, "2", "B", '"stray quote'),
        Record(4, "3", "C", 'plain "x" text'),
        BadLine(5, "1 columns instead of 3"),
    ]


def test_tsv_columns_are_found_by_name_and_default_to_dprs_order(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("Title\tID\tText\nT\t1\tx\n")
    (tmp_path / "b.tsv").write_text("1\tx\tT\n")
    assert list(read_tsv(tmp_path / "a.tsv")) == [Record(2, "1", "T", "x")]
    assert list(read_tsv(tmp_path / "b.tsv")) == [Record(1, "1", "T", "x")]


def test_records_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes('{"id": "1", "text": "Käse"}\n'.encode("cp1252"))
    assert list(read_jsonl(path)) == [Record(1, "1", "", "Käse")]


def test_gzip_named_as_text_is_binary(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(gzip.compress(b"x" * 1000))
    with pytest.raises(UnreadableError, match="not text: "):
        list(read_jsonl(path))
