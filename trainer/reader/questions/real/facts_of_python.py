"""Real facts of systems: time zones, colours, HTTP statuses, errno, signals, media types.

Knows the standard library and two small packages of tables; asks nothing.
"""

from __future__ import annotations

import errno
import http
import mimetypes
import os
import signal
from datetime import UTC, datetime
from importlib import import_module

from trainer.reader.questions.real.records import Record
from trainer.reader.questions.real.records import fact_of as _fact


def zones() -> list[Record]:
    package, moments = (
        import_module("pytz"),
        (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)),
    )
    where = {
        zone: package.country_names[code]
        for code, zones in package.country_timezones.items()
        for zone in zones
    }
    found: list[Record] = []
    for zone in package.common_timezones:
        january, july = (one.astimezone(package.timezone(zone)) for one in moments)
        facts = [
            _fact(
                "offset in January",
                f"UTC{january.strftime('%z')}",
                "How far is {e} from UTC in January?",
                "January offset",
            ),
            _fact(
                "offset in July",
                f"UTC{july.strftime('%z')}",
                "How far is {e} from UTC in July?",
                "July offset",
            ),
            _fact(
                "abbreviation in January",
                january.strftime("%Z"),
                "What is the time of {e} called in January?",
            ),
            _fact(
                "abbreviation in July",
                july.strftime("%Z"),
                "What is the time of {e} called in July?",
            ),
            _fact("country", where.get(zone, ""), "Which country uses {e}?"),
            _fact(
                "daylight saving time",
                "yes" if january.utcoffset() != july.utcoffset() else "no",
                "Does {e} change its clocks?",
                kind="bool",
            ),
        ]
        found.append((zone, [("Time zone", [fact for fact in facts if fact.value])]))
    return found


def colours() -> list[Record]:
    package = import_module("webcolors")
    found: list[Record] = []
    for name in package.names("css3"):
        red, green, blue = package.name_to_rgb(name)
        facts = [
            _fact(
                "hexadecimal value",
                package.name_to_hex(name),
                "How is {e} written in hex? // hex of {e}",
                "hex code",
            ),
            _fact("RGB triple", f"rgb({red}, {green}, {blue})", "What is {e} in RGB?", "RGB value"),
            _fact("red share", red, "How much red is in {e}?", "red"),
            _fact("green share", green, "How much green is in {e}?", "green"),
            _fact("blue share", blue, "How much blue is in {e}?", "blue"),
        ]
        found.append((f"{name} (CSS colour)", [("Colour values", facts)]))
    return found


def statuses() -> list[Record]:
    classes = {
        1: "informational",
        2: "success",
        3: "redirection",
        4: "client error",
        5: "server error",
    }
    found: list[Record] = []
    for one in http.HTTPStatus:
        facts = [
            _fact("reason phrase", one.phrase, "What phrase goes with {e}?", "phrase"),
            _fact("class", classes[one // 100], "What sort of answer is {e}?", "category"),
            _fact("meaning", one.description, "What does {e} mean?", "description"),
            _fact(
                "constant in Python",
                f"http.HTTPStatus.{one.name}",
                "What is {e} called in Python's http module?",
                "Python constant",
            ),
        ]
        found.append(
            (f"HTTP status {one.value}", [("Status code", [fact for fact in facts if fact.value])])
        )
    return found


def errors() -> list[Record]:
    found: list[Record] = []
    for number, name in sorted(errno.errorcode.items()):
        facts = [
            _fact("number", number, "Which number has {e}?", "errno value"),
            _fact(
                "message",
                os.strerror(number),
                "What does {e} mean? // What message is printed for {e}?",
                "error message",
            ),
            _fact("hexadecimal", hex(number)),
            _fact("constant", f"errno.{name}", "", "Python constant"),
            _fact("header", "errno.h", "In which header stands {e}?"),
        ]
        found.append((name, [("System error", facts)]))
    return found


def signals() -> list[Record]:
    found: list[Record] = []
    for one in signal.Signals:
        facts = [
            _fact("number", one.value, "Which number has {e}?", "signal number"),
            _fact("description", signal.strsignal(one) or "", "What does {e} mean?", "meaning"),
            _fact(
                "sent with",
                f"kill -{one.name.removeprefix('SIG')} PID",
                "How is {e} sent from a shell?",
                "shell command",
            ),
            _fact("constant", f"signal.{one.name}", "", "Python constant"),
        ]
        found.append((one.name, [("Signal", facts)]))
    return found


def types() -> list[Record]:
    found: list[Record] = []
    for extension, name in sorted(mimetypes.MimeTypes().types_map[1].items()):
        facts = [
            _fact("MIME type", name, "What media type has {e}?", "media type;content type"),
            _fact("major type", name.split("/")[0], "", "top-level type"),
            _fact(
                "subtype", name.split("/")[1], "What stands behind the slash in the type of {e}?"
            ),
            _fact(
                "guessed by",
                f"mimetypes.guess_type('file{extension}')",
                "How is the type of {e} guessed in Python?",
            ),
            _fact("extension", extension, "", "file name ending"),
        ]
        found.append((f"files ending in {extension}", [("File type", facts)]))
    return found
