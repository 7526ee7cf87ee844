"""Questions about tables: a cell by row and column, the total, the largest, the row of a value.

Knows a table's caption, head and rows; does not know where its figures come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trainer.reader.questions import phrasing
from trainer.reader.questions.facts import Example, Passage, with_distractors
from trainer.reader.questions.invented.documents import Domain
from trainer.reader.questions.tables import Table, entities, figures, short_labels, written

STYLES = ("pipes", "pipes", "markdown", "rows", "spaces", "csv", "rows", "markdown")


def table(random: Random, domains: Sequence[Domain], name: str) -> Example:
    """One question about one table among its sisters of other years, places or columns."""
    able = [domain for domain in domains if len(short_labels(domain)) > 3]
    tables = figures(random) if random.random() < 0.5 else entities(random, random.choice(able))
    style = random.choice(STYLES)
    return _example(random, name, tables, style)


def table_of(random: Random, name: str, tables: Sequence[Table]) -> Example:
    """One question about the first of several tables made elsewhere."""
    return _example(random, name, tables, random.choice(STYLES))


def _example(random: Random, name: str, tables: Sequence[Table], style: str) -> Example:
    right = tables[0]
    question, answer = _ask(random, right)
    passages = [Passage(one.caption, written(random, one, style)) for one in tables]
    return Example(
        "table",
        name,
        right.caption,
        question,
        (answer,),
        with_distractors(random, passages[:1], passages[1:]),
    )


def _ask(random: Random, one: Table) -> tuple[str, str]:
    draw, column = random.random(), random.randrange(1, len(one.head))
    figures = one.total or all(row[column].replace(",", "").isdigit() for row in one.rows)
    if one.total and draw < 0.25:
        return _total(random, one, column)
    if figures and draw < 0.5:
        return _extreme(random, one, column)
    body = one.rows[:-1] if one.total else one.rows
    row = random.choice(body)
    unique = sum(other[column] == row[column] for other in body) == 1
    if unique and draw < 0.62:
        return _reverse(random, one, row, column)
    return _cell_question(random, one, row, column)


def _place(one: Table) -> str:
    """What the caption is about, for the question: 'Sales by region, Kelania' -> 'Kelania'."""
    caption = one.caption.rsplit(" (", 1)[0]
    return caption.split(" > ")[0] if " > " in caption else caption.rsplit(", ", 1)[-1]


def _subject(one: Table) -> str:
    caption = one.caption.rsplit(" (", 1)[0]
    return (
        (caption.split(" > ")[1] if " > " in caption else caption.split(",")[0])
        .split(" by ")[0]
        .lower()
    )


def _is_figures(one: Table) -> bool:
    return " by " in one.caption


def _cell_question(
    random: Random, one: Table, row: tuple[str, ...], column: int
) -> tuple[str, str]:
    head = one.head[column]
    if _is_figures(one):
        shapes: tuple[str, ...] = (
            "What were the {s} of {r} in {h} ({c})?",
            "{c}: {s} in {r}, {h}",
            "How high was the figure for {r} in {h} in {c} ({s})?",
            "{s} {r} {h} {c}",
            "In {c}, what is given for {r} in {h} under {s}?",
            "Give the {h} value of {r} for {s} in {c}.",
        )
    else:
        shapes = (
            "What is the {l} of {r}?",
            "{r} {l}",
            "Give the {l} of {r}.",
            "Which {l} does {r} have?",
            "{l} of {r}?",
            "In the table, what is the {l} of {r}?",
            "For {r}, what {l} is listed?",
            "{r}'s {l}?",
            "look up the {l} for {r}",
        )
    asked = random.choice(shapes).format(
        s=_subject(one), r=row[0], h=head, l=_lowered(head), c=_place(one)
    )
    return phrasing.worn(random, asked, row[0]), row[column]


def _lowered(head: str) -> str:
    """'Order number' -> 'order number', but 'MIME type' stays."""
    return head if head[1:2].isupper() else head[0].lower() + head[1:]


def _total(random: Random, one: Table, column: int) -> tuple[str, str]:
    shape = random.choice(
        (
            "What is the total of {s} in {c} in {h}?",
            "How many {s} in all in {c}, {h}?",
            "total {s} {c} {h}",
            "{c}, {h}: {s} altogether?",
            "What do the {s} in {c} add up to in {h}?",
            "Give the {h} total for {s} in {c}.",
            "overall {s} in {h} for {c}",
        )
    )
    asked = shape.format(s=_subject(one), c=_place(one), h=one.head[column])
    return phrasing.worn(random, asked, _place(one)), one.rows[-1][column]


def _extreme(random: Random, one: Table, column: int) -> tuple[str, str]:
    """Which row is the largest or smallest in a column, or what that figure is."""
    body = one.rows[:-1] if one.total else one.rows
    most = random.random() < 0.6
    ordered = sorted(body, key=lambda row: int(row[column].replace(",", "")), reverse=most)
    word = random.choice(
        ("highest", "largest", "maximum", "most")
        if most
        else ("lowest", "smallest", "minimum", "fewest")
    )
    unit, head = one.head[0].lower(), one.head[column]
    about = f" of {_subject(one)} in {_place(one)}" if _is_figures(one) else ""
    if random.random() < 0.5:
        column_words = f"{head} figure" if _is_figures(one) else _lowered(head)
        shape = random.choice(
            (
                "Which {u} has the {w} {h}{a}?",
                "which {u} shows the {w} {h}{a}",
                "Name the {u} with the {w} {h}{a}.",
            )
        )
        word = {"most": "highest", "fewest": "lowest"}.get(word, word)
        return shape.format(u=unit, w=word, h=column_words, a=about), ordered[0][0]
    column_words = f"figure in {head}" if _is_figures(one) else _lowered(head)
    word = {"most": "highest", "fewest": "lowest"}.get(word, word)
    shape = random.choice(
        (
            "What is the {w} {h}{a}?",
            "{w} {h}{a}",
            "Give the {w} {h}{a}.",
            "How much is the {w} {h}{a}?",
        )
    )
    return shape.format(w=word, h=column_words, a=about), ordered[0][column]


def _reverse(random: Random, one: Table, row: tuple[str, ...], column: int) -> tuple[str, str]:
    about = f" under {_subject(one)} in {_place(one)}" if _is_figures(one) else ""
    head = one.head[column] if _is_figures(one) else _lowered(one.head[column])
    shapes: tuple[str, ...] = (
        "Which {u} has {v} as {h}{a}?",
        "For which {u} is the {h} {v}{a}?",
        "{h} {v}: which {u}?",
        "Name the {u} whose {h} is {v}{a}.",
    )
    if _is_figures(one):
        shapes = (
            "Which {u} has the figure {v} for {h}{a}?",
            "For which {u} is the {h} figure {v}{a}?",
            "Name the {u} with {v} in {h}{a}.",
        )
    shape = random.choice(shapes)
    return shape.format(u=one.head[0].lower(), v=row[column], h=head, a=about), row[0]
