"""Awkward files after public bug reports, each ingested by the command line as a user would."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from command.__main__ import run
from reread.home import Home
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


def test_ids_of_beir_are_ids(home: Home) -> None:
    ingested(home, field_case("beir-jsonl", "corpus.jsonl"))
    assert [one.id for one in passages(home)] == ["doc-17", "doc-18"]


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
    assert "Bring your own cup." in capsys.readouterr().out
    assert run(["documents", "show", "none", "--home", str(home.root)]) != 0
