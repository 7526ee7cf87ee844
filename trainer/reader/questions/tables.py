"""Invented tables as text: the figures of several places, or entities side by side.

Draws figures itself and cells from the domains; does not know what is asked about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from trainer.reader.questions import phrasing
from trainer.reader.questions.invented import dates, names, values
from trainer.reader.questions.invented.documents import Domain, LabelRule

SUBJECTS = (
    ("Sales", "region", "EUR thousand"),
    ("Visitors", "month", "persons"),
    ("Rainfall", "station", "mm"),
    ("Production", "plant", "tonnes"),
    ("Accidents", "district", "cases"),
    ("Catches", "harbour", "t"),
    ("Enrolment", "faculty", "students"),
    ("Electricity use", "building", "MWh"),
    ("Loans", "branch", "items"),
    ("Votes", "ward", "votes"),
    ("Exports", "product", "million USD"),
    ("Downloads", "release", "thousand"),
    ("Staff", "department", "employees"),
    ("Yield", "field", "kg/ha"),
    ("Waiting time", "clinic", "days"),
    ("Complaints", "service", "cases"),
    ("Freight", "port", "TEU"),
    ("Passengers", "line", "thousand"),
)
ROWS = {
    "month": dates.MONTHS,
    "product": names.words("timber copper wool cheese pumps lamps glass paper textiles coffee"),
    "faculty": names.words("Law Medicine Arts Science Engineering Theology Economics Music"),
    "department": names.words(
        "Sales Research Finance Logistics Legal Production Service Purchasing"
    ),
    "building": ("Main building", "Annex", "Hall A", "Hall B", "Library", "Boiler house", "Gym"),
    "service": names.words("Parking Waste Water Housing Libraries Permits Roads Taxes"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, the head and the rows; the first column names the rows."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: bool = False  # whether the last row is a total


def written(random: Random, one: Table, style: str) -> str:
    """The table as text; every cell as it is."""
    if style == "rows":
        return "\n".join(
            "; ".join(f"{h}: {c}" for h, c in zip(one.head, row, strict=True)) for row in one.rows
        )
    if style == "markdown":
        lines = [f"| {' | '.join(one.head)} |", "|" + " --- |" * len(one.head)]
        return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in one.rows)])
    joint = {"pipes": " | ", "spaces": "   ", "csv": ";"}[style]
    text = "\n".join(joint.join(row) for row in (one.head, *one.rows))
    return f"{one.caption}\n{text}" if random.random() < 0.3 else text


def _row_names(random: Random, by: str) -> list[str]:
    """What stands in the first column: months, releases, products, or places."""
    if by == "release":
        return [f"{i}.{random.randint(0, 9)}" for i in range(2, random.randint(6, 9))]
    if by in ROWS:
        return random.sample(ROWS[by], min(len(ROWS[by]), random.randint(3, 7)))
    return list(dict.fromkeys(names.town(random) for _ in range(random.randint(3, 7))))


def figures(random: Random) -> list[Table]:
    """The same statistics for several places: rows are the parts, the last may be their total."""
    subject, by, unit = random.choice(SUBJECTS)
    rows = _row_names(random, by)
    first = random.randint(2008, 2022)
    heads = [str(first + i) for i in range(random.randint(2, 4))]
    if random.random() < 0.3:
        heads = ["Q1", "Q2", "Q3", "Q4"][: len(heads) + 1]
    with_total, found = random.random() < 0.6, []
    scale = random.choice((40, 900, 30_000, 2_000_000))
    for place in dict.fromkeys(names.country(random) for _ in range(random.randint(3, 8))):
        columns = [[random.randint(scale // 20 + 1, scale) for _ in rows] for _ in heads]
        body = [(row, *(f"{column[i]:,}" for column in columns)) for i, row in enumerate(rows)]
        if with_total:
            body.append(("Total", *(f"{sum(column):,}" for column in columns)))
        caption = random.choice(
            (f"{subject} by {by}, {place} ({unit})", f"{place} > {subject} by {by} ({unit})")
        )
        found.append(Table(caption, (by.capitalize(), *heads), tuple(body), with_total))
    return found


def entities(random: Random, domain: Domain) -> list[Table]:
    """Several entities side by side, their short facts as columns."""
    short = short_labels(domain)
    found = []
    picked = random.sample(short, min(len(short), 8))
    for i in range(random.randint(2, 6)):
        columns = picked[:4] if i % 2 == 0 else picked[4:] or picked[:3]
        entities = list(
            dict.fromkeys(values.filled(random, domain.entity) for _ in range(random.randint(3, 6)))
        )
        body = [(entity, *(_cell(random, rule.spec) for rule in columns)) for entity in entities]
        issue = random.choice(
            (f"list {i + 1}", f"part {'ABCDEF'[i]}", names.town(random), f"edition {2015 + i}")
        )
        head = tuple(rule.names[0][0].upper() + rule.names[0][1:] for rule in columns)
        found.append(
            Table(
                f"{domain.noun.capitalize()} overview > {issue}",
                (domain.noun.capitalize(), *head),
                tuple(body),
            )
        )
    return found


def short_labels(domain: Domain) -> list[LabelRule]:
    """Labels whose values fit a cell."""
    kinds = ("qty", "money", "date", "id", "name", "choice", "dims", "pct", "year", "range", "time")
    rules = [rule for _, rules in domain.headings for rule in rules]
    return [
        rule
        for rule in rules
        if rule.names[0] not in phrasing.NO_NOUNS and rule.spec.split()[0] in kinds
    ]


def _cell(random: Random, spec: str) -> str:
    return values.draw(random, spec).text.replace(" | ", ", ").replace(";", ",")
