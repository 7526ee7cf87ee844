"""Reads WikiTableQuestions and TAT-QA: look-ups in tables and spans beside them.

Knows nothing of distractors.
"""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.reader.sets.candidate_pool import Asked, Pool
from trainer.reader.sets.passage_pieces import Passage, content_words, holds, pieces
from trainer.reader.sets.table_text import marks, table_pieces

LONGEST_ROW_MARKS = 350
# Words of counting, comparing and ordering: the answer would have to be worked out, not looked up.
WORKED_OUT = re.compile(
    r"\b(differen\w+|average|more|less|fewer|most|least|last|next|previous|before|after|same|consecutive|top|bottom|above"
    r"|below|prior|follow\w*|preced\w+|besides|combined|sum|either|or|only|than|between|earliest|latest|once|twice|also"
    r"|not|other|another|how many times"
    r"|(?!west\b|east\b|guest\b|forest\b|contest\b|test\b|budapest\b)\w+est)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Table:
    """A table with one header row."""

    article: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def add_table(passages: list[Passage], table: Table, pipes: bool) -> dict[int, int]:
    """Appends the table's pieces to `passages`; answers the passage row of each table row.

    A single row longer than a passage is left out: cut in two it would lose its header.
    """
    places = {}
    for text, rows in table_pieces(table.header, table.rows, pipes):
        if marks(text) > LONGEST_ROW_MARKS:
            continue
        for row in rows:
            places[row] = len(passages)
        passages.append(Passage(table.article, table.title, text))
    return places


def read_wiki_table(folder: Path, article: str, title: str) -> Table | None:
    """A table of WikiTableQuestions; None where the file is missing or no table."""
    path = folder / article.replace(".csv", ".tsv")
    if not path.exists():
        return None
    lines = [
        tuple(
            " ".join(cell.replace("\\n", " ").replace("\\p", "|").split())
            for cell in line.split("\t")
        )
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]
    if len(lines) < 3 or len(lines[0]) < 2:
        return None
    return Table(
        article, title, lines[0], tuple(line for line in lines[1:] if len(line) == len(lines[0]))
    )


COUNTED = re.compile(r"\b(how many|total|number of|first)\b", re.IGNORECASE)


def looked_up(question: str, target: str, table: Table) -> tuple[int, str] | None:
    """The row and cell a question asks for, when it is a look-up; None otherwise.

    It is one when the question names a cell that one row alone has and the answer is one other cell
    of that row. Where
    the question could be counted out, the answer's column must be named too.
    """
    if (
        WORKED_OUT.search(question)
        or "|" in target
        or marks(target) == 0
        or holds(question, target)
    ):
        return None
    for row, cells in enumerate(table.rows):
        at = [c for c, cell in enumerate(cells) if cell.casefold() == target.casefold()]
        if len(at) != 1:
            continue
        named = content_words(table.header[at[0]]) & content_words(question)
        if (named or not COUNTED.search(question)) and named_alone(question, table, row, at[0]):
            return row, cells[at[0]]
    return None


def named_alone(question: str, table: Table, row: int, column: int) -> bool:
    """Whether the question names a cell of the row, outside the column, that no other row has in
    that place.
    """
    for other, cell in enumerate(table.rows[row]):
        telling = other != column and len(cell) >= 3 and holds(question, cell)
        if telling and sum(line[other].casefold() == cell.casefold() for line in table.rows) == 1:
            return True
    return False


def read_wiki_tables(folder: Path, barred: frozenset[str], seed: int) -> tuple[Pool, list[Asked]]:
    """The look-ups of WikiTableQuestions' training questions.

    Half the tables in pairs, half between pipes.
    """
    draw = random.Random(seed)
    titles = {}
    for line in (folder / "misc/table-metadata.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        fields = line.split("\t")
        titles[fields[0]] = fields[4]
    passages: list[Passage] = []
    asked: list[Asked] = []
    tables: dict[str, tuple[Table, dict[int, int]] | None] = {}
    for line in (folder / "data/training.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        _, question, article, target = line.split("\t")
        if article not in tables:
            table = read_wiki_table(folder, article, titles.get(article, ""))
            known = table is not None and table.title.lower() not in barred
            tables[article] = (
                (table, add_table(passages, table, draw.random() < 0.5))
                if known and table
                else None
            )
        entry = tables[article]
        found = looked_up(question, target, entry[0]) if entry else None
        if (
            entry
            and found
            and found[0] in entry[1]
            and found[1] in passages[entry[1][found[0]]].text
        ):
            right = entry[1][found[0]]
            avoid = tuple(
                {
                    row
                    for row in entry[1].values()
                    if row != right and holds(passages[row].text, found[1])
                }
            )
            asked.append(
                Asked(article, " ".join(question.split()), (found[1],), (right,), avoid=avoid)
            )
    return Pool("wikitablequestions", passages), asked


def report_table(entry: dict[str, Any]) -> Table:
    """A table of TAT-QA with its leading rows without a label joined into one header."""
    lines = [[" ".join(cell.split()) for cell in line] for line in entry["table"]["table"]]
    depth = next((i for i, line in enumerate(lines) if line[0]), 0)
    header = [" ".join(line[c] for line in lines[:depth] if line[c]) for c in range(len(lines[0]))]
    rows = lines[depth:] if depth else lines[1:]
    return Table(
        entry["table"]["uid"],
        "Annual report",
        tuple(header if depth else lines[0]),
        tuple(tuple(row) for row in rows),
    )


def span_of(question: dict[str, Any]) -> str | None:
    """The span a TAT-QA question asks for; several spans as a sentence would list them."""
    if question["req_comparison"] or question["answer_type"] not in ("span", "multi-span"):
        return None
    spans = [" ".join(str(span).split()) for span in question["answer"]]
    return spans[0] if len(spans) == 1 else ", ".join(spans[:-1]) + " and " + spans[-1]


def read_reports(path: Path, seed: int) -> tuple[Pool, list[Asked]]:
    """TAT-QA: questions whose answer stands as written in just one passage, and cells asked for by
    row and column.
    """
    draw = random.Random(seed)
    passages: list[Passage] = []
    asked: list[Asked] = []
    for entry in json.loads(path.read_text(encoding="utf-8")):
        table, first = report_table(entry), len(passages)
        places = add_table(passages, table, draw.random() < 0.5)
        for paragraph in entry["paragraphs"]:
            passages += [
                Passage(table.article, table.title, cut.text) for cut in pieces(paragraph["text"])
            ]
        for question in entry["questions"]:
            answer = span_of(question) or ""
            rows = [
                r
                for r in range(first, len(passages))
                if answer and holds_as_written(passages[r].text, answer)
            ]
            if len(rows) == 1:
                asked.append(
                    Asked(
                        table.article,
                        " ".join(question["question"].split()),
                        (answer,),
                        tuple(rows),
                    )
                )
        asked += cell_questions(table, places, draw)
    return Pool("tat-qa", passages, ambiguous=True), asked


def holds_as_written(text: str, answer: str) -> bool:
    """Whether the answer stands in the text, letter case included, as whole words."""
    return answer in text and holds(text, answer)


def cell_questions(
    table: Table, places: dict[int, int], draw: random.Random, most: int = 2
) -> list[Asked]:
    """Questions for single cells of a report's table, asked by row label and year.

    Both must be unique.
    """
    columns = [
        c
        for c, name in enumerate(table.header)
        if c and re.fullmatch(r".{0,30}\b20\d\d\b.{0,12}", name)
    ]
    labels = [row[0] for row in table.rows]
    cells = [
        (row, column)
        for row, line in enumerate(table.rows)
        for column in columns
        if re.search(r"\d", line[column])
        and labels.count(line[0]) == 1
        and 1 < len(line[0].split()) < 9
    ]
    asked = []
    for row, column in draw.sample(cells, min(most, len(cells))):
        label, name, value = table.rows[row][0], table.header[column], table.rows[row][column]
        if (
            row not in places
            or sum(value in cell for line in table.rows for cell in line) != 1
            or table.header.count(name) != 1
        ):
            continue
        year = name if len(name) < 12 else re.findall(r"20\d\d", name)[-1]
        question = draw.choice(
            [
                "What was {0} in {1}?",
                "How much was {0} in {1}?",
                "What is the {1} figure for {0}?",
                "{0} {1}?",
                "Give {0} for {1}.",
            ]
        ).format(label.rstrip(":"), year)
        asked.append(Asked(table.article, question, (value,), (places[row],)))
    return asked
