"""Tables of HTML manuals on disk as examples: one question a cell.

Knows HTML tables with a head; the pages are arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lxml import html as lxml_html

from trainer.reader.questions.facts import MOST_WORDS, Passage, fits
from trainer.reader.questions.real.python_docs import Entry, clean, cut

_CELLS = (
    "What is the {h} of {r}?",
    "{r} {h}",
    "Which {h} is given for {r}?",
    "In the table, what is the {h} for the {H} {r}?",
    "{h} for {r}?",
    "Give the {h} of {r}.",
)


def tables(paths: Iterable[Path], manual: str) -> list[Entry]:
    """Tables with a head and at least three rows; one question a cell."""
    found: list[Entry] = []
    for path in paths:
        tree = lxml_html.parse(str(path)).getroot()
        if tree is None:
            continue
        page = (
            clean(tree.find(".//title")).split(" — ")[0].removesuffix(" Documentation")
            if tree.find(".//title") is not None
            else path.stem
        )
        for table in tree.iter("table"):
            found += _table(table, manual, page)
    return found


def _table(table: lxml_html.HtmlElement, manual: str, page: str) -> list[Entry]:
    rows = [[clean(cell) for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]
    rows = [row for row in rows if row]
    heads = [
        cell.tag for row in list(table.iter("tr"))[:1] for cell in row if isinstance(cell.tag, str)
    ]
    if (
        len(rows) < 4
        or set(heads) != {"th"}
        or not 2 <= len(rows[0]) <= 6
        or len({len(row) for row in rows}) != 1
        or not all(rows[0])
    ):
        return []
    head, found = rows[0], []
    for start in range(1, len(rows), 8):
        part = rows[start : start + 8]
        text = cut("\n".join(" | ".join(row) for row in (head, *part)), MOST_WORDS - 5)
        asks = []
        for row in part:
            for title, cell in zip(head[1:], row[1:], strict=True):
                if (
                    cell
                    and row[0]
                    and len(cell.split()) <= 40
                    and cell in text
                    and len(row[0]) < 40
                    and sum(one[0] == row[0] for one in rows) == 1
                    and title.lower()
                    not in ("notes", "name", "references", "sql:2016", "sql:2011", "sql-92")
                ):
                    asks += [
                        (
                            "table",
                            shape.format(
                                h=title if title[1:2].isupper() else title.lower(),
                                r=row[0],
                                H=head[0].lower(),
                            ),
                            cell,
                        )
                        for shape in _CELLS
                    ]
        entry = Entry(page, "", Passage(f"{manual} > {page}", text), tuple(asks))
        if asks and fits(entry.passage):
            found.append(entry)
    return found
