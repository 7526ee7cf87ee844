"""What others look for in such files: their linters and schemas find nothing, and would.

hadolint for the Dockerfiles and the shell in them, the compose specification's schema, those of
Kubernetes, and systemd's look at the unit where it is installed. None of them fetches anything.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
PROGRAMS = Path(sys.executable).parent


def said_by(program: str | Path, *arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda one: one.stem)
def test_hadolint_finds_nothing(file: Path) -> None:
    assert said_by(PROGRAMS / "hadolint", "--no-color", file) == (0, "")


def test_hadolint_would_find_what_is_not_pinned(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:latest\nRUN cd /x && pip install reread\n")
    code, text = said_by(PROGRAMS / "hadolint", "--no-color", tmp_path / "Dockerfile")
    assert code == 1 and {"DL3007", "DL3013", "DL3003"} <= set(re.findall(r"DL\d+", text))


def compose_schema(file: Path) -> tuple[int, str]:
    schema = ("--builtin-schema", "vendor.compose-spec")
    return said_by(PROGRAMS / "check-jsonschema", *schema, file)


def test_the_compose_file_is_one(tmp_path: Path) -> None:
    file = ROOT / "docker-compose.yml"
    assert compose_schema(file)[0] == 0
    broken = tmp_path / "docker-compose.yml"
    text = file.read_text(encoding="utf-8")
    broken.write_text(text.replace("stop_grace_period", "stop_grace_time"), encoding="utf-8")
    code, told = compose_schema(broken)
    assert code == 1 and "stop_grace_time" in told


def kubernetes_schema(file: Path) -> tuple[int, str]:
    return said_by(PROGRAMS / "kubernetes-validate", "--strict", file)


def test_the_manifest_is_one(tmp_path: Path) -> None:
    file = ROOT / "docker" / "kubernetes.yaml"
    code, told = kubernetes_schema(file)
    assert code == 0 and told.count(" passed for resource ") == 4, told
    broken = tmp_path / "kubernetes.yaml"
    broken.write_text(file.read_text("utf-8").replace("replicas: 2", "replica: 2"), "utf-8")
    assert kubernetes_schema(broken)[0] == 1


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    unit = (ROOT / "docker" / "reread.service").read_text(encoding="utf-8")
    start = re.findall(r"ExecStart=(\S+)", unit)[0]
    for name, text, sound in (
        ("sound.service", unit.replace(start, sys.executable), True),
        (
            "broken.service",
            unit.replace(start, sys.executable).replace("TimeoutStopSec=", "TimeoutStop="),
            False,
        ),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        code, told = said_by(program, "verify", "--man=no", tmp_path / name)
        assert (code == 0 and not told) == sound, told
