"""Documents of real public facts that packages carry: airports, codes, zones, statuses, colours.

Knows the packages' tables and turns each record into a document of label-value facts, so that the
same questions can be asked of it; which package is installed decides what there is.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import distributions
from random import Random

from trainer.reader.questions.facts import Document, Fact, Section
from trainer.reader.questions.real import facts_of_python
from trainer.reader.questions.real.records import Record
from trainer.reader.questions.real.records import fact_of as _fact

PACKAGE = "Python package"


def families() -> dict[str, list[Record]]:
    """Records of each family, by its noun."""
    return {
        "airport": _airports(),
        "country code": _countries(),
        "language code": _languages(),
        "currency": _currencies(),
        PACKAGE: installed_packages(),
        "time zone": facts_of_python.zones(),
        "colour": facts_of_python.colours(),
        "HTTP status": facts_of_python.statuses(),
        "error number": facts_of_python.errors(),
        "signal": facts_of_python.signals(),
        "file type": facts_of_python.types(),
    }


def siblings(random: Random, noun: str, records: list[Record], count: int) -> list[Document]:
    """Some records of one family as documents, neighbours in the table more often than others."""
    start = random.randrange(len(records))
    near = [records[(start + i) % len(records)] for i in range(count)]
    picked = near if random.random() < 0.5 else [near[0], *random.sample(records, count - 1)]
    kept = {record[0]: record for record in picked if record[1]}
    return [_document(noun, entity, headings) for entity, (_, headings) in kept.items()]


def _document(noun: str, entity: str, headings: list[tuple[str, list[Fact]]]) -> Document:
    sections = tuple(
        Section(entity, noun, heading, tuple(facts)) for heading, facts in headings if facts
    )
    return Document(entity, noun, noun, sections)


def _airports() -> list[Record]:
    countries = {one.alpha_2: one.name for one in import_module("pycountry").countries}
    found: list[Record] = []
    for one in import_module("airportsdata").load("IATA").values():
        if not one["iata"] or not one["city"]:
            continue
        facts = [
            _fact("IATA code", one["iata"], "Which three letters stand for {e}?"),
            _fact("ICAO code", one["icao"], "What is the four-letter code of {e}?"),
            _fact(
                "city",
                one["city"],
                "Which city does {e} serve? // In what town is {e}?",
                "town served",
            ),
            _fact("region", one["subd"], "In which region is {e}?", "province or state"),
            _fact(
                "country",
                countries.get(one["country"], one["country"]),
                "In which country is {e}? // Where in the world is {e}?",
            ),
            _fact(
                "elevation",
                f"{round(one['elevation']):,} ft",
                "How high above the sea is {e}? // How high does {e} lie?",
                "height above sea level",
            ),
            _fact("time zone", one["tz"], "Which time is used at {e}?", "timezone"),
            _fact("latitude", one["lat"], "How far north or south is {e}?"),
            _fact("longitude", one["lon"], "How far east or west is {e}?"),
        ]
        found.append(
            (f"{one['name']}", [("Airport data", [fact for fact in facts if fact.value.strip()])])
        )
    return found


def _countries() -> list[Record]:
    package = import_module("pycountry")
    found: list[Record] = []
    for one in package.countries:
        divisions = sorted(
            (
                part
                for part in package.subdivisions.get(country_code=one.alpha_2) or []
                if not part.parent_code
            ),
            key=lambda part: part.code,
        )
        kinds = sorted({part.type.lower() for part in divisions})
        facts = [
            _fact(
                "alpha-2 code",
                one.alpha_2,
                "Which two letters stand for {e}? // two-letter code of {e}",
                "two-letter code",
            ),
            _fact(
                "alpha-3 code",
                one.alpha_3,
                "Which three letters stand for {e}?",
                "three-letter code",
            ),
            _fact("numeric code", one.numeric, "Under which number is {e} listed?", "ISO number"),
            _fact(
                "official name",
                getattr(one, "official_name", ""),
                "What is {e} officially called?",
                "full name",
            ),
            _fact("flag", getattr(one, "flag", ""), ""),
            _fact(
                "first-level divisions",
                ", ".join(part.name for part in divisions[:7])
                if len(divisions) <= 7
                else f"{len(divisions)}, of type {' and '.join(kinds)}",
                "How is {e} divided?",
                "subdivisions",
            ),
        ]
        found.append(
            (
                one.name,
                [("Codes", [fact for fact in facts if fact.value and fact.value != "0, of type "])],
            )
        )
    return found


def _languages() -> list[Record]:
    scopes = {"I": "individual language", "M": "macrolanguage", "S": "special"}
    types = {
        "L": "living",
        "E": "extinct",
        "A": "ancient",
        "H": "historical",
        "C": "constructed",
        "S": "special",
    }
    found: list[Record] = []
    for one in import_module("pycountry").languages:
        facts = [
            _fact(
                "three-letter code", one.alpha_3, "Which ISO 639-3 code has {e}?", "ISO 639-3 code"
            ),
            _fact(
                "two-letter code",
                getattr(one, "alpha_2", ""),
                "Which two letters stand for {e}?",
                "ISO 639-1 code",
            ),
            _fact("scope", scopes.get(one.scope, one.scope), "Is {e} one language or several?"),
            _fact("type", types.get(one.type, one.type), "Is {e} living or extinct?", "status"),
            _fact(
                "other name",
                getattr(one, "inverted_name", "") or getattr(one, "common_name", ""),
                "",
                "also listed as",
            ),
            _fact("bibliographic code", getattr(one, "bibliographic", ""), ""),
        ]
        kept = [fact for fact in facts if fact.value]
        if len(kept) > 3:
            found.append((f"{one.name} (language)", [("Language codes", kept)]))
    return found


def _currencies() -> list[Record]:
    found: list[Record] = []
    for one in import_module("pycountry").currencies:
        facts = [
            _fact(
                "alphabetic code",
                one.alpha_3,
                "Which three letters stand for {e}?",
                "currency code",
            ),
            _fact("numeric code", one.numeric, "What number has {e}?", "ISO number"),
            _fact("standard", "ISO 4217"),
            _fact(
                "kind",
                "fund or metal" if one.alpha_3.startswith("X") else "national or regional currency",
            ),
        ]
        found.append((one.name, [("Currency codes", facts)]))
    return found


def installed_packages() -> list[Record]:
    """The packages installed beside this one, as their records describe them."""
    found: dict[str, Record] = {}
    for one in distributions():
        told = {name.lower(): one.metadata[name] for name in one.metadata}
        licence = told.get("license-expression", told.get("license", "")).split("\n")[0]
        facts = [
            _fact(
                "summary",
                told.get("summary", ""),
                "What is {e}? // What is {e} in a few words? // What does {e} do? // "
                "What is {e} for? // Describe {e}.",
                "description;short description",
            ),
            _fact("version", told.get("version", ""), "Which version of {e} is it?"),
            _fact(
                "requires Python", told.get("requires-python", ""), "Which Python does {e} need?"
            ),
            _fact("licence", licence, "How is {e} licensed?", "license"),
            _fact("author", told.get("author", ""), "Who wrote {e}?"),
            _fact("home page", told.get("home-page", ""), "Where on the web is {e}?", "homepage"),
            _fact("keywords", told.get("keywords", ""), "", "search words"),
        ]
        kept = [one for one in facts if one.value and len(one.value) < 150]
        if told.get("name") and len(kept) > 3:
            found[told["name"].lower()] = (told["name"], [("Package record", kept)])
    return [found[name] for name in sorted(found)]
