"""A real service on a real port, over generations in memory and a log on disk."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from index_builder.ingest.documents import split_document
from index_builder.ingest.uploads import read_upload
from reread.errors import BadRequest
from reread.home import Home
from reread.live.fit import Sees
from reread.log.stores import Stores
from service.answering.live import LiveGeneration
from service.answering.reading import AnswerReader, Readers
from service.assembly import assembled
from service.http.key_file import KeyFile
from service.http.parts import ServiceParts
from service.http.security import Keys
from service.listening import listen
from service.metrics import ServiceMetrics
from service.server import serve
from service.settings import ServiceSettings
from tests.worlds.fakes import EchoReader, Shelf

ADMIN = {"Authorization": "Bearer admin-secret"}


@dataclass(frozen=True)
class Running:
    client: httpx2.Client
    parts: ServiceParts
    home: Home
    shelf: Shelf
    url: str

    def ask(self, **body: object) -> httpx2.Response:
        return self.client.post("/answer", json={"question": "wells of town 3", **body})


def check_retrain(params: Mapping[str, Any]) -> None:
    unknown = set(params) - {"epochs", "objective"}
    if unknown:
        raise BadRequest(f"Unknown trainer setting {sorted(unknown)[0]}; known: epochs, objective.")


@contextmanager
def running(
    root: Path,
    shelf: Shelf | None,  # None: the home's own generations
    reader: AnswerReader | None = None,
    query_keys: tuple[str, ...] = (),
    sight: Sees | None = None,
    stores: Stores | None = None,
    port: int = 0,
    **options: Any,
) -> Iterator[Running]:
    home, on_disk = Home(root).create(), shelf is None
    shelf = shelf or Shelf()
    settings = ServiceSettings(port=0, poll_s=0.02, **options)

    def open_live(home: Home, settings: ServiceSettings, metrics: ServiceMetrics) -> LiveGeneration:
        return LiveGeneration(
            lambda: shelf.current,
            lambda: sorted(shelf.generations),
            shelf.open,
            poll_s=settings.poll_s,
            on_swap=metrics.swaps.inc,
            on_refusal=metrics.refused_generations.inc,
        )

    keys = Keys("admin-secret", query_keys, KeyFile(home.keys_file))
    with (
        listen("127.0.0.1", port) as bound,
        assembled(
            settings,
            home,
            Readers(reader or EchoReader()),
            keys,
            check_retrain,
            lambda: 4711,
            split_document,
            read_upload,
            None if on_disk else open_live,
            sight=sight,
            stores=stores,
        ) as parts,
    ):
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        thread = threading.Thread(target=serve, args=(parts, bound))
        thread.start()
        try:
            with httpx2.Client(base_url=url, timeout=20) as client:
                if shelf.current is not None:
                    until(lambda: parts.pipeline.live.number == shelf.current[0])  # type: ignore[index]
                yield Running(client, parts, home, shelf, url)
        finally:  # a failed test too: its process would wait for the thread for ever
            parts.presence.draining.set()
            thread.join(30)
        assert not thread.is_alive()


def until(condition: Callable[[], bool], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.005)


def assert_problem(response: httpx2.Response, status: int, *parts: str) -> dict[str, Any]:
    """The response is problem details with this status, saying all of `parts`."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert sorted(body) == ["detail", "instance", "request_id", "status", "title", "type"]
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["instance"] == response.url.path
    for part in parts:
        assert part in body["detail"], body["detail"]
    return body
