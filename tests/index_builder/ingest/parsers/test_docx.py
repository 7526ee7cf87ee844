"""Word files whose text stands inside other elements: changes, controls, fields, boxes, notes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from index_builder.ingest.blocks import UnreadableError
from index_builder.ingest.parsers.docx import parse_docx
from tests.worlds.samples import write_word_xml


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(content: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"


def cell(content: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def texts(folder: Path, body: str, **parts: str) -> list[str]:
    path = write_word_xml(
        folder / "x.docx", body, {f"{name}.xml": content for name, content in parts.items()}
    )
    return [block.text for block in parse_docx(path.read_bytes(), path).blocks]


def test_text_inside_other_elements_is_read_and_what_was_taken_out_is_not(tmp_path: Path) -> None:
    """Kind of docx-tracked-changes: python-docx's paragraph.text loses all of these."""
    body = paragraph(
        run("pay ")
        + f"<w:del>{run('90').replace('w:t', 'w:delText')}</w:del><w:ins>{run('145')}</w:ins>"
        + f"<w:hyperlink>{run(' euros')}</w:hyperlink>"
        + f"<w:sdt><w:sdtPr/><w:sdtContent>{run(' each')}</w:sdtContent></w:sdt>"
        + f"<w:smartTag>{run(' and')}</w:smartTag><w:fldSimple>{run(' every')}</w:fldSimple>"
        + f"<w:moveFrom>{run(' gone')}</w:moveFrom><w:moveTo>{run(' night')}</w:moveTo>"
        + run(" unseen", "<w:vanish/>")
        + "<w:r><w:noBreakHyphen/><w:softHyphen/><w:tab/><w:commentReference/></w:r>"
    )
    body += "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
    body += paragraph(run("Click here")) + "</w:sdtContent></w:sdt>"
    body += f"<w:sdt><w:sdtContent>{paragraph(run('In a control.'))}</w:sdtContent></w:sdt>"
    body += f"<w:ins>{paragraph(run('Inserted.'))}</w:ins>"
    assert texts(tmp_path, body) == [
        "pay 145 euros each and every night-",
        "In a control.",
        "Inserted.",
    ]


def test_a_field_shows_its_result_even_over_paragraphs(tmp_path: Path) -> None:
    steps = {
        step: f'<w:r><w:fldChar w:fldCharType="{step}"/></w:r>'
        for step in ("begin", "separate", "end")
    }
    code = "<w:r><w:instrText>REF x</w:instrText></w:r>"
    inner = steps["begin"] + code + steps["separate"] + run("condition") + steps["end"]
    body = paragraph(run("See ") + steps["begin"] + inner + steps["separate"] + run("table 4"))
    body += paragraph(run("of part 2") + steps["end"] + run("."))
    assert texts(tmp_path, body) == ["See table 4", "of part 2."]


def test_what_is_chosen_in_a_form_and_drawn_with_a_symbol_font_is_text(tmp_path: Path) -> None:
    entries = "".join(f'<w:listEntry w:val="{one}"/>' for one in ("North", "South"))
    data = f'<w:ffData><w:ddList><w:result w:val="1"/>{entries}</w:ddList></w:ffData>'
    field = f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r>'
    field += "<w:r><w:instrText>FORMDROPDOWN</w:instrText></w:r>"
    field += '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    degrees = run(" gate, 37") + '<w:r><w:sym w:font="Symbol" w:char="F0B0"/></w:r>' + run("C")
    assert texts(tmp_path, paragraph(field + degrees)) == ["South gate, 37\u00b0C"]


def test_a_deleted_paragraph_mark_joins_two_paragraphs(tmp_path: Path) -> None:
    body = paragraph(run("One "), "<w:rPr><w:del/></w:rPr>") + paragraph(run("sentence."))
    assert texts(tmp_path, body) == ["One sentence."]


def test_text_boxes_once_and_notes_behind_their_paragraph(tmp_path: Path) -> None:
    box = f"<w:txbxContent>{paragraph(run('In a box.'))}</w:txbxContent>"
    drawing = (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing>"
        f"</mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    body = paragraph(run("Paid 48") + '<w:r><w:footnoteReference w:id="2"/></w:r>' + run(" euros"))
    body += paragraph(drawing + run("Beside") + '<w:r><w:endnoteReference w:id="1"/></w:r>')
    foot = '<w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>'
    foot += f'<w:footnote w:id="2">{paragraph(run("Without tax."))}</w:footnote>'
    end = f'<w:endnote w:id="1">{paragraph(run("See the law."))}</w:endnote>'
    assert texts(tmp_path, body, footnotes=foot, endnotes=end) == [
        "Paid 48 [1] euros",
        "[1] Without tax.",
        "Beside [2]",
        "In a box.",
        "[2] See the law.",
    ]


def test_tables_keep_spans_and_nested_tables_and_lose_deleted_rows(tmp_path: Path) -> None:
    nested = f"<w:tbl><w:tr>{cell(paragraph(run('a')))}{cell(paragraph(run('b')))}</w:tr></w:tbl>"
    rows = [
        "<w:trPr><w:tblHeader/></w:trPr>"
        + "".join(cell(paragraph(run(name))) for name in ("Zone", "Day", "Price")),
        cell(paragraph(run("North")), '<w:vMerge w:val="restart"/>')
        + cell(paragraph(run("Monday")) + paragraph(run("Friday")))
        + cell(paragraph(run("4"))),
        cell("<w:p/>", "<w:vMerge/>") + cell(nested + "<w:p/>") + cell(paragraph(run("5"))),
        cell(paragraph(run("All closed in May")), '<w:gridSpan w:val="3"/>'),
        f"<w:trPr><w:del/></w:trPr>{cell(paragraph(run('old')))}",
    ]
    body = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    assert texts(tmp_path, body) == [
        "Zone: North | Day: Monday; Friday | Price: 4\n"
        "Zone: North | Day: a | b | Price: 5\n"
        "All closed in May"
    ]


def test_raised_numbers_and_formulas(tmp_path: Path) -> None:
    high = '<w:vertAlign w:val="superscript"/>'
    body = paragraph(run("held 10") + run("5", high) + run(" cells; 31") + run("4", high))
    formula = (
        "<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r>"
        "</m:den></m:f><m:sSup><m:e><m:r><m:t>n</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r>"
        "</m:sup></m:sSup></m:oMath>"
    )
    assert texts(tmp_path, body + paragraph(formula)) == ["held 10^5 cells; 31 [4]", "1/2n^2"]


def test_a_style_based_on_a_heading_is_a_heading_and_contents_are_left_out(tmp_path: Path) -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="H"><w:name w:val="Clause"/><w:basedOn w:val="B"/>'
        '</w:style><w:style w:type="paragraph" w:styleId="B"><w:name w:val="Base"/><w:basedOn '
        'w:val="H"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="toc 1"/></w:style>'
    )
    body = paragraph(run("Payment .... 3"), '<w:pStyle w:val="T"/>')
    body += paragraph(run("Payment"), '<w:pStyle w:val="H"/>') + paragraph(run("In May."))
    body += paragraph(run("Leave"), '<w:pStyle w:val="H"/>') + paragraph(run("In June."))
    path = write_word_xml(tmp_path / "x.docx", body, {"styles.xml": styles})
    document = parse_docx(path.read_bytes(), path)
    assert [(block.text, block.path) for block in document.blocks] == [
        ("In May.", ("Payment",)),
        ("In June.", ("Leave",)),
    ]


NUMBERING = """
<w:abstractNum w:abstractNumId="5">
  <w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
  <w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1%2)"/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="6">
  <w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="o"/></w:lvl>
</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="5"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="6"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="5"/>
  <w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
"""


def test_lists_have_the_numbers_that_word_shows(tmp_path: Path) -> None:
    """Kind of docx-tracked-changes: every number was a bullet, and "see 4." led nowhere."""

    def item(text: str, list_id: int, level: int = 0) -> str:
        numbers = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
        return paragraph(run(text), numbers)

    body = item("Open.", 1) + item("Left.", 1, 1) + item("Right.", 1, 1) + item("", 1, 1)
    body += item("Close.", 1) + item("Dot.", 2) + item("Anew.", 3) + item("On.", 3)
    body += item("Unknown.", 9) + item("Off.", 0)
    assert texts(tmp_path, body, numbering=NUMBERING) == [
        "3. Open.", "  3a) Left.", "  3b) Right.", "4. Close.", "- Dot.", "1. Anew.", "2. On.",
        "- Unknown.", "Off.",
    ]  # fmt: skip


def test_what_is_no_word_file_says_what_it_is() -> None:
    with pytest.raises(UnreadableError, match="needs a password"):
        parse_docx(b"\xd0\xcf\x11\xe0rest", Path("x.docx"))
    with pytest.raises(UnreadableError, match="no zip archive"):
        parse_docx(b"PK rubbish", Path("x.docx"))


def test_a_part_that_unpacks_to_a_giant_is_refused_before_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (257 * 1024 * 1024))
    with pytest.raises(UnreadableError, match="unpacks to 269,484,032 bytes"):
        parse_docx(path.read_bytes(), path)
