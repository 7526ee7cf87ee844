"""A real redis-server of the test's own: started, killed, stopped, restarted empty or full."""

import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from reread.log.redis.connection import RedisConnection


class RedisServer:
    """On a port of its own, with an append-only file in `folder`."""

    def __init__(self, folder: Path, *options: str, certificate: Path | None = None) -> None:
        """`certificate`: over TLS alone, with the server's key in the same file and its own CA."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not installed: apt-get install redis-server")
        self._folder, self._options = folder, options
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._tls: dict[str, Any] = {}
        if certificate is not None:
            pem = str(certificate)
            self._tls = {"ssl": True, "ssl_ca_certs": pem}
            self._options = (
                *options, "--port", "0", "--tls-port", str(self.port), "--tls-cert-file", pem,
                "--tls-key-file", pem, "--tls-ca-cert-file", pem, "--tls-auth-clients", "no",
            )  # fmt: skip
        self._program = program
        self._child = self._start()

    def connection(self, namespace: str | None = None, patience_s: float = 2.0) -> RedisConnection:
        name = namespace or secrets.token_hex(4)
        return RedisConnection(self.url, name, patience_s=patience_s)

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()

    def restart(self, *, empty: bool = False) -> None:
        self.kill()
        if empty:
            shutil.rmtree(self._folder)
            self._folder.mkdir()
        self._child = self._start()

    def freeze(self) -> None:
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def _start(self) -> "subprocess.Popen[bytes]":
        child = subprocess.Popen(
            [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir",
             str(self._folder), "--appendonly", "yes", "--save", "", *self._options],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        client = redis.Redis("127.0.0.1", self.port, socket_timeout=1, **self._tls)
        deadline = time.monotonic() + 120
        while True:
            try:
                client.ping()
                return child
            except redis.AuthenticationError:
                return child
            except (redis.RedisError, OSError):
                assert time.monotonic() < deadline, "redis-server did not come up"
                time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
