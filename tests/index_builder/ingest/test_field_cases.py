"""Awkward files after public bug reports, each ingested by the command line as a user would."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
from pathlib import Path

import pytest

from command.__main__ import run
from index_builder.build.generation import Plan, build_generation
from reread.home import Home
from reread.records import Passage
from reread.search.words import BM25Retriever
from tests.worlds.field import field_case
from tests.worlds.ingested import passages


def ingested(home: Home, *paths: Path) -> str:
    """Everything the corpus then holds, as one text; titles stand before texts."""
    assert run(["ingest", *map(str, paths), "--home", str(home.root)]) == 0
    return "\n".join(f"{one.title}\n{one.text}" for one in passages(home))


RIGHT = [
    (
        "docx-tracked-changes",
        "reviewed-policy.docx",
        ["refunded up to 145 euros a night", "booked in first class", "within 21 days."],
        [r"\b90\b", "second"],
    ),
    (
        "html-superscripts",
        "constants.html",
        [
            "10^6 litres",
            "2 1/2 centimetres",
            "3\u00d710^-9 mbar",
            "48,200 [1] inhabitants",
            "125 [a]",
        ],
        [],
    ),
    ("html-superscripts", "constants.md", ["2^40 bytes", "n^2", "H2O"], []),
    ("html-superscripts", "superscripts.docx", ["10^5 cells", "31 [4] patients"], []),
    (
        "pdf-soft-hyphens-ligatures",
        "typeset.pdf",
        [
            "optoelectronic",
            "controller",
            "bypass",
            "The filter is flushed",
            "engineer signs the log",
        ],
        [],
    ),
    ("pdf-aes-permissions", "public-notice.pdf", ["takes place on 14 October in the town"], []),
    ("pdf-aes-permissions", "public-notice-aes128.pdf", ["by-pass takes place on 14 Oct"], []),
    ("pdf-two-columns-and-table", "newsletter.pdf", ["leaves at seven in the morning and"], []),
    (
        "pdf-two-columns-and-table",
        "newsletter-rows.pdf",
        ["leaves at seven in the morning and"],
        [],
    ),
    ("pdf-two-columns-and-table", "tariff.pdf", ["Zone: Zone A | Adult: 2.40 | Child: 1.20"], []),
    ("md-front-matter", "colon.md", ["Cluster guide: Rotating the signing keys\n"], ["layout"]),
    ("md-front-matter", "hash.md", ["Release notes: build #218"], ["2026-02-31"]),
    ("md-front-matter", "template.md", ["template\nThe billing service"], ["page.name", "weight"]),
    (
        "rst-substitutions",
        "limits.rst",
        [
            "Quillon Archive may be at most 25 MB large",
            "for ninety days",
            "|version|",
            "at night only",
        ],
        [r"^html$"],
    ),
    ("beir-jsonl", "corpus.jsonl", ["Paper is collected"], []),
]


@pytest.mark.parametrize(("case", "name", "present", "absent"), RIGHT)
def test_right_values(
    home: Home, case: str, name: str, present: list[str], absent: list[str]
) -> None:
    text = ingested(home, field_case(case, name))
    assert [words for words in present if words not in text] == []
    assert [words for words in absent if re.search(words, text, re.MULTILINE)] == []


def best(held: list[Passage], question: str, count: int = 2) -> list[tuple[str, float]]:
    """Ids and scores of what BM25's defaults find first."""
    [hits] = BM25Retriever.build(held).search([question], count)
    return [(held[hit.row].id, hit.score) for hit in hits]


def test_ids_of_beir_are_ids_and_count_as_gold(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """Case beir-jsonl: recall by passage was 0.0 and nothing was said of `_id`."""
    ingested(home, field_case("beir-jsonl", "corpus.jsonl"))
    assert [one.id for one in passages(home)] == ["doc-17", "doc-18"]
    build_generation(home, Plan("bm25", verify=lambda *_: {}))
    capsys.readouterr()
    asked = ["--questions", str(field_case("beir-jsonl", "questions.jsonl")), "--no-reader"]
    assert run(["evaluate", *asked, "--json", "--home", str(home.root)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recall_at"]["passage"]["1"] == 1.0 and found["absent_gold"] is None


@pytest.mark.parametrize("name", ["langchain.jsonl", "pyserini.jsonl"])
def test_records_of_other_tools_are_named_with_what_to_do(
    home: Home, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ingest", str(field_case("beir-jsonl", name)), "--home", str(home.root)]) == 2
    assert "'text'" in capsys.readouterr().err


def test_what_typesetting_did_to_words_hides_none_from_search(home: Home) -> None:
    """Case pdf-soft-hyphens-ligatures: a search for filter, controller, engineer scored 0."""
    ingested(home, field_case("pdf-soft-hyphens-ligatures", "typeset.pdf"))
    for word in ("filter", "controller", "engineer", "optoelectronic", "by-pass", "flushed"):
        assert best(passages(home), word, 1)[0][1] > 0, word


def test_both_newsletters_read_the_same(home: Home, tmp_path: Path) -> None:
    """Case pdf-two-columns-and-table: the one written line by line was read straight across."""
    other = Home(tmp_path / "other")
    texts = [
        ingested(one, field_case("pdf-two-columns-and-table", name)).partition("\n")[2]
        for one, name in ((home, "newsletter.pdf"), (other, "newsletter-rows.pdf"))
    ]  # without the title, in which they differ
    assert texts[0] == texts[1] and "at five. Tickets" in texts[0]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What does version 2.1.3 fix?", "v2.1.3"),
        ("How are C++ sources formatted?", "cpp"),
        ("How are C# sources formatted?", "csharp"),
        ("Which pump does C-1204-AB fit?", "part-c"),
        ("What does --no-verify do?", "flag-no"),
        ("What does --verify do?", "flag-yes"),
        ("What does IF do?", "if"),
        ("What does THEN do?", "then"),
        ("What does ERR_CONN_REFUSED mean?", "err-2"),
        ("user by id", "camel"),
    ],
)
def test_identifiers_find_their_own_first(question: str, first: str) -> None:
    """Case identifiers: 2.1.3 found 1.2.3, C++ was C#, "What does IF do?" scored 0."""
    lines = field_case("identifiers", "docs.jsonl").read_text().splitlines()
    found = best([Passage(**json.loads(line)) for line in lines], question)
    assert found[0][0] == first and found[0][1] > found[1][1]


def test_what_was_deleted_or_renamed_is_named_and_leaves(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Case deleted-file-stays: "Nothing has changed", and the withdrawn page went on answering."""
    docs = tmp_path / "given"
    shutil.copytree(field_case("deleted-file-stays", "docs"), docs)
    docs.chmod(0o755)
    ingested(home, docs)
    (docs / "withdrawn.md").unlink()
    ingested(home, docs)
    told = " ".join(capsys.readouterr().out.split())
    assert "still in the corpus" in told and "withdrawn.md (--sync takes it out)" in told
    (docs / "keep.md").rename(docs / "kept.md")
    assert run(["ingest", str(docs), "--sync", "--home", str(home.root)]) == 0
    [left] = passages(home)
    assert left.source == str(docs / "kept.md") and "bonus" not in left.text
    (docs / "more.md").write_text("The canteen opens at noon.")
    ingested(home, docs)
    assert run(["remove", left.id, "--home", str(home.root)]) == 0
    assert [one.text for one in passages(home)] == ["The canteen opens at noon."]


def test_the_case_of_a_name_that_is_not_utf8(home: Home, tmp_path: Path) -> None:
    """Case filename-not-utf8: UnicodeEncodeError, exit 1, and not even good.md was stored."""
    shutil.copy(field_case("filename-not-utf8", "make.py"), tmp_path / "make.py")
    runpy.run_path(str(tmp_path / "make.py"))
    text = ingested(home, tmp_path / "docs")
    assert "repaired in 2019 by the company Tannert" in text and "boiler room" in text


def test_a_name_that_is_not_utf8_ends_no_run(home: Home, docs: Path) -> None:
    """Kind of filename-not-utf8: UnicodeEncodeError, and not even good.md came in."""
    (docs / "good.md").write_text("# Good\n\nThe key hangs in the boiler room.\n")
    bad = os.fsencode(docs) + b"/\xdcbersicht.md"
    Path(os.fsdecode(bad)).write_text("The roof was repaired in 2019 by the company Tannert.")
    (docs / "ids.jsonl").write_text('{"id": 1' + "0" * 5000 + ', "text": "x"}\n{"text": "kept"}\n')
    report = docs.parent / "report.json"
    assert run(["ingest", str(docs), "--home", str(home.root), "--report", str(report)]) == 0
    found = {one.text: one.title for one in passages(home)}
    assert found["The roof was repaired in 2019 by the company Tannert."] == "\u00dcbersicht"
    assert "kept" in found and len(found) == 3
    files = {Path(one["path"]).name: one for one in json.loads(report.read_text())["files"]}
    assert {name: one["outcome"] for name, one in files.items()} == {
        "good.md": "added",
        "\\xdcbersicht.md": "added",
        "ids.jsonl": "read",
    }
    assert files["ids.jsonl"]["notes"] == [
        "line 1: not JSON (a number of more digits than are read; write it as a string)"
    ]


def test_documents_are_listed_and_shown(
    home: Home, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (docs / "rules.txt").write_text("Bring your own cup.")
    ingested(home, docs)
    id = passages(home)[0].id
    capsys.readouterr()
    assert run(["documents", "--home", str(home.root)]) == 0
    listed = capsys.readouterr().out
    assert id in listed and "Corpus 1: 1 documents, 1 passages." in listed
    assert run(["documents", "show", id, "--home", str(home.root)]) == 0
    shown = capsys.readouterr().out
    assert "Bring your own cup." in shown
    assert "rules.txt" in listed and str(docs) not in listed + shown  # as the service shows it
    assert run(["documents", "show", "none", "--home", str(home.root)]) != 0
