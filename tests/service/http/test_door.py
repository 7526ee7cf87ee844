"""Keys with names, how often one may ask, and what is written down of who changes things."""

import json
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from reread.audit import note
from reread.errors import BadRequest, Conflict, NotFound
from reread.home import Home
from reread.rights import EVERYBODY, OWNER, Rights
from service.http.key_file import KeyFile, KeysUnreadable
from service.http.security import Caller, Keys
from service.server import with_admin
from service.settings import ServiceSettings
from tests.worlds.fakes import Shelf, WordGeneration
from tests.worlds.serving import ADMIN, Running, assert_problem, running

OWN = {"question": "wells", "passages": [{"text": "Rome has wells"}]}


def with_key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def asked(service: Running, key: str | None) -> httpx2.Response:
    headers = {} if key is None else with_key(key)
    return service.client.post("/answer", json=OWN, headers=headers)


def test_keys_come_and_go_while_the_service_runs(tmp_path: Path) -> None:
    with running(tmp_path, Shelf()) as service:
        assert asked(service, None).status_code == 200  # no query key yet
        keys = KeyFile(service.home.keys_file)  # another process's view of the same file
        anna, ben = keys.add("anna", "query", 1.0), keys.add("ben", "admin", 2.0)
        assert_problem(asked(service, None), 401, "reread keys add")
        assert asked(service, anna).status_code == 200
        jobs = "/admin/jobs"
        assert_problem(service.client.get(jobs, headers=with_key(anna)), 403, "admin key")
        assert service.client.get(jobs, headers=with_key(ben)).status_code == 200
        assert service.client.get(jobs, headers=ADMIN).status_code == 200  # the configured one
        keys.remove("anna")
        new = keys.add("anna", "query", 3.0)
        assert_problem(asked(service, anna), 401)
        assert asked(service, new).status_code == 200


def test_only_hashes_are_kept_and_for_the_owner_alone(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    key = keys.add("anna", "query", 1.5)
    stored = (tmp_path / "keys.json").read_text()
    assert len(key) >= 32 and key not in stored and key not in repr(keys.present())
    assert json.loads(stored)["keys"][0]["name"] == "anna"
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict, match="There is a key anna already"):
        keys.add("anna", "admin", 2.0)
    with pytest.raises(NotFound, match="this home has: anna"):
        keys.remove("ben")
    for name in ("", "a b", "-a", "x" * 65, "a\n"):
        with pytest.raises(BadRequest, match="cannot name a key"):
            keys.add(name, "query", 2.0)


def test_a_key_holds_the_labels_it_was_given(tmp_path: Path) -> None:
    """A file from before labels reads as it is; one whose labels are no names lets nobody in."""
    path = tmp_path / "keys.json"
    keys = KeyFile(path)
    given = {name: keys.add(name, right, 1.0, labels) for name, right, labels in (
        ("anna", "query", ()), ("ben", "query", ["hr", "board"]), ("eva", "admin", ["hr"]),
    )}  # fmt: skip
    known = Keys("root", ("plain",), KeyFile(path))
    assert known.rights(given["anna"]) == known.rights(None) == known.rights("plain") == EVERYBODY
    assert known.rights("wrong") == EVERYBODY
    assert known.rights(given["ben"]) == Rights(frozenset(["hr", "board"]))
    assert known.rights(given["eva"]) == known.rights("root") == OWNER
    keys.relabel("ben", ["hr"])
    assert known.rights(given["ben"]) == Rights(frozenset(["hr"]))
    with pytest.raises(NotFound, match="anna, ben, eva"):
        keys.relabel("dora", [])
    with pytest.raises(BadRequest, match="cannot be an access label"):
        keys.add("dora", "query", 1.0, ["a b"])
    body = json.loads(path.read_text())
    for one in body["keys"]:
        del one["labels"]
    path.write_text(json.dumps(body))
    assert known.rights(given["ben"]) == EVERYBODY and known.caller(given["ben"]) is not None
    body["keys"][0]["labels"] = {"hr": True}
    path.write_text(json.dumps(body))
    with pytest.raises(KeysUnreadable, match="access_labels"):
        KeyFile(path).add("dora", "query", 1.0)


def test_a_damaged_key_file_lets_nobody_new_in_and_is_told(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf) as service:
        key = KeyFile(service.home.keys_file).add("anna", "query", 1.0)
        assert asked(service, key).status_code == 200
        for damage in ("{", '{"keys": [{"name": "x"}]}', "[" * 100_000, '{"keys": 5}'):
            service.home.keys_file.write_text(damage)
            assert asked(service, key).status_code == 200
            assert asked(service, None).status_code == 401
            ready = service.client.get("/readyz")
            assert ready.status_code == 200 and "cannot be read" in ready.json()["warnings"][0]
    with pytest.raises(KeysUnreadable, match="reread keys add NAME"):
        KeyFile(service.home.keys_file).add("ben", "query", 2.0)


def test_every_key_names_its_caller() -> None:
    keys = Keys("root", ("a", "b"))
    assert keys.caller("root") == Caller("REREAD_ADMIN_KEY or admin.key", True, OWNER)
    assert keys.caller("b") == Caller("REREAD_QUERY_KEYS 2", False)
    assert keys.caller("c") is None and keys.caller("") is None and keys.caller(None) is None


def test_an_admin_key_is_made_only_where_there_is_none(tmp_path: Path) -> None:
    home, told = Home(tmp_path).create(), list[str]()
    named = Keys(None, (), KeyFile(home.keys_file))
    KeyFile(home.keys_file).add("ben", "admin", 1.0)
    assert with_admin(named, ServiceSettings(), home, told.append).admin is None
    assert not home.admin_key_file.exists() and told == []
    KeyFile(home.keys_file).remove("ben")
    made = with_admin(named, ServiceSettings(), home, told.append).admin
    assert home.admin_key_file.read_text().strip() == made and made in told[0]


def test_stored_keys_are_enough_beyond_loopback() -> None:
    everywhere = ServiceSettings(host="0.0.0.0")
    with pytest.raises(BadRequest, match="REREAD_QUERY_KEYS"):
        everywhere.require_keys_beyond_loopback()
    everywhere.require_keys_beyond_loopback(keys_stored=True)


@pytest.mark.parametrize("option", ["rate_per_key", "rate_per_address"])
def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path, option: str) -> None:
    limit: dict[str, Any] = {option: 5}
    with running(tmp_path, Shelf(), query_keys=("alpha", "beta"), **limit) as service:
        assert [asked(service, "alpha").status_code for _ in range(5)] == [200] * 5
        refused = asked(service, "alpha")
        assert_problem(refused, 429, "5 requests a minute")
        assert 1 <= int(refused.headers["retry-after"]) <= 12
        other = asked(service, "beta").status_code
        assert other == (200 if option == "rate_per_key" else 429)
        for path in ("/healthz", "/readyz", "/metrics"):
            assert service.client.get(path).status_code != 429


def audited(home: Home) -> list[dict[str, Any]]:
    return [json.loads(line) for line in home.audit_file.read_text().splitlines()]


def test_changes_are_written_down_before_they_are_acknowledged(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf) as service:
        key = KeyFile(service.home.keys_file).add("ben", "admin", 1.0)
        for _ in range(3):
            service.client.get("/admin/jobs", headers=with_key(key))
        service.client.delete("/documents/none", headers={**with_key(key), "X-Request-ID": "r1"})
        service.client.post("/admin/generations/9/activate", headers=ADMIN)
        service.client.post("/admin/retrain", headers=with_key("wrong"))
        service.client.post("/answer", json=OWN, headers=with_key(key))
        lines = audited(service.home)
    kept = [(one["key"], one["method"], one["path"], one["status"]) for one in lines]
    configured = "REREAD_ADMIN_KEY or admin.key"
    assert kept == [
        ("ben", "GET", "/admin/jobs", 200),  # looking: once an hour
        ("ben", "DELETE", "/documents/none", 404),
        (configured, "POST", "/admin/generations/9/activate", 404),
    ]
    assert lines[1]["request_id"] == "r1" and lines[1]["address"] == "127.0.0.1"
    assert key not in service.home.audit_file.read_text()
    assert service.home.audit_file.stat().st_mode & 0o777 == 0o600


def test_the_audit_log_is_bounded_and_its_failure_stops_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    home.audit_file.write_bytes(b"x" * (8 * 1024 * 1024))
    note(home, "published", generation=3)
    [line] = audited(home)
    assert (line["what"], line["generation"]) == ("published", 3)
    assert time.strftime("%Y-", time.gmtime()) in line["time"]
    note(Home(tmp_path / "nowhere"), "published", generation=4)
