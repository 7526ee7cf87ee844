"""Blocks of README and of the guides do what they say: commands parse, requests are answered."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from command.__main__ import app
from tests.worlds.browsing import town_service
from tests.worlds.serving import Running

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in (
    "index", "own-documents", "own-models", "clients"))]  # fmt: skip


def lines_of(page: Path, language: str = "bash") -> list[str]:
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


LINES = [(page.name, line) for page in PAGES for line in lines_of(page)]
COMMANDS = [(page, line) for page, line in LINES if "/reread " in line]
REQUESTS = [line for _, line in LINES if line.startswith("curl ")]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with town_service(tmp_path_factory.mktemp("towns")) as service:
        yield service


def test_every_line_is_known() -> None:
    """A new kind of line needs a way to be tried here."""
    assert len(COMMANDS) > 20 and len(REQUESTS) > 2
    others = [line for page, line in LINES if (page, line) not in COMMANDS and line not in REQUESTS]
    assert all(line.startswith("make ") for line in others), others


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_command_is_parsed_to_its_end(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    assert words[0] == ".venv/bin/reread"
    group: Any = typer.main.get_command(app)
    rest = words[1:]
    while hasattr(group, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in group.commands, f"there is no {rest[0]!r}"
        group, rest = group.commands[rest[0]], rest[1:]
    group.make_context(group.name, rest)  # raises where a flag or a value is not known


@pytest.mark.parametrize("line", REQUESTS)
def test_a_request_is_answered(line: str, service: Running) -> None:
    words = shlex.split(line.replace("$(cat ~/.reread/admin.key)", "admin-secret"))
    headers, method, body, url = {}, None, None, ""
    values = iter(words[1:])
    for word in values:
        if word == "-H":
            name, _, value = next(values).partition(": ")
            headers[name] = value
        elif word == "-X":
            method = next(values)
        elif word == "-d":
            body = next(values)
        elif word != "-s":
            url = word
    path = url.removeprefix("localhost:8765")
    method = method or ("GET" if body is None else "POST")
    response = service.client.request(method, path, content=body, headers=headers)
    assert response.status_code < 300, response.text
    assert isinstance(json.loads(response.text), dict)


def test_the_python_block_runs_as_it_stands(
    service: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    block = "\n".join(lines_of(ROOT / "docs" / "clients.md", "python"))
    exec(block.replace("http://127.0.0.1:8765", service.url), {})
    assert re.search(r"^0\.\d\d ", capsys.readouterr().out, re.MULTILINE)


def test_its_make_targets_exist() -> None:
    wanted = set(re.findall(r"`?make ([a-z]+)", README))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert {"demo", "test", "install", "docs"} <= wanted & there
    assert wanted <= there | {"and"}, wanted - there
