"""What docker-compose.yml says, read once, as values; what it leaves to an image comes from there.

The tests of what the file promises and the one that runs it read it here, so a change in it
changes both. Runs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tests.docker.image_file import HealthCheck, Image, read_image, seconds

READ = {
    "build", "cap_drop", "command", "depends_on", "deploy", "environment", "healthcheck", "image",
    "mem_limit", "ports", "profiles", "read_only", "restart", "secrets", "security_opt",
    "stop_grace_period", "stop_signal", "tmpfs", "user", "volumes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Volume:
    source: str  # a named volume, or a folder beside the file
    target: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class Container:
    """One service of the file: what would be started, with what it is given."""

    name: str
    image: str
    built: Image | None  # none: it is fetched
    build: Mapping[str, str]  # its context, file and target
    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[str, ...]
    volumes: tuple[Volume, ...]
    tmpfs: tuple[str, ...]
    needs: Mapping[str, str]  # service -> condition
    health: HealthCheck | None
    ports: tuple[tuple[str, int], ...]  # (address of the machine, port inside)
    restart: str
    stop_signal: str
    stop_grace_s: float
    memory_bytes: int
    drops_capabilities: bool
    user: str | None
    is_read_only: bool
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compose:
    containers: Mapping[str, Container]
    secrets: Mapping[str, str]  # name -> file beside the compose file
    volumes: tuple[str, ...]

    def started(self) -> list[Container]:
        """Those that `up` starts, each after those that it needs."""
        order: list[Container] = []
        waiting = [one for one in self.containers.values() if not one.profiles]
        while waiting:
            done = {one.name for one in order}
            free = [one for one in waiting if done.issuperset(one.needs)]
            assert free, f"a circle of depends_on: {[one.name for one in waiting]}"
            order += free
            waiting = [one for one in waiting if one not in free]
        return order


def read_compose(file: Path) -> Compose:
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Compose(
        {name: _container(name, one, file.parent) for name, one in said["services"].items()},
        {name: one["file"] for name, one in said["secrets"].items()},
        tuple(said["volumes"]),
    )


def _container(name: str, said: Mapping[str, Any], folder: Path) -> Container:
    unread = sorted(set(said) - READ)
    assert not unread, f"{name} says {unread}, which no test would run: read it here"
    build = said.get("build", {})
    image = read_image(folder / build["dockerfile"], build["target"]) if build else None
    health = _health(said["healthcheck"]) if "healthcheck" in said else image and image.health
    return Container(
        name=name,
        image=said["image"],
        built=image,
        build=build,
        command=tuple(said.get("command") or (image.command if image else ())),
        environment={**(image.environment if image else {}), **_texts(said.get("environment", {}))},
        secrets=tuple(said.get("secrets", ())),
        volumes=tuple(_volume(one) for one in said.get("volumes", ())),
        tmpfs=tuple(said.get("tmpfs", ())),
        needs={one: how["condition"] for one, how in said.get("depends_on", {}).items()},
        health=health,
        ports=tuple(_port(one) for one in said.get("ports", ())),
        restart=said["restart"],
        stop_signal=said.get("stop_signal") or (image.stop_signal if image else "SIGTERM"),
        stop_grace_s=seconds(said.get("stop_grace_period", "10s")),
        memory_bytes=_bytes(said["mem_limit"]),
        drops_capabilities=said.get("cap_drop") == ["ALL"],
        user=said.get("user") or (image.user if image else None),
        is_read_only=said.get("read_only", False),
        profiles=tuple(said.get("profiles", ())),
    )


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def _volume(text: str) -> Volume:
    source, target, *mode = text.split(":")
    return Volume(source, target, mode == ["ro"])


def _port(text: str) -> tuple[str, int]:
    address, _, inside = text.rpartition(":")
    return address, int(inside)


def _health(said: Mapping[str, Any]) -> HealthCheck:
    kind, *words = said["test"]
    check = HealthCheck(tuple(words) if kind == "CMD" else ("sh", "-c", *words))
    times: dict[str, Any] = {
        f"{key}_s": seconds(said[key])
        for key in ("interval", "timeout", "start_period")
        if key in said
    }
    return replace(check, **times, retries=said.get("retries", check.retries))


def _bytes(text: str) -> int:
    """
    >>> _bytes("4g")
    4294967296
    """
    return int(text[:-1]) * 2 ** {"k": 10, "m": 20, "g": 30}[text[-1]]
