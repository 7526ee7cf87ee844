"""Where the service of a home listens, written down in the home, so that nobody asks another's.

Knows an address, a process and a machine; opens no connection.
"""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from reread.commit import replace_text
from reread.home import Home
from reread.processes import is_alive


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    url: str
    pid: int
    host: str  # the machine's name: a process id says nothing on another


@contextmanager
def recorded_address(home: Home, url: str) -> Iterator[None]:
    """The home names this service while the block runs; of several replicas the newest."""
    own = ServiceAddress(url, os.getpid(), socket.gethostname())
    replace_text(home.service_file, json.dumps(asdict(own)))
    try:
        yield
    finally:
        if _read(home) == own:
            with contextlib.suppress(OSError):
                home.service_file.unlink(missing_ok=True)


def running_service(home: Home) -> str | None:
    """The address of this home's service; None where none runs, as far as this machine can tell."""
    found = _read(home)
    if found is None or (found.host == socket.gethostname() and not is_alive(found.pid)):
        return None
    return found.url


def _read(home: Home) -> ServiceAddress | None:
    try:
        body = json.loads(home.service_file.read_text(encoding="utf-8"))
        return ServiceAddress(str(body["url"]), int(body["pid"]), str(body["host"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
