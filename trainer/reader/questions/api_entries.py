"""Entries of invented reference pages: functions, flags, variables, errors, settings, routes.

Each maker writes one entry with the questions it answers; knows no page around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from trainer.reader.questions.invented import names, values
from trainer.reader.questions.texts.program_words import (
    ADJECTIVES,
    ERRORS,
    NOUNS,
    PARAMETERS,
    RAISES,
    REMEDIES,
    RETURNS,
    VERBS,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on a page: its name, its text, and questions with their answers."""

    name: str
    text: str
    asks: tuple[tuple[str, str], ...]


def _nouns(random: Random, text: str) -> str:
    return values.filled(
        random, text.replace("{n}", random.choice(NOUNS)).replace("{a}", random.choice(ADJECTIVES))
    )


def _parameters(random: Random, count: int) -> list[list[str]]:
    found = [line.split("|") for line in random.sample(PARAMETERS.strip().splitlines(), count)]
    for one in found:
        if one[1] in ("int", "float"):
            one[2] = str(random.choice((1, 2, 5, 8, 10, 16, 60, 100, 250, 512, 4096))) + (
                ".5" if one[1] == "float" else ""
            )
        elif one[1] == "bool":
            one[2] = random.choice(("True", "False"))
    return found


def function(random: Random, tool: str, layout: int) -> Entry:
    verb, noun, adjective = random.choice(VERBS), random.choice(NOUNS), random.choice(ADJECTIVES)
    name = random.choice(
        (
            f"{verb}_{noun}",
            f"{verb}{noun.title()}",
            f"{tool.replace('-', '_')}.{verb}_{noun}",
            f"{noun.title()}.{verb}",
            f"{verb}_{adjective.replace('-', '_')}_{noun}",
        )
    )
    held = _parameters(random, random.randint(1, 3))
    signature = f"{name}({noun}, {'*, ' if random.random() < 0.3 else ''}{', '.join(f'{p}={d}' for p, _, d, _ in held)})"  # noqa: E501
    returns, raises = _nouns(random, random.choice(RETURNS)), _nouns(random, random.choice(RAISES))
    since = values.draw(random, "id version").text
    what = f"{verb.title()} the {adjective} {noun}"
    if layout % 2:
        lines = [f"{p} ({t}, default {d}) – {m}" for p, t, d, m in held]
        text = "\n".join(
            [
                signature,
                f"    {what}.",
                "Parameters:",
                *lines,
                f"Returns: {returns}",
                f"Raises: {raises}",
                f"New in version {since}",
            ]
        )
    else:
        lines = [f"- `{p}`: {t}. {m[0].upper()}{m[1:]}. Default: `{d}`" for p, t, d, m in held]
        text = "\n".join(
            [
                f"`{signature}`",
                f"{what}. Added in {since}.",
                *lines,
                f"**Returns** {returns}",
                f"**Raises** {raises}",
            ]
        )
    p, t, d, m = random.choice(held)
    asks = (
        (f"What is the default of {p} in {name}?", d),
        (f"default value of {p}, {name}", d),
        (f"Which type is the {p} argument of {name}?", t),
        (f"What does {name} return?", returns),
        (f"return value of {name}", returns),
        (f"What does {name} raise?", raises),
        (f"Which exception does {name} raise, and when?", raises),
        (f"Since which version does {name} exist?", since),
        (f"When was {name} added?", since),
        (f"What is the signature of {name}?", signature),
        (f"How is {name} called?", signature),
        (f"Give the full signature of {name}.", signature),
        (f"What does {p} mean in {name}?", m if layout % 2 else m[0].upper() + m[1:]),
        (f"What does {name} do?", what),
        (f"Which function of {tool} can {verb} the {adjective} {noun}?", name),
    )
    return Entry(name, text, asks)


def flag(random: Random, tool: str, layout: int) -> Entry:
    p, t, d, m = _parameters(random, 1)[0]
    long = f"--{random.choice(('', 'no-', 'max-', 'set-'))}{p.replace('_', '-')}{random.choice(('', '-' + random.choice(NOUNS)))}"  # noqa: E501
    short = f"-{random.choice('abcdefghijklmnopqrstuvwxyzABCDFLNOPRSTVX')}"
    metavar = {"int": "N", "float": "SECONDS", "str": "NAME", "bool": ""}.get(t, "VALUE")
    what = f"{m} for the {random.choice(ADJECTIVES)} {random.choice(NOUNS)}"
    shown = f"{short}, {long}{' ' + metavar if metavar else ''}"
    default = (
        random.choice(
            values.filled(random, "{id path}//{qty 1 900}//auto//never//stdout").split("//")
        )
        if t == "str"
        else d
    )
    text = (
        f"{shown}\n    {what} (default: {default})",
        f"| `{shown}` | {what}. | `{default}` |",
        f"{shown}: {what}. Default is {default}.",
    )[layout % 3]
    asks = (
        (f"Which option of {{t}} sets {what}?", long),
        (f"flag for {what}", long),
        (f"What is the short form of {long}?", short),
        (f"short option for {long} in {{t}}", short),
        (f"What is the default of {long}?", default),
        (f"What does {long} do?", what),
        (f"What is {long} for in {{t}}?", what),
        (f"default {long}", default),
        (f"Which command line switch of {{t}} gives {what}?", long),
    )
    return Entry(long, text, asks)


def variable(random: Random, tool: str, layout: int) -> Entry:
    name = names.environment_name(random)
    what = _nouns(
        random,
        random.choice(
            (
                "folder in which the {a} {n} is kept",
                "address of the {a} {n} server",
                "number of {n} objects held in memory",
                "file with the {n} key",
                "how long a {a} {n} is kept, in seconds",
                "user that owns each new {n}",
                "level of messages about the {n}",
            )
        ),
    )
    default = random.choice(
        (
            names.path(random),
            str(random.randint(1, 9000)),
            "info",
            "none",
            f"{random.randint(1, 90)}s",
            "http://localhost:" + str(random.randint(1024, 9999)),
        )
    )
    text = (
        f"{name}\n    {what[0].upper()}{what[1:]}. Default: {default}.",
        f"{name}={default}   # {what}",
        f"| {name} | {what} | {default} |",
        f"- `{name}`: {what} (defaults to `{default}`)",
    )[layout % 4]
    asks = (
        (f"Which environment variable sets the {what}?", name),
        (f"env var: {what}", name),
        (f"What is the default of {name}?", default),
        (f"default {name}", default),
        (f"Which variable do I set for the {what} in {{t}}?", name),
        (f"What is the value of {name} if it is not set?", default),
        (f"What does {name} hold?", what if layout % 4 else what[0].upper() + what[1:]),
    )
    return Entry(name, text, asks)


def error(random: Random, tool: str, layout: int) -> Entry:
    code = random.choice(
        (
            f"E{random.randint(100, 9999)}",
            f"{random.choice(('ERR', 'FS', 'NET', 'DB'))}-{random.randint(10, 999):03d}",
            f"0x{random.getrandbits(16):04X}",
            f"{tool.upper().replace('-', '_')}_{random.choice(('LOCKED', 'NOT_FOUND', 'TOO_LARGE', 'BAD_SIGNATURE', 'EXPIRED', 'FULL'))}_{random.randint(1, 99)}",  # noqa: E501
        )
    )
    i = random.randrange(len(ERRORS))
    noun, adjective = random.choice(NOUNS), random.choice(ADJECTIVES)
    cause, remedy = (
        values.filled(random, one.replace("{n}", noun).replace("{a}", adjective))
        for one in (ERRORS[i], REMEDIES[i])
    )
    exit_status = str(random.randint(1, 127))
    text = (
        f"{code}: {cause}. {remedy} Exit status {exit_status}.",
        f"{code} | {cause} | {remedy} | {exit_status}",
        f"{code}\nCause: {cause}\nRemedy: {remedy}\nExit status: {exit_status}",
    )[layout % 3]
    asks = (
        (f"What does {code} mean?", cause),
        (f"{code} meaning", cause),
        (f"What causes error {code}?", cause),
        (f"How do I fix {code}?", remedy),
        (f"What should one do about {code} in {{t}}?", remedy),
        (f"Which exit status goes with {code}?", exit_status),
        (f"exit status of {code}", exit_status),
        (f"Which error code says that {cause}?", code),
        (f"error code in {{t}} when {cause}", code),
    )
    return Entry(code, text, asks)


def setting(random: Random, tool: str, layout: int) -> Entry:
    p, t, d, m = _parameters(random, 1)[0]
    section = random.choice(NOUNS)
    key = f"{section}.{p}" if random.random() < 0.6 else f"{section}_{p}"
    allowed = {
        "bool": "true or false",
        "int": f"{random.randint(0, 2)} to {random.randint(100, 9999)}",
        "float": "0.1 to 600",
    }.get(t, f"{random.choice(ADJECTIVES)}, {random.choice(NOUNS)} or off")
    reload = random.choice(
        ("after a restart", "at once", "for new sessions only", "after a reload")
    )
    text = (
        f"{key}\nType: {t}\nDefault: {d}\nAllowed: {allowed}\nTakes effect: {reload}\n{m[0].upper()}{m[1:]}.",  # noqa: E501
        f"{key} = {d}   # {t}, {allowed}; {m}; takes effect {reload}",
        f"| {key} | {t} | {d} | {allowed} | {reload} |",
    )[layout % 3]
    asks = (
        (f"What is the default of {key}?", d),
        (f"{key} default", d),
        (f"Which values may {key} have?", allowed),
        (f"allowed values of {key}", allowed),
        (f"When does a change of {key} take effect?", reload),
        (f"What type is {key} in {{t}}?", t),
        (f"Which default does {{t}} use for {key}?", d),
    )
    return Entry(key, text, asks)


def endpoint(random: Random, tool: str, layout: int) -> Entry:
    noun, verb = random.choice(NOUNS), random.choice(VERBS)
    method = random.choice(("GET", "POST", "PUT", "DELETE", "PATCH"))
    route = random.choice(
        (
            f"/{noun}s",
            f"/{noun}s/{{{{id}}}}",
            f"/v2/{noun}s/{{{{id}}}}/{verb}",
            f"/{noun}s/{{{{name}}}}/{random.choice(NOUNS)}s",
        )
    )
    shown = route.replace("{{", "{").replace("}}", "}")
    ending = (
        verb[:-1] + "ies"
        if verb.endswith("y")
        else verb + ("es" if verb.endswith(("s", "sh", "x", "ch")) else "s")
    )
    what = f"{ending} a {random.choice(ADJECTIVES)} {noun}"
    status, scope = (
        random.choice(("200 OK", "201 Created", "202 Accepted", "204 No Content")),
        f"{noun}s:{random.choice(('read', 'write', 'admin'))}",
    )
    limit = f"{random.randint(5, 900)} requests per minute"
    text = (
        f"{method} {shown}\n{what[0].upper()}{what[1:]}. Scope: {scope}. Success: {status}. Limit: {limit}.",  # noqa: E501
        f"{method} {shown} | {what} | {scope} | {status} | {limit}",
        f"### {method} {shown}\n\n{what[0].upper()}{what[1:]}.\n\n- Scope: `{scope}`\n- Success: {status}\n- Limit: {limit}",  # noqa: E501
    )[layout % 3]
    asks = (
        (f"Which scope does {method} {route} need?", scope),
        (f"What does {method} {route} answer on success?", status),
        (f"rate limit of {method} {route}", limit),
        (f"How often may {method} {route} be called?", limit),
        (f"Which endpoint of {{t}} {what}?", f"{method} {shown}"),
        (f"status code of {method} {route} when all is well", status),
    )
    return Entry(f"{method} {shown}", text, asks)
