"""What a Dockerfile says, read once, as values: its stages, and the container made of a target.

Knows the instructions of the format; runs none of them, and knows no engine.
"""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A command that is 0 while the container is well."""

    command: tuple[str, ...]
    interval_s: float = 30.0
    timeout_s: float = 30.0
    start_period_s: float = 0.0
    retries: int = 3


@dataclass(frozen=True, slots=True)
class Image:
    """What a target says of the containers made of it."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    user: str | None
    stop_signal: str
    health: HealthCheck | None
    runs: tuple[str, ...]  # its commands, in order, as they were written


@dataclass(frozen=True, slots=True)
class Stage:
    base: str
    instructions: tuple[tuple[str, str], ...]  # (word, what follows it), in order


def read_stages(file: Path) -> dict[str, Stage]:
    """The stages by name; arguments are put in where they have a default."""
    stages: dict[str, Stage] = {}
    arguments: dict[str, str] = {}
    name, base = "", ""
    gathered: list[tuple[str, str]] = []
    for word, rest in instructions(file.read_text(encoding="utf-8")):
        if word == "ARG":
            key, _, default = rest.partition("=")
            arguments[key] = default.strip('"')
        if word == "FROM":
            base, _, name = filled(rest, arguments).partition(" AS ")
            gathered = []
        else:
            gathered.append((word, rest))
        if name:
            stages[name] = Stage(base.strip(), tuple(gathered))
    return stages


def chain(stages: Mapping[str, Stage], target: str) -> list[tuple[str, str]]:
    """A target's instructions, those of the stages it is made from before its own."""
    stage = stages[target]
    below = chain(stages, stage.base) if stage.base in stages else []
    return [*below, *stage.instructions]


def read_image(file: Path, target: str) -> Image:
    said = chain(read_stages(file), target)
    last = dict(said)  # of what is said twice, the later one holds
    environment = {
        key: value
        for word, rest in said
        if word == "ENV"
        for key, value in (one.split("=", 1) for one in shlex.split(rest))
    }
    return Image(
        command=tuple(words_of(last["CMD"])),
        environment=environment,
        user=last.get("USER"),
        stop_signal=last.get("STOPSIGNAL", "SIGTERM"),
        health=read_health(last.get("HEALTHCHECK", "NONE")),
        runs=tuple(rest for word, rest in said if word == "RUN"),
    )


def copied(file: Path, target: str) -> list[tuple[list[str], str]]:
    """What a target copies out of the folder it is built in: sources, destination."""
    said = chain(read_stages(file), target)
    words = [shlex.split(rest) for word, rest in said if word == "COPY"]
    return [(one[:-1], one[-1]) for one in words if not one[0].startswith("--from")]


def read_health(rest: str) -> HealthCheck | None:
    if rest == "NONE":
        return None
    head, _, command = rest.partition("CMD ")
    options = dict(re.findall(r"--([a-z-]+)=(\S+)", head))
    return HealthCheck(
        tuple(words_of(command)),
        seconds(options.get("interval", "30s")),
        seconds(options.get("timeout", "30s")),
        seconds(options.get("start-period", "0s")),
        int(options.get("retries", "3")),
    )


def instructions(text: str) -> list[tuple[str, str]]:
    """
    >>> instructions("# a remark\\nFROM x AS y\\nRUN a \\\\\\n    && b\\n")
    [('FROM', 'x AS y'), ('RUN', 'a && b')]
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (word.upper(), rest) for word, _, rest in (one.partition(" ") for one in joined.split("\n"))
    ]


def words_of(command: str) -> list[str]:
    """A command in either of the format's forms."""
    return json.loads(command) if command.startswith("[") else ["sh", "-c", command]


def filled(text: str, values: Mapping[str, str]) -> str:
    """
    >>> filled("${IMAGE}${DIGEST}", {"IMAGE": "python:3", "DIGEST": ""})
    'python:3'
    """
    return re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], ""), text)


def seconds(text: str) -> float:
    """
    >>> [seconds(one) for one in ("40s", "1m30s", "500ms")]
    [40.0, 90.0, 0.5]
    """
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    return sum(float(n) * units[unit] for n, unit in re.findall(r"(\d+)(ms|s|m|h)", text))


def build_steps(file: Path, target: str) -> Sequence[str]:
    """The commands that make the wheels a target installs, as they were written."""
    stages = read_stages(file)
    own = " ".join(rest for word, rest in stages[target].instructions if word == "RUN")
    made = re.findall(r"from=([\w-]+)", own)
    return [rest for one in made for word, rest in chain(stages, one) if word == "RUN"]
