"""Text files nearly valid: bytes, front matter, substitutions; nothing glued, lost or silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from index_builder.ingest.encoding import decode_text
from index_builder.ingest.parsers.markdown import parse_markdown
from index_builder.ingest.parsers.plain_text import parse_plain_text
from index_builder.ingest.parsers.rst import parse_rst


def decoded(data: bytes) -> tuple[str, list[str]]:
    notes: list[str] = []
    return decode_text(data, notes.append), notes


def test_one_wrong_byte_is_named_and_the_rest_stays() -> None:
    good = "K\u00f6ln, \u0141\u00f3d\u017a, \u6771\u4eac\n" * 30
    text, notes = decoded(good.encode() + b"bad \xff byte\n" + good.encode())
    assert text == good + "bad \ufffd byte\n" + good
    assert notes == ["1 byte in it not UTF-8, shown as \ufffd (line 31)"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        "Plain words here.\nMore.",
        "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440 1\n" * 9,
        "\u6e21\u8f6e\u65e9\u4e0a\u4e03\u70b9\u51fa\u53d1\u3002",  # no NUL in it, or one
        "\u4e00\u65e5\u4e2d\u3001\u6771\u4eac\u30bf\u30ef\u30fc",
        "\uc6d4\uc694\uc77c\uc5d0 \ub2eb\uc2b5\ub2c8\ub2e4.",
        "\u0e1b\u0e34\u0e14\u0e27\u0e31\u0e19",  # each of its bytes is ASCII
    ],
)
def test_utf16_without_a_mark(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == (text, [])


def test_some_wrong_bytes_in_few_words_are_still_wrong_bytes_of_utf8() -> None:
    text, notes = decoded("Caf\u00e9 ".encode() + b"\xff" + " na\u00efve ".encode() + b"\xfe")
    assert text == "Caf\u00e9 \ufffd na\u00efve \ufffd"
    assert notes == ["2 bytes in it not UTF-8, shown as \ufffd (line 1)"]


def test_japanese_of_few_bytes_is_not_taken_for_latin() -> None:
    text = "\u6771\u4eac\u30bf\u30ef\u30fc\u306f\u8d64\u3044\u3067\u3059\u3002"
    assert decoded(text.encode("shift_jis")) == decoded(text.encode("euc_jp")) == (text, [])


def test_words_divided_at_the_ends_of_lines_are_whole() -> None:
    """Kind of pdf-soft-hyphens-ligatures: "con- troller" is neither read nor found."""
    text = "Title of it\n\nThe pump has a con-\ntroller and a well-known en\u00ad\ngine, and is "
    text += "well-\n"
    text += "known. See A-\nB and 2019-\n2020.\n\n- one-\n- two\n"
    document = parse_plain_text(text.encode(), Path("x.txt"))
    assert [block.text for block in document.blocks] == [
        "The pump has a controller and a well-known engine, and is well-known. "
        "See A- B and 2019- 2020.",
        "- one-",
        "- two",
    ]


def test_a_nul_is_left_out_and_said() -> None:
    text, notes = decoded(b"The gate\0 opens at six, the door at seven.\n")
    assert text == "The gate opens at six, the door at seven.\n"
    assert notes == ["1 NUL character in it left out"]


def test_latin_text_stays_latin() -> None:
    assert decoded("K\u00e4se und Br\u00f6tchen".encode("cp1252")) == (
        "K\u00e4se und Br\u00f6tchen",
        [],
    )


@pytest.mark.parametrize(
    ("block", "title", "noted"),
    [
        ("title: Guide: Rotating keys\ntags: [a, b]", "Guide: Rotating keys", True),
        ("title: 'Notes: build #2'\ndate: 2026-02-31", "Notes: build #2", True),
        ("title: {{ page.name }}\nweight: 20", "x", True),
        ('title: "{{ page.name }}"\nweight: 20', "x", False),
        ("title: Good\nlist:\n  - a", "Good", False),
        ("# only a comment", "x", False),
        ("title: >-\n  Folded: over\n  lines\nbad: [a", "Folded: over lines", True),
        ('title: "Never closed\ntags: [a]', "Never closed", True),
    ],
)
def test_front_matter_nearly_valid(block: str, title: str, noted: bool) -> None:
    """Kind of md-front-matter: never text, never a heading."""
    document = parse_markdown(f"---\n{block}\n---\n\nThe text.".encode(), Path("x.md"))
    assert (document.title, [one.text for one in document.blocks]) == (title, ["The text."])
    assert bool(document.notes) == noted


def test_front_matter_may_name_its_language() -> None:
    data = b'---json\n{"title": "Named"}\n---\nThe text.'
    document = parse_markdown(data, Path("x.md"))
    assert (document.title, [one.text for one in document.blocks]) == ("Named", ["The text."])


RST = """
.. |a| replace:: the |b| tower
.. |b| replace:: old
.. |me| replace:: never |me|
.. |logo| image:: x.png
   :alt: our mark
.. |today| date::
.. |made| program-version:: 7

The |A| of |logo| has 10\\ :sup:`6` bricks, |unknown| stones, on |today|, |made|, and |me|.

.. ifconfig:: edition == 'full'

   In the full edition.

.. only:: latex

   On paper.

.. list-table::
   :header-rows: 1

   * - Plant
     - pH
   * - Rose
     - - 6
       - 7
"""


def test_rst_uses_what_it_defines() -> None:
    document = parse_rst(RST.encode(), Path("x.rst"))
    text, full, paper, table = (block.text for block in document.blocks)
    assert text.startswith(
        "The the old tower of our mark has 10^6 bricks, |unknown| stones, on |today|, "
        "7, and never never"
    )
    assert text.endswith("|me|.")
    assert (full, paper) == ("In the full edition.", "On paper.")
    assert table == "Plant: Rose | pH: 6; 7"


def test_html_within_rst_is_text_and_other_markup_is_not() -> None:
    raw = "\n\n".join(
        f".. raw:: {kind}\n\n   {body}"
        for kind, body in (
            ("html", "<p>The lid is <b>blue</b>.</p><script>x()</script>"),
            ("latex", "\\newpage"),
        )
    )
    raw += "\n\n.. |sign| raw:: html\n\n   <b>Stop</b>"
    document = parse_rst(f"Before.\n\n{raw}\n\nA |sign|.".encode(), Path("x.rst"))
    assert [block.text for block in document.blocks] == ["Before.", "The lid is blue.", "A Stop."]
