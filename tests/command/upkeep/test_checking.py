"""`reread check` says every problem at once, and `reread keys` changes what a home lets in."""

import socket
from pathlib import Path

import pytest

from command.__main__ import run
from command.upkeep.checking import problems_of
from reread.home import Home
from service.http.key_file import KeyFile


def test_every_problem_is_told_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "reread.toml").write_text("top_k = 500\ntopk = 3\nhost = '0.0.0.0'\n")
    environment = {
        "REREAD_HOME": str(tmp_path),
        "REREAD_PORT": "many",
        "REREAD_WAIT_S": "-1",
        "REREAD_QUEUE": "3",
        "REREAD_ALLOWED_HOSTS": "https://docs.example",
        "REREAD_QUERY_KEYS_FILE": str(tmp_path / "none"),
        "PATH": "/bin",
    }
    found = list(problems_of(None, environment))
    for part in (
        "top_k is 500", "did you mean top_k", "port is 'many'", "wait_s is -1",
        "REREAD_QUEUE", "without scheme", "REREAD_QUERY_KEYS_FILE names",
    ):  # fmt: skip
        assert sum(part in one for one in found) == 1, (part, found)
    assert len(found) == 7


def test_the_machine_is_looked_at_when_the_settings_are_sound(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        [sentence] = problems_of(tmp_path, {"REREAD_PORT": port})
        assert f"Port {port}" in sentence and "--port" in sentence
    Home(tmp_path).keys_file.write_text("{")
    open_to_all = {"REREAD_HOST": "0.0.0.0", "REREAD_PORT": "0"}
    keyless, damaged = problems_of(tmp_path, open_to_all)
    assert "REREAD_QUERY_KEYS" in keyless and "keys.json cannot be read" in damaged
    away = {"REREAD_PORT": "0", "REREAD_REDIS_URL": "redis://:geheim@127.0.0.1:1/0"}
    Home(tmp_path).keys_file.unlink()
    [redis] = problems_of(tmp_path, away)
    assert redis.startswith("Redis: ") and "geheim" not in redis
    assert list(problems_of(tmp_path, {"REREAD_PORT": "0"})) == []


def test_the_exit_code_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REREAD_PORT", "0")
    assert run(["check", "--home", str(tmp_path)]) == 0
    assert "sound" in capsys.readouterr().out
    monkeypatch.setenv("REREAD_TOP_K", "0")
    assert run(["check", "--home", str(tmp_path)]) == 1
    assert "top_k is 0" in capsys.readouterr().out


def test_keys_are_made_listed_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path)]
    assert run(["keys", "add", "anna", *home]) == 0
    key = capsys.readouterr().out.strip()
    assert run(["keys", "add", "ben", "--admin", *home]) == 0
    capsys.readouterr()
    kept = KeyFile(Home(tmp_path).keys_file).present()
    assert [(one.name, one.right) for one in kept] == [("anna", "query"), ("ben", "admin")]
    assert run(["keys", "list", *home]) == 0
    listed = capsys.readouterr().out
    assert "anna" in listed and "admin" in listed and key not in listed
    assert run(["keys", "relabel", "anna", "--label", "hr", "--label", "board", *home]) == 0
    [anna] = [one for one in KeyFile(Home(tmp_path).keys_file).present() if one.name == "anna"]
    assert anna.labels == ("board", "hr") and "may see hr, board" in capsys.readouterr().out
    assert run(["keys", "relabel", "anna", "--label", "not a label", *home]) == 2
    assert run(["keys", "relabel", "nobody", "--label", "hr", *home]) == 1
    assert run(["keys", "relabel", "anna", *home]) == 0  # none
    assert all(one.labels == () for one in KeyFile(Home(tmp_path).keys_file).present())
    assert "key relabelled" in Home(tmp_path).audit_file.read_text()
    capsys.readouterr()
    assert run(["keys", "remove", "anna", *home]) == 0
    assert run(["keys", "remove", "anna", *home]) == 1
    assert "this home has: ben" in capsys.readouterr().err
    audit = Home(tmp_path).audit_file.read_text()
    assert "key added" in audit and "key removed" in audit and key not in audit
