"""Web pages: what a person can read arrives, apart where it stands apart; furniture does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from index_builder.ingest.parsers.html import parse_html
from index_builder.ingest.parsers.markdown import parse_markdown


def texts(page: str) -> list[str]:
    return [block.text for block in parse_html(page.encode(), Path("x.html")).blocks]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            "<h1>F</h1><h2><button aria-controls=a>How long?</button></h2><p id=a hidden>Days.</p>",
            ["Days."],
        ),
        (
            "<button class=accordion>Returns policy</button>"
            "<div class=panel style='display:none'>Within 30 days.</div><button>Copy</button>",
            ["Returns policy", "Within 30 days."],
        ),
        (
            "<form><legend>Hours</legend><p>From 9 to 5.</p><input value=145><input type=hidden "
            "value=x><select><option>Red<option>Blue</select><button>Submit</button></form>",
            ["Hours", "From 9 to 5.", "145 Red Blue"],
        ),
        ("<div role=tabpanel aria-hidden=true hidden>Tab two</div>", ["Tab two"]),
        (
            "<section><header><h2>S</h2><p>By Ann</p></header>x<footer>Signed</footer></section>",
            ["By Ann", "x", "Signed"],
        ),
        ("<aside class='admonition note'><p>Note</p><p>Mind.</p></aside>", ["Note", "Mind."]),
        ("<details><summary>More</summary>inside</details>", ["More", "inside"]),
        ("<article>one</article><article>two</article>loose", ["one", "two", "loose"]),
        ("<svg><title>icon</title></svg><svg><text>Label</text></svg>", ["Label"]),
        ("<p>Phone<br>12</p><footer><p>Open Mondays.</p></footer>", ["Phone 12", "Open Mondays."]),
    ],
)
def test_nothing_readable_is_furniture_by_its_tag(page: str, expected: list[str]) -> None:
    assert texts(page) == expected


def test_furniture_goes() -> None:
    page = (
        "<header><a href=/>Acme</a></header><nav><a href=a>Home</a></nav><script>x</script>"
        "<div id=cookie-bar>We use cookies. <button>Accept</button></div>"
        "<dialog open>Your privacy: we and partners track. <a href=x>No</a></dialog>"
        "<p hidden>draft</p><p style='display: none'>old</p><aside><a href=a>Related</a></aside>"
        "<h2>Cookies<a class=headerlink>#</a></h2><p>Bake at 180.</p>"
        "<footer>\u00a9 2026 Acme</footer>"
    )
    document = parse_html(page.encode(), Path("x.html"))
    assert [(block.text, block.path) for block in document.blocks] == [("Bake at 180.", ())]
    assert document.title == "Cookies"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("10<sup>6</sup> l", "10^6 l"),
        ("2<sup>1</sup>/<sub>2</sub> cm", "2 1/2 cm"),
        ("3&times;10<sup>-9</sup>", "3\u00d710^-9"),
        ("48,200<sup>1</sup> people", "48,200 [1] people"),
        ("in 10<sup><a href='#n1'>1</a></sup> towns", "in 10 [1] towns"),
        ("<a href='#f2'><sup>2</sup></a>48", "[2] 48"),
        ("125<sup>a</sup>", "125 [a]"),
        ("m<sup>2</sup>, H<sub>2</sub>O, log<sub>2</sub>", "m^2, H2O, log_2"),
        ("the 1<sup>st</sup> of May", "the 1st of May"),
        ("patients<sup>3</sup>", "patients [3]"),
        ("Acme<sup>TM</sup>", "Acme\u2122"),
        ("two, <sup>3</sup>&frasl;<sub>4</sub> l", "two, 3/4 l"),
        ("10<span style='vertical-align: super; font-size: 70%'>6</span> l", "10^6 l"),
        (
            "48,200<span class='sup'>1</span> in H<span class=subscript>2</span>O",
            "48,200 [1] in H2O",
        ),
        ("at 37<sup>o</sup>C", "at 37\u00b0C"),
        ("was <del>90</del><ins>145</ins> euros", "was 90 145 euros"),
        ("now <s>99</s><b>79</b>", "now 99 79"),
        ("colo<ins>u</ins>r", "colour"),
    ],
)
def test_raised_and_lowered_change_no_number_and_no_word(markup: str, expected: str) -> None:
    """Kind of html-superscripts, in a paragraph and in Markdown."""
    assert texts(f"<p>{markup}</p>") == [expected]
    document = parse_markdown(markup.encode(), Path("x.md"))
    assert [block.text for block in document.blocks] == [expected]


def test_formulas_keep_powers_fractions_and_indices_apart() -> None:
    """Kind of html-superscripts: MathML came out as "x2=12"."""
    power = "<msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><mfrac><mn>1</mn><mn>2</mn></mfrac>"
    root = "<msqrt><msubsup><mi>a</mi><mi>i</mi><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow>"
    root += "</msubsup></msqrt><annotation encoding='application/x-tex'>a_i</annotation>"
    page = f"<p>Area<math>{power}</math>m</p><math><semantics>{root}</semantics></math>"
    assert texts(page) == ["Area x^2 = 1/2 m", "\u221a(a_i^(n + 1))"]
    assert texts("<math>" + "<mrow>" * 3000 + "<mi>x</mi>" + "</mrow>" * 3000 + "</math>") == ["x"]


def test_what_stands_beside_a_button_is_not_glued_to_it() -> None:
    page = "<button>It cannot be undone later.</button><label>Number: <b>A-77</b></label>"
    assert texts(page) == ["It cannot be undone later. Number: A-77"]


def test_tables_keep_their_columns() -> None:
    page = (
        "<table><tr><th rowspan=2>Zone</th><th colspan=2>Price</th></tr><tr><th>Adult</th>"
        "<th>Child</th></tr><tr><td rowspan=2>A</td><td>1</td><td>2</td></tr><tr><td>3</td>"
        "<td><ul><li>x<li>y</ul></td></tr><tr><td colspan=3>Free on Sundays</td></tr></table>"
    )
    assert texts(page) == [
        "Zone: A | Price Adult: 1 | Price Child: 2\n"
        "Zone: A | Price Adult: 3 | Price Child: x; y\n"
        "Free on Sundays"
    ]
    assert texts("<table><tr><th>Name<td>Bob<tr><th>Age<td>12</table>") == ["Name: Bob\nAge: 12"]
    assert texts("<table><tr><td>a<td>b<tr><td>c<td>d</table>") == ["a | b\nc | d"]
    hours = "<table><tr><td>Opening hours<td>9 to 5<tr><td>Phone<td>555</table>"
    assert texts(hours) == ["Opening hours | 9 to 5\nPhone | 555"]  # was a header over a number
    assert texts("<table><tr><td><h2>H</h2><p>left<td>right</table>") == ["left", "right"]


def test_lists_definitions_and_lines_of_code() -> None:
    page = "<ol start=3><li>a<ul><li>b</ul><li>c</ol><dl><dt>t<dd>m</dl><pre>1<br>2\n  3</pre>"
    assert texts(page) == ["3. a", "  - b", "4. c", "t: m", "1\n2\n  3"]


def test_depth_is_no_limit() -> None:
    assert texts("<div><span><section>" * 1500 + "deep") == ["deep"]
    assert texts("<ul><li>" * 1500 + "deep")[0].endswith("- deep")


def test_a_span_of_a_billion_costs_nothing() -> None:
    page = "<table><tr><th>k<th>v</tr>" + "<tr><td colspan=999999999>x</td></tr>" * 50
    assert texts(page + "</table>")[0].count("x") == 50
