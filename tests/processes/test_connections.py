"""Defect: 600 silent or half-header connections stayed open; at the limit of open files the service
could not be reached and wrote 55 MB of log. A real process with few descriptors."""

import json
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from service.connections import room_for

PROGRAM = """
import logging, os, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400))
from index_builder.ingest.documents import split_document
from index_builder.ingest.uploads import read_upload
from reread.home import Home
from service.answering.reading import Readers
from service.server import run
from service.settings import ServiceSettings
from tests.worlds.fakes import EchoReader

logging.basicConfig(level=logging.INFO)
eaten = []

def eat(url):  # what else may hold descriptors: leave 40
    if sys.argv[2] == "eaten":
        while len(os.listdir("/proc/self/fd")) < 360:
            eaten.append(open(os.devnull))

settings = ServiceSettings(port=0, head_s=float(sys.argv[3]), max_body_bytes=2_000)
sys.exit(run(settings, Home(Path(sys.argv[1])), lambda: Readers(EchoReader()),
             check_retrain=lambda params: None,
             split=split_document, read_file=read_upload, on_ready=eat,
             tell=lambda line: print(line, flush=True)))
"""
OWN = {"question": "wells", "passages": [{"text": "Rome has wells"}]}
HALF = b"POST /answer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-"


@contextmanager
def service(folder: Path, *, eaten: bool, head_s: float) -> Iterator[tuple[int, Path]]:
    """Its port, and the file of its log."""
    log = folder / "log"
    arguments = [str(folder / "home"), "eaten" if eaten else "free", str(head_s)]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=errors,
            text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        try:
            assert process.stdout is not None
            lines = iter(process.stdout)
            url = next(one for one in lines if one.startswith("Reread answers at "))
            yield int(url.strip().rsplit(":", 1)[1]), log
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, log.read_text()


@pytest.mark.parametrize("eaten", [False, True], ids=["room", "no descriptor left"])
def test_600_silent_connections_keep_nobody_out(tmp_path: Path, eaten: bool) -> None:
    with ExitStack() as opened, service(tmp_path, eaten=eaten, head_s=120) as (port, log):
        for number in range(600):
            line = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            line.sendall(HALF if number % 2 else b"")
        for _ in range(10):
            assert answered(port) == 200
        time.sleep(2)
        assert log.stat().st_size < 20_000, log.read_text()[-3_000:]


def test_a_head_has_a_deadline_also_on_a_connection_that_was_kept(tmp_path: Path) -> None:
    with service(tmp_path, eaten=False, head_s=2.0) as (port, _), ExitStack() as opened:
        silent, half, kept = (
            opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            for _ in range(3)
        )
        half.sendall(HALF)
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert until_seen(kept, b'{"status":"alive"}').startswith(b"HTTP/1.1 200")
        for _ in range(3):
            time.sleep(0.2)
            half.sendall(b"a")  # a byte now and then renews nothing
        assert everything(half).startswith(b"HTTP/1.1 408")
        assert everything(silent) == b""
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        assert everything(kept).startswith(b"HTTP/1.1 408")
        slow = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
        time.sleep(0.3)
        slow.sendall(b"host\r\nConnection: close\r\n\r\n")
        assert everything(slow).startswith(b"HTTP/1.1 200")


def test_there_is_never_more_room_than_descriptors() -> None:
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))
        assert room_for(5_000, 1, 1).limit == 1024 - 256
        assert room_for(300, 1, 1).limit == 300
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, most))
        assert room_for(5_000, 1, 1).limit == 16
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))


def answered(port: int) -> int:
    """The status of a good request on a connection of its own, within ten seconds."""
    line = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request("POST", "/answer", json.dumps(OWN), {"Content-Type": "application/json"})
        return line.getresponse().status
    finally:
        line.close()


def until_seen(line: socket.socket, end: bytes) -> bytes:
    got = b""
    while not got.endswith(end):
        got += line.recv(4096)
    return got


def everything(line: socket.socket) -> bytes:
    """Until the service ends the connection; a reset is an end too."""
    got = b""
    try:
        while piece := line.recv(4096):
            got += piece
    except ConnectionResetError:
        pass
    return got
