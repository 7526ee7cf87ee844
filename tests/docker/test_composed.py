"""What runs a compose file waits as an engine would: for health, for a good end, and no longer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.compose_file import read_compose
from tests.docker.composed import Composed
from tests.worlds.serving import until

WELL = {"test": ["CMD", "test", "-f", "/state/ready"], "interval": "1s", "timeout": "5s"}


def shell(script: str, **said: Any) -> dict[str, Any]:
    """A service that runs a script over the one volume."""
    fixed = {"image": "a shell", "volumes": ["state:/state"], "restart": "no", "mem_limit": "1g"}
    return {**fixed, "command": ["sh", "-c", script], **said}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Composed]]:
    projects: list[Composed] = []
    yield projects
    for one in projects:
        one.kill()


def composed(started: list[Composed], tmp_path: Path, **services: dict[str, Any]) -> Composed:
    file = tmp_path / "compose.yml"
    file.write_text(yaml.safe_dump({"services": services, "secrets": {}, "volumes": {"state": {}}}))
    started.append(Composed(read_compose(file), tmp_path, tmp_path / "no programs"))
    return started[-1]


def test_what_needs_another_to_be_well_starts_when_it_is(
    started: list[Composed], tmp_path: Path
) -> None:
    needed = {"first": {"condition": "service_healthy"}}
    project = composed(
        started, tmp_path,
        first=shell("sleep 1; touch /state/ready; exec sleep 60", healthcheck=WELL),
        second=shell("test -f /state/ready", depends_on=needed),
    )  # fmt: skip
    assert project.up() == ["first", "second"]
    until(lambda: project.code("second") is not None)
    assert (project.code("first"), project.code("second")) == (None, 0)


def test_who_ends_before_they_are_well_has_their_log_shown(
    started: list[Composed], tmp_path: Path
) -> None:
    project = composed(started, tmp_path, first=shell("echo no disk; exit 0", healthcheck=WELL))
    with pytest.raises(AssertionError, match="no disk"):
        project.up()


def test_what_needs_another_s_good_end_does_not_start_after_a_bad_one(
    started: list[Composed], tmp_path: Path
) -> None:
    needed = {"first": {"condition": "service_completed_successfully"}}
    project = composed(
        started, tmp_path,
        first=shell("sleep 0.2; echo no corpus; exit 3"),
        second=shell("touch /state/second", depends_on=needed),
    )  # fmt: skip
    with pytest.raises(AssertionError, match="no corpus"):
        project.up()
    assert not (tmp_path / "volumes" / "state" / "second").exists()
