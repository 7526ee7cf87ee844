"""`reread ask` in a real terminal and in a real pipe, against a real service."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command.terminal.screen import ROOT, terminal
from tests.worlds.browsing import town_service
from tests.worlds.serving import Running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with town_service(tmp_path_factory.mktemp("towns")) as service:
        yield service


def test_a_conversation_with_history_a_judgement_and_a_refusal(
    service: Running, tmp_path: Path
) -> None:
    with terminal("ask", "--home", str(tmp_path), "--url", service.url) as shown:
        shown.wait_for("/wrong [the right answer]")  # the brackets were taken for a style
        shown.type("/right")
        shown.wait_for("There is no answer yet")
        shown.type("wells of Turku")
        shown.wait_for("Turku has 4 wells. They")
        shown.type("deep?")  # the echo reader counts the words of the earlier question too
        shown.wait_for("deep?")
        shown.type("/wrong five wells")
        shown.wait_for("Kept: wrong")
        shown.type("x" * 2100)
        shown.wait_for("this one has 2100")
        shown.type("/new")
        shown.wait_for("A new conversation")
        shown.type("/quit")
        assert shown.end() == 0
        assert shown.screen.count("Turku has 4 wells. They") >= 2
    log = service.parts.history._log
    first, second = log.read_since(0, 10)[-2:]
    assert (first.question, second.question) == ("wells of Turku", "deep? (Turku)")
    said = log.feedback(second.id)[-1]
    assert (said.verdict, said.answer) == ("wrong", "five wells")
    kept = tmp_path / "ask_history"
    assert "wells of Turku" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_the_end_of_input_ends_it(service: Running, tmp_path: Path) -> None:
    with terminal("ask", "--home", str(tmp_path), "--url", service.url) as shown:
        shown.wait_for("? ")
        shown.type("\x04")
        assert shown.end() == 0


def test_a_pipe_is_answered_line_by_line(service: Running, tmp_path: Path) -> None:
    questions = "wells of Riga\n\n" + "y" * 2100 + "\nwells of Lund\n"
    done = subprocess.run(
        [sys.executable, "-m", "command", "ask", "--json", "--url", service.url,
         "--home", str(tmp_path), "--top-k", "2"],
        input=questions, capture_output=True, text=True, cwd=ROOT, timeout=120,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["question"] for one in answers] == ["wells of Riga", "wells of Lund"]
    assert [len(one["passages"]) for one in answers] == [2, 2]
    assert done.returncode == 1
    assert "yyy: The request cannot be used" in done.stderr
    assert "1 questions were not answered" in done.stderr
