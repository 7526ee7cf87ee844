"""Defect: a page of any site reached the keyless service on loopback (DNS rebinding, CSRF)."""

import socket
from pathlib import Path

import httpx2
import pytest

from reread.errors import BadRequest
from service.settings import ServiceSettings
from tests.worlds.fakes import Shelf, WordGeneration
from tests.worlds.serving import ADMIN, Running, running

MCP = {"Accept": "application/json, text/event-stream"}
WAYS = (
    ("POST", "/answer", {"question": "wells"}),
    ("POST", "/answer", {"question": "wells", "stream": True}),
    ("GET", "/search?q=wells", None),
    ("GET", "/documents", None),
    ("GET", "/info", None),
    ("GET", "/metrics", None),
    ("GET", "/openapi.json", None),
    ("GET", "/", None),
    ("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "wells"}]}),
    ("GET", "/v1/models", None),
    ("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
    ("POST", "/admin/retrain", {"force": True}),
    ("GET", "/admin/jobs/x/events", None),
    ("GET", "/nothing", None),
)


def sent(
    service: Running, way: tuple[str, str, object], headers: dict[str, str]
) -> httpx2.Response:
    method, path, body = way
    return service.client.request(method, path, json=body, headers={**MCP, **ADMIN, **headers})


def refused(response: httpx2.Response, status: int, *parts: str) -> None:
    """As `assert_problem`, for the /v1 routes too, which say it a second time in OpenAI's way."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert all(part in response.json()["detail"] for part in parts), response.text


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]} {way[1]}")
def test_a_name_that_points_here_by_rebinding_reads_nothing(service: Running, way: object) -> None:
    port = service.url.rpartition(":")[2]
    for host in (f"evil.example:{port}", "evil.example", "127.0.0.1.evil.example", "10.0.0.9"):
        refused(sent(service, way, {"Host": host}), 421, repr(host), "REREAD_ALLOWED_HOSTS")
    assert service.parts.history._log.last_sequence() == 0
    assert service.parts.jobs.list() == []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]} {way[1]}")
def test_a_page_of_another_site_sends_nothing_here(service: Running, way: object) -> None:
    for origin in ("https://evil.example", "null", "http://localhost:3000", "http://[", "x"):
        refused(sent(service, way, {"Origin": origin}), 403, repr(origin), "own page")
    refused(sent(service, way, {"Sec-Fetch-Site": "cross-site"}), 403, "another site")
    script = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}
    refused(sent(service, way, script), 403, "another site")
    assert service.parts.history._log.last_sequence() == 0
    assert service.parts.jobs.list() == []


@pytest.mark.parametrize(
    "head",
    [
        "GET /info HTTP/1.1\r\nHost: localhost\r\nHost: evil.example",
        "GET /info HTTP/1.1",
        "GET /info HTTP/1.0",
        *(
            f"GET /info HTTP/1.1\r\nHost: {host}"
            for host in (":8765", "u@localhost", "localhost/x", "[::1", "evil.example#localhost")
        ),
    ],
)
def test_two_hosts_or_none_are_no_host(service: Running, head: str) -> None:
    address, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((address, int(port)), timeout=10) as line:
        line.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode())
        assert line.recv(100).split()[1] in (b"400", b"421")


def test_the_services_own_names_and_page_are_answered(service: Running) -> None:
    port = service.url.rpartition(":")[2]
    for host in ("localhost", f"LOCALHOST:{port}", "127.0.0.1", "127.8.9.1:80", f"[::1]:{port}"):
        for origin in (None, f"http://{host}"):
            headers = {"Host": host} if origin is None else {"Host": host, "Origin": origin}
            assert sent(service, WAYS[0], headers).status_code == 200, headers
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert sent(service, WAYS[0], own).status_code == 200
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert service.client.get("/", headers=link).status_code == 200


def test_names_can_be_added_and_then_others_stay_outside(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf, allowed_hosts=("Docs.example",)) as service:
        for headers in (
            {"Host": "docs.example"},
            {"Host": "docs.example:443", "Origin": "https://docs.example:443"},
            {"Host": "127.0.0.1", "Origin": "https://docs.example"},  # a proxy that renames
        ):
            assert sent(service, WAYS[0], headers).status_code == 200, headers
            assert sent(service, WAYS[10], headers).status_code == 200, headers
        assert sent(service, WAYS[0], {"Host": "evil.example"}).status_code == 421
        stranger = {"Host": "docs.example", "Origin": "https://evil.example"}
        assert sent(service, WAYS[0], stranger).status_code == 403


@pytest.mark.parametrize(
    ("keys", "names", "host", "status"),
    [
        (("alpha",), (), "reread.internal", 200),  # its key is what protects it
        (("alpha",), ("docs.example",), "reread.internal", 421),
        ((), (), "reread.internal", 421),
        ((), (), "10.1.2.3:8765", 200),  # no site's name is an address
        ((), ("*",), "reread.internal", 200),
    ],
)
def test_listening_everywhere(
    tmp_path: Path, keys: tuple[str, ...], names: tuple[str, ...], host: str, status: int
) -> None:
    options = {"host": "0.0.0.0", "allow_anonymous": not keys, "allowed_hosts": names}
    with running(tmp_path, Shelf(), query_keys=keys, **options) as service:
        body = {"question": "wells", "passages": [{"text": "wells"}]}
        assert sent(service, ("POST", "/answer", body), {"Host": host}).status_code == status


def test_an_address_is_no_name() -> None:
    for name in ("https://docs.example", "docs.example:443", "docs.example/", ""):
        with pytest.raises(BadRequest, match="without scheme, port and path"):
            ServiceSettings(allowed_hosts=(name,))
    ServiceSettings(allowed_hosts=("docs.example", "::1", "10.0.0.1", "*"))
