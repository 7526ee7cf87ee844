"""PDF pages where the place says what belongs together, and files that hide or lack their text."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    TextStringObject,
)

from index_builder.ingest.blocks import ParsedDocument, UnreadableError
from index_builder.ingest.parsers.pdf import parse_pdf
from tests.worlds.samples import placed, write_pdf

LEFT = ["The ferry to the island leaves at", "seven in the morning and comes", "back at five."]
RIGHT = [
    "A museum of clocks is closed on",
    "every Monday. Tours begin at noon",
    "and last an hour.",
]
COLUMNS = (
    "The ferry to the island leaves at seven in the morning and comes back at five.",
    "A museum of clocks is closed on every Monday. Tours begin at noon and last an hour.",
)


def parsed(path: Path) -> ParsedDocument:
    return parse_pdf(path.read_bytes(), path)


def read(path: Path) -> list[str]:
    return [block.text for block in parsed(path).blocks]


@pytest.mark.parametrize("by_rows", [True, False])
def test_two_columns_read_the_same_whatever_the_order_in_the_file(
    tmp_path: Path, by_rows: bool
) -> None:
    """Kind of pdf-two-columns: pypdf read newsletter-rows.pdf straight across."""
    left = [(60, 700 - 14 * i, text) for i, text in enumerate(LEFT)]
    right = [(320, 700 - 14 * i, text) for i, text in enumerate(RIGHT)]
    pairs = [text for pair in zip(left, right, strict=True) for text in pair]
    heading = [(60, 740, "News of the harbour and of all that is going on around it this summer")]
    stream = placed(heading + (pairs if by_rows else [*left, *right]))
    path = write_pdf(tmp_path / "n.pdf", [stream])
    text = " ".join(read(path))
    assert text.endswith(" ".join(COLUMNS)) and text.startswith("News of the harbour")


def test_a_table_keeps_its_rows_and_columns(tmp_path: Path) -> None:
    rows = [("Zone", "Adult", "Child"), ("A", "2.40", "1.20"), ("B", "", "2.20"), ("C", "4", "3")]
    cells = [
        (60 + 110 * column, 700 - 18 * row, text)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
        if text
    ]
    path = write_pdf(tmp_path / "t.pdf", [placed([(60, 730, "Prices are in euros."), *cells])])
    assert read(path) == [
        "Prices are in euros.",
        "Zone: A | Adult: 2.40 | Child: 1.20\nZone: B | Child: 2.20\nZone: C | Adult: 4 | Child: 3",
    ]


def test_words_divided_at_the_end_of_lines_and_pages_are_whole(tmp_path: Path) -> None:
    pages = [
        ["The well-known meter is read by the con\xad", "troller, and the opto-", "electronic one"
         " by an en-"],
        ["gineer who is well-", "known here."],
    ]  # fmt: skip
    path = write_pdf(tmp_path / "h.pdf", pages)
    assert read(path) == [
        "The well-known meter is read by the controller, and the optoelectronic one by an engineer "
        "who is well-known here."
    ]


def test_raised_numbers_stay_apart(tmp_path: Path) -> None:
    stream = (
        "BT /F1 11 Tf 72 700 Td (held 10) Tj 4 Ts /F1 7 Tf (6) Tj 0 Ts /F1 11 Tf ( cells in 48,200)"
        " Tj 4 Ts /F1 7 Tf (1) Tj 0 Ts /F1 11 Tf ( towns) Tj ET"
    )
    assert read(write_pdf(tmp_path / "s.pdf", [stream])) == ["held 10^6 cells in 48,200 [1] towns"]
    day = (
        "BT /F1 11 Tf 72 700 Td (on the 5) Tj 4 Ts /F1 7 Tf (th) Tj 0 Ts /F1 11 Tf ( of May) Tj ET"
    )
    assert read(write_pdf(tmp_path / "d.pdf", [day])) == ["on the 5th of May"]  # was "5thof"


def test_a_form_of_labels_has_no_header(tmp_path: Path) -> None:
    """Kind of pdf-two-columns-and-table: it read "Name: City: | Ann Lee: Fernhill"."""
    rows = [("Name:", "Ann Lee"), ("City:", "Fernhill"), ("Phone:", "555-0199")]
    cells = [
        (x, 700 - 20 * row, text)
        for row, pair in enumerate(rows)
        for x, text in zip((60, 200), pair, strict=True)
    ]
    path = write_pdf(tmp_path / "f.pdf", [placed(cells)])
    assert read(path) == ["Name: Ann Lee\nCity: Fernhill\nPhone: 555-0199"]


def rows_at(top: float, *rows: tuple[str, str]) -> list[tuple[float, float, str]]:
    pairs = [
        (x, top - 16 * n, row[i]) for n, row in enumerate(rows) for i, x in ((0, 60), (1, 200))
    ]
    return [(float(x), y, text) for x, y, text in pairs]


def test_a_table_that_goes_on_over_the_page_keeps_its_header(tmp_path: Path) -> None:
    first = rows_at(100, ("Part", "Price"), ("Hose", "0.50"), ("Pump", "9.50"))
    rest = rows_at(760, ("Belt", "4.50"), ("Lid", "5.50"), ("Nut", "0.10"))
    path = write_pdf(tmp_path / "o.pdf", [placed(first), placed(rest)])
    assert read(path) == [
        "Part: Hose | Price: 0.50\nPart: Pump | Price: 9.50",
        "Part: Belt | Price: 4.50\nPart: Lid | Price: 5.50\nPart: Nut | Price: 0.10",
    ]


def test_a_second_table_below_has_its_own_header(tmp_path: Path) -> None:
    first = rows_at(700, ("Zone", "Fee"), ("A", "2"), ("B", "3"))
    second = rows_at(630, ("Month", "Days"), ("May", "31"), ("June", "30"))
    assert read(write_pdf(tmp_path / "s.pdf", [placed(first + second)])) == [
        "Zone: A | Fee: 2\nZone: B | Fee: 3",
        "Month: May | Days: 31\nMonth: June | Days: 30",
    ]


def test_two_lines_of_two_columns_are_columns(tmp_path: Path) -> None:
    left = ["The ferry leaves at seven in", "the morning and comes back."]
    right = ["The museum of clocks is closed", "on every Monday of the year."]
    both = [(x, 700 - 14 * n, side[n]) for n in range(2) for x, side in ((60, left), (320, right))]
    assert " ".join(read(write_pdf(tmp_path / "c.pdf", [placed(both)]))) == " ".join(left + right)


@pytest.mark.parametrize("turn", ["0 1 -1 0 500 100", "0 -1 1 0 100 700", "-1 0 0 -1 500 500"])
def test_a_table_that_lies_across_the_sheet_is_read_as_it_lies(tmp_path: Path, turn: str) -> None:
    """Kind of pdf-two-columns-and-table: turned text came out letter by letter, backwards."""
    cells = [("Zone", "Fee"), ("A", "2.40"), ("B", "3.10")]
    turned = placed(
        [
            (x, 60 - 20 * row, text)
            for row, pair in enumerate(cells)
            for x, text in zip((0, 110), pair, strict=True)
        ]
    )
    upright = placed([(60, 780, "An upright caption of it.")])
    path = write_pdf(tmp_path / "t.pdf", [f"{upright}\nq {turn} cm\n{turned}\nQ"])
    assert read(path) == ["An upright caption of it.", "Zone: A | Fee: 2.40\nZone: B | Fee: 3.10"]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_file_that_every_viewer_opens_is_read(tmp_path: Path, algorithm: str) -> None:
    """Kind of pdf-aes-permissions: an owner's password alone is no bar."""
    path = write_pdf(tmp_path / "a.pdf", [["The hearing."]], password="", algorithm=algorithm)
    assert read(path) == ["The hearing."]


def test_pages_without_text_are_named(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "p.pdf", [["One."], [], ["Three."], []])
    document = parsed(path)
    assert [(block.text, block.page) for block in document.blocks] == [("One.", 1), ("Three.", 3)]
    assert document.notes == ("pages 2, 4 without text: scanned pages need OCR first",)


def test_what_stands_in_a_forms_fields_is_text(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(write_pdf(tmp_path / "b.pdf", [["Name of the firm:"]])))
    page = writer.pages[0]
    field = writer._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Widget"),
                NameObject("/FT"): NameObject("/Tx"),
                NameObject("/T"): TextStringObject("firm"),
                NameObject("/F"): FloatObject(4),
                NameObject("/V"): TextStringObject("Tannert Roofing"),
                NameObject("/DA"): TextStringObject("/F1 11 Tf 0 g"),
                NameObject("/Rect"): ArrayObject([FloatObject(n) for n in (180, 765, 400, 783)]),
            }
        )
    )
    page[NameObject("/Annots")] = ArrayObject([field])
    fonts = page["/Resources"]["/Font"]  # type: ignore[index]
    writer._root_object[NameObject("/AcroForm")] = DictionaryObject(
        {
            NameObject("/Fields"): ArrayObject([field]),
            NameObject("/DR"): DictionaryObject({NameObject("/Font"): fonts}),
            NameObject("/DA"): TextStringObject("/F1 11 Tf 0 g"),
        }
    )
    writer.write(tmp_path / "f.pdf")
    assert "Tannert Roofing" in " ".join(read(tmp_path / "f.pdf"))


def test_a_font_that_hides_its_characters_is_not_ingested_as_rubbish(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "plain.pdf", [placed([(72, 700, "ABCDEFGHIJKL")]), ["Readable."]])
    writer = PdfWriter(clone_from=PdfReader(path))
    composite = writer._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type0"),
                NameObject("/BaseFont"): NameObject("/Hidden"),
                NameObject("/Encoding"): NameObject("/Identity-H"),
                NameObject("/DescendantFonts"): ArrayObject([_descendant()]),
            }
        )
    )
    resources = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): composite})}
    )
    writer.pages[0][NameObject("/Resources")] = resources
    writer.write(tmp_path / "hidden.pdf")
    document = parsed(tmp_path / "hidden.pdf")
    assert [block.text for block in document.blocks] == ["Readable."]
    assert len(document.notes) == 1 and document.notes[0].startswith("page 1 ")


def _descendant() -> DictionaryObject:
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/CIDFontType2"),
            NameObject("/BaseFont"): NameObject("/Hidden"),
            NameObject("/CIDSystemInfo"): DictionaryObject(
                {
                    NameObject("/Registry"): TextStringObject("Adobe"),
                    NameObject("/Ordering"): TextStringObject("Identity"),
                    NameObject("/Supplement"): FloatObject(0),
                }
            ),
        }
    )


def test_a_password_is_asked_for_and_no_file_is_called_broken_for_it(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "l.pdf", [["secret"]], password="key", algorithm="AES-256")
    with pytest.raises(UnreadableError, match="needs a password to be opened; save it without"):
        parsed(path)
