"""Draws a value of a stated kind: quantities, dates, names, lists, long clauses.

Knows how values are written in documents; does not know which label they belong to. A spec is one
line, 'kind arguments': 'qty 5 900 kg', 'parts 1 900 km2 total,land,water', 'list a;b;c'.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from trainer.reader.questions.invented import dates, identifiers, names
from trainer.reader.questions.invented.names import words

DECIMAL_UNITS = frozenset(
    words("kg g m km V A W kW GHz MHz GB MB °C h l g/cm³ m/s mm cm ct/kWh inches arcsec ECTS")
)
SIGNS = ("€", "£", "$", "EUR ", "CHF ", "USD ", "kr ")


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it is written, its kind, and what stands inside it."""

    text: str
    kind: str
    parts: tuple[tuple[str, str], ...] = ()
    items: tuple[str, ...] = ()


def draw(random: Random, spec: str) -> Value:
    """The value of one spec; an unknown kind is an error."""
    kind, _, rest = spec.strip().partition(" ")
    makers: dict[str, Callable[[Random, str], Value]] = {
        "qty": _quantity,
        "range": _range,
        "parts": _parts,
        "money": _money,
        "date": _date,
        "time": _time,
        "hours": _hours,
        "pct": _percentage,
        "text": _text,
        "choice": _choice,
        "list": _list,
        "shares": _shares,
        "bool": _bool,
        "id": _identifier,
        "name": _name,
        "dims": _dimensions,
        "year": _year,
        "points": _points,
    }
    if kind not in makers:
        raise ValueError(f"No value of kind {kind!r}; write one of {', '.join(makers)}.")
    return makers[kind](random, rest.strip())


def number(random: Random, low: float, high: float) -> str:
    """Between two bounds, log-uniform when they are far apart; with separators."""
    drawn = (
        low * (high / low) ** random.random()
        if low > 0 and high / low > 50
        else random.uniform(low, high)
    )
    return f"{round(drawn):,}" if random.random() < 0.9 else str(round(drawn))


def measure(random: Random, low: float, high: float, unit: str) -> str:
    """A number for a unit: physical units may have decimals, counted things have none."""
    if unit.split(" ")[0] in DECIMAL_UNITS and high < 100 and random.random() < 0.5:
        drawn = random.uniform(low, high)
        return f"{drawn:.{random.choice((1, 1, 2))}f}"
    return number(random, low, high)


def _quantity(random: Random, rest: str) -> Value:
    low, high, *unit = rest.split(" ", 2)
    text = measure(random, float(low), float(high), unit[0] if unit else "")
    if unit and unit[0].startswith("%"):
        return Value(text + unit[0], "number")
    scale = random.random() < 0.1 and float(high) > 2e6
    if scale:
        text = f"{random.uniform(1, 90):.{random.choice((1, 2))}f} million"
    lead = random.choice(("approx. ", "about ", "up to ")) if random.random() < 0.06 else ""
    return Value(lead + text + (f" {unit[0]}" if unit else ""), "number")


def _range(random: Random, rest: str) -> Value:
    low, high, *unit = rest.split(" ", 2)
    a = random.uniform(float(low), (float(low) + float(high)) / 2)
    b = random.uniform(a + (float(high) - a) * 0.2, float(high))
    joint = random.choice(("–", "-", " to ", " to ", " ... "))
    tail = f" {unit[0]}" if unit else ""
    return Value(f"{round(a):,}{joint}{round(b):,}{tail}", "number")


def _parts(random: Random, rest: str) -> Value:
    low, high, unit, labels = rest.split(" ", 3)
    wanted = [one.strip().replace("_", " ") for one in labels.split(",")]
    unit = unit.replace("_", " ")
    amounts = [float(low) * (float(high) / float(low)) ** random.random() for _ in wanted]
    if wanted[0].startswith("total") and len(wanted) == 2:
        amounts[0] = amounts[1] * random.uniform(1.3, 3)
    elif wanted[0].startswith("total"):
        scale = len(wanted) - 1 if unit in ("%", "years") else 1
        amounts[0] = sum(round(one) for one in amounts[1:]) / scale
    tail = {"%": "%", "-": ""}.get(unit, f" {unit}")
    parts = tuple(
        (label, f"{round(amount):,}{tail}") for label, amount in zip(wanted, amounts, strict=True)
    )
    return Value(joined_parts(random, parts), "parts", parts)


def joined_parts(random: Random, parts: tuple[tuple[str, str], ...]) -> str:
    """Sub-labels with their values in one line, in one of the ways pages write it."""
    middle, joint = random.choice(
        ((": ", "; "), (": ", "; "), (" ", ", "), (": ", "  "), (" = ", ", "), (": ", " / "))
    )
    return joint.join(f"{label}{middle}{value}" for label, value in parts)


def _points(random: Random, rest: str) -> Value:
    """Named extremes: 'highest point: Mount Kelan 2,310 m; lowest point: Lake Oren -12 m'."""
    unit, *labels = rest.split(" ", 1)
    parts = []
    for label in labels[0].split(","):
        place = f"{random.choice(('Mount', 'Cape', 'Lake', 'Pic', 'Plain of', 'Kota'))} {names.town(random)}"  # noqa: E501
        amount = (
            random.randint(-90, 60)
            if label.strip().startswith("low")
            else random.randint(100, 6900)
        )
        parts.append((label.strip(), f"{place} {amount:,} {unit}"))
    return Value(joined_parts(random, tuple(parts)), "parts", tuple(parts))


def _money(random: Random, rest: str) -> Value:
    low, high, *tail = rest.split(" ", 2)
    sign, amount = random.choice(SIGNS), random.uniform(float(low), float(high))
    text = f"{sign}{amount:,.2f}" if random.random() < 0.6 else f"{sign}{round(amount):,}"
    if random.random() < 0.15:
        unit, scale = (
            random.choice(("euros", "dollars", "EUR", "GBP", "SEK")),
            (tail[0] if tail else ""),
        )
        if scale in ("million", "billion", "trillion"):
            return Value(f"{round(amount):,} {scale} {unit}", "money")
        text = f"{round(amount):,} {unit}"
    return Value(text + (f" {tail[0]}" if tail else ""), "money")


def _date(random: Random, rest: str) -> Value:
    low, high = rest.split()
    return Value(dates.date_text(random, random.randint(int(low), int(high))), "date")


def _year(random: Random, rest: str) -> Value:
    low, high = rest.split()
    return Value(str(random.randint(int(low), int(high))), "date")


def _time(random: Random, _: str) -> Value:
    return Value(dates.clock(random), "time")


def _hours(random: Random, _: str) -> Value:
    return Value(dates.opening_hours(random), "time")


def _percentage(random: Random, rest: str) -> Value:
    low, high = (float(one) for one in rest.split())
    text = f"{random.uniform(low, high):.{random.choice((0, 1, 1, 2))}f}"
    return Value(f"{text}%" if random.random() < 0.8 else f"{text} per cent", "number")


def filled(random: Random, text: str) -> str:
    """Text with each {spec} drawn."""
    return re.sub(r"\{([^{}]+)\}", lambda found: _plain(random, found.group(1)), text)


def _plain(random: Random, spec: str) -> str:
    """A value inside other text: bare counts without separators, as codes and years want them."""
    kind, _, rest = spec.partition(" ")
    words = rest.split(" ", 2)
    if kind != "qty":
        return draw(random, spec).text
    if len(words) == 2:
        return str(random.randint(int(float(words[0])), int(float(words[1]))))
    return f"{measure(random, float(words[0]), float(words[1]), words[2])} {words[2]}"


def _text(random: Random, rest: str) -> Value:
    return Value(filled(random, random.choice([one.strip() for one in rest.split("//")])), "text")


def _choice(random: Random, rest: str) -> Value:
    return Value(random.choice([one.strip() for one in rest.split(";")]), "text")


def join_items(random: Random, items: list[str]) -> str:
    """Items in one line, as prose or as a plain enumeration."""
    if len(items) > 1 and random.random() < 0.5:
        return f"{', '.join(items[:-1])} and {items[-1]}"
    return random.choice(
        (", ", ", ", "; ", " / ") if not any("," in one for one in items) else ("; ",)
    ).join(items)


def _list(random: Random, rest: str) -> Value:
    pool = [filled(random, one.strip()) for one in rest.split(";")]
    items = random.sample(pool, min(len(pool), random.randint(2, 7)))
    return Value(join_items(random, items), "list", items=tuple(items))


def _shares(random: Random, rest: str) -> Value:
    """'English (official), French 22%, other 3%'."""
    items = random.sample([one.strip() for one in rest.split(";")], random.randint(2, 5))
    left, parts = 100.0, []
    for i, item in enumerate(items):
        share = left * random.uniform(0.35, 0.8)
        left -= share
        mark = " (official)" if i == 0 and random.random() < 0.3 else ""
        parts.append((item, f"{share:.{random.choice((0, 1, 1))}f}%", mark))
    rendered = [f"{item}{mark} {share}" for item, share, mark in parts]
    tail = [f"other {left:.1f}%"] if random.random() < 0.6 else []
    year = f" ({random.randint(2004, 2025)} est.)" if random.random() < 0.3 else ""
    text = ", ".join(rendered + tail) + year
    return Value(text, "list", tuple((item, share) for item, share, _ in parts), tuple(rendered))


def _bool(random: Random, rest: str) -> Value:
    yes, no = ("yes", "no") if not rest else tuple(one.strip() for one in rest.split(";"))
    return Value(random.choice((yes, no)).capitalize(), "bool")


def _dimensions(random: Random, rest: str) -> Value:
    unit = rest or "mm"
    sides = [f"{random.randint(12, 1900):,}" for _ in range(random.choice((2, 3, 3)))]
    order = random.choice(("", "", " (W x H x D)")) if len(sides) == 3 else ""
    return Value(f"{random.choice((' x ', ' × ')).join(sides)} {unit}{order}", "number")


def _identifier(random: Random, rest: str) -> Value:
    text = identifiers.identifier(random, rest)
    return Value(text, "place" if rest == "address" else "identifier")


def _name(random: Random, rest: str) -> Value:
    what, _, roles = rest.partition(" ")
    role = random.choice(roles.split(" // "))
    if what == "person":
        title = f"{role} " if role and random.random() < 0.4 else ""
        return Value(title + names.person(random), "person")
    if what == "people":
        people = [names.person(random) for _ in range(random.randint(2, 4))]
        return Value(join_items(random, people), "list", items=tuple(people))
    made = {
        "town": names.town,
        "country": names.country,
        "company": names.company,
        "model": names.model,
        "software": names.software,
    }
    return Value(
        made[what](random),
        "org" if what == "company" else "place" if what in ("town", "country") else "identifier",
    )
