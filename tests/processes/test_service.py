"""The real process: how it refuses to start, what it tells, and how it ends."""

import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from index_builder.ingest.uploads import read_upload
from reread.errors import BadRequest
from reread.home import Home
from service.http.security import admin_key_of
from service.listening import CannotListen, listen, url_of
from service.server import run
from service.settings import ServiceSettings
from tests.worlds.fakes import EchoReader

PROGRAM = """
import sys
from pathlib import Path
import torch
from index_builder.ingest.documents import split_document
from index_builder.ingest.uploads import read_upload
from reread.home import Home
from service.answering.reading import Readers
from service.server import run
from service.settings import ServiceSettings
from tests.worlds.fakes import EchoReader

class Stuck(EchoReader):
    def read(self, requests, aggregation="mean", tokens=False):
        noise = torch.randn(300, 300)
        while True:
            noise = (noise @ noise).tanh()

reader = {"slow": EchoReader(delay_s=1.5), "stuck": Stuck()}[sys.argv[2]]
settings = ServiceSettings(port=0, drain_s=float(sys.argv[3]))
sys.exit(run(settings, Home(Path(sys.argv[1])), lambda: Readers(reader),
             check_retrain=lambda params: None, split=split_document, read_file=read_upload,
             tell=lambda line: print(line, flush=True)))
"""
OWN = {"question": "wells", "passages": [{"text": "Rome has wells"}]}


class Process:
    """A service in a process of its own; importing torch is most of its start."""

    def __init__(self, home: Path, reader: str, drain_s: float) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(home), reader, str(drain_s)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self.lines: list[str] = []

    def wait_for_port(self) -> int:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if line.startswith("Reread answers at "):
                return int(line.strip().rsplit(":", 1)[1])
        raise AssertionError(f"the service ended: {self.lines}")

    def ask_without_listening(self, port: int) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", port))
        line.sendall(request_bytes())
        time.sleep(0.3)
        return line


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Process]]:
    """Both at once: most of their start is waiting for imports."""
    started = {
        "slow": Process(tmp_path_factory.mktemp("slow"), "slow", 20),
        "stuck": Process(tmp_path_factory.mktemp("stuck"), "stuck", 0.5),
    }
    yield started
    for one in started.values():
        one.process.kill()
        one.process.wait()
        assert one.process.stdout is not None
        one.process.stdout.close()


def test_a_life_from_an_empty_home_to_a_drained_end(processes: dict[str, Process]) -> None:
    service = processes["slow"]
    port = service.wait_for_port()
    url = f"http://127.0.0.1:{port}"
    key_file = service.home / "admin.key"
    key = key_file.read_text().strip()
    assert service.lines[0].startswith("Admin key, shown this once")
    assert service.lines[0].endswith(key)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert httpx2.post(f"{url}/answer", json={"question": "wells"}).status_code == 503
    admin = {"Authorization": f"Bearer {key}"}
    assert httpx2.get(f"{url}/admin/jobs", headers=admin).json() == {"jobs": []}

    with service.ask_without_listening(port) as line:
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        ready = httpx2.get(f"{url}/readyz")
        assert (ready.status_code, ready.json()["missing"][0]) == (503, "The service is stopping.")
        refused = httpx2.post(f"{url}/answer", json=OWN)
        assert refused.status_code == 503 and "stopping" in refused.json()["detail"]
        assert line.recv(200).startswith(b"HTTP/1.1 200")
    assert service.process.wait(10) == 0
    listen("127.0.0.1", port).close()  # free again at once


def test_the_drain_has_an_end_even_inside_the_model(processes: dict[str, Process]) -> None:
    service = processes["stuck"]
    with service.ask_without_listening(service.wait_for_port()):
        started_s = time.monotonic()
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(30) == 0
    assert 0.5 <= time.monotonic() - started_s < 15


def test_a_taken_port_stops_the_start_before_anything_is_loaded(tmp_path: Path) -> None:
    def load_reader() -> EchoReader:
        raise AssertionError("the reader was loaded for nothing")

    with listen("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(CannotListen, match=f"Port {port} of 127.0.0.1 is taken") as refusal:
            run(
                ServiceSettings(port=port), Home(tmp_path), load_reader,
                check_retrain=lambda params: None, split=lambda document: [],
                read_file=read_upload,
            )  # fmt: skip
        assert refusal.value.exit_code == 1
    assert not list(tmp_path.iterdir())


def request_bytes() -> bytes:
    body = httpx2.Request("POST", "http://x/answer", json=OWN).content
    head = (
        "POST /answer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def test_beyond_loopback_keys_are_needed() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7", "example.org"):
        with pytest.raises(BadRequest, match="--allow-anonymous"):
            ServiceSettings(host=host).require_keys_beyond_loopback()
        ServiceSettings(host=host, query_keys=("k",)).require_keys_beyond_loopback()
        ServiceSettings(host=host, allow_anonymous=True).require_keys_beyond_loopback()
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        ServiceSettings(host=host).require_keys_beyond_loopback()


@pytest.mark.parametrize(
    "wrong",
    [{"port": 65_536}, {"top_k": 0}, {"top_k": 101}, {"max_queue": 0}, {"log_sync": "off"},
     {"query_keys": ("",)}, {"admin_key": " "}, {"drain_s": -1}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadRequest, match="choose|give"):
        ServiceSettings(**wrong)  # type: ignore[arg-type]


def test_addresses() -> None:
    with listen("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        assert url_of("127.0.0.1", bound) == f"http://127.0.0.1:{port}"
        assert url_of("0.0.0.0", bound) == f"http://127.0.0.1:{port}"
        assert url_of("::1", bound) == f"http://[::1]:{port}"
        with pytest.raises(CannotListen, match=f"Port {port} of 127.0.0.1 is taken"):
            listen("127.0.0.1", port)
    with pytest.raises(CannotListen, match="192.0.2.7"):
        listen("192.0.2.7", 0)
    with pytest.raises(CannotListen, match="no address of this machine"):
        listen("no.such.host.invalid", 0)


def test_the_admin_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    assert admin_key_of(home, "mine") == ("mine", False)
    assert not (tmp_path / "new").exists()
    key, is_new = admin_key_of(home, None)
    assert is_new and len(key) >= 32
    (tmp_path / "new" / "admin.key").chmod(0o644)
    assert admin_key_of(home, None) == (key, False)
    assert stat.S_IMODE((tmp_path / "new" / "admin.key").stat().st_mode) == 0o600
