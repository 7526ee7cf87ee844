"""The service's composition root: keys, parts, uvicorn on a bound socket, and the way down."""

import asyncio
import atexit
import gc
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

import uvicorn

from reread.commit import check_writable
from reread.home import Home
from reread.live.fit import Sees
from reread.log.stores import Stores
from reread.processes import is_alive
from reread.service_address import recorded_address
from service.answering.documents import SplitsDocuments
from service.answering.encoding import EncodingDesk
from service.answering.files import ReadsFile
from service.answering.live import LiveGeneration
from service.answering.reading import ReaderDesk, Readers
from service.answering.searching import SearchDesk
from service.app import create_app
from service.assembly import assembled
from service.connections import (
    ACCEPTED_AT_ONCE,
    AcceptFailures,
    LimitedConnection,
    room_for,
)
from service.http.key_file import KeyFile, KeysUnreadable
from service.http.parts import ServiceParts
from service.http.security import Keys, admin_key_of
from service.listening import listen, url_of
from service.settings import ServiceSettings
from service.shutdown import DrainingServer, leave_at_once

logger = logging.getLogger(__name__)


def run(
    settings: ServiceSettings,
    home: Home,
    load_readers: Callable[[], Readers],
    *,
    check_retrain: Callable[[Mapping[str, Any]], object],
    split: SplitsDocuments,
    read_file: ReadsFile,
    trainer_pid: Callable[[], int | None] | None = None,
    trainer_trouble: Callable[[], str | None] = lambda: None,
    stores: Stores | None = None,
    sight: Sees | None = None,
    tell: Callable[[str], None] = print,
    on_ready: Callable[[str], None] = lambda url: None,
) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit code, 0 after an orderly end.

    Raises a RereadError with a sentence when it cannot begin: the address is taken, query keys are
    missing beyond loopback, the reader cannot be loaded. `tell` gets what a person should read.
    """
    named = Keys(None, settings.query_keys, KeyFile(home.keys_file))
    settings.require_keys_beyond_loopback(keys_stored=named.has_stored("query"))
    if named.trouble is not None:
        raise KeysUnreadable(named.trouble)
    with listen(settings.host, settings.port) as bound:
        check_writable(home.root)
        home.create()
        url = url_of(settings.host, bound)
        keys = with_admin(named, settings, home, tell)
        readers = load_readers()
        gc.collect()
        gc.freeze()  # what stays for good: looking through it halted every thread for 0.24 s
        pid = trainer_pid or (lambda: recorded_pid(home))
        with (
            assembled(
                settings, home, readers, keys, check_retrain, pid, split, read_file,
                stores=stores, trainer_trouble=trainer_trouble, sight=sight,
            ) as parts,
            recorded_address(home, url),
        ):  # fmt: skip
            tell(f"Reread answers at {url}")
            on_ready(url)
            serve(parts, bound)
        if any(part.alive for part in threads_of(parts)):
            atexit.register(leave_at_once)  # after whatever the caller still has to end
    return 0


def serve(parts: ServiceParts, bound: socket.socket) -> None:
    """Run uvicorn on a bound socket until a signal comes and the requests are done."""
    settings = parts.settings
    room = room_for(settings.max_connections, settings.head_s, settings.write_s)
    parts.metrics.watch_connections(lambda: room.count)
    parts.metrics.watch_in_flight(lambda: parts.presence.in_flight)
    config = uvicorn.Config(
        create_app(parts), log_config=None, access_log=False, lifespan="off", ws="none",
        http=cast(type[asyncio.Protocol], partial(LimitedConnection, room=room)),
        timeout_keep_alive=15, server_header=False, backlog=ACCEPTED_AT_ONCE,
    )  # fmt: skip
    server = DrainingServer(config, parts.presence, settings.drain_s, AcceptFailures(room))
    server.run(sockets=[bound])


def threads_of(
    parts: ServiceParts,
) -> tuple[SearchDesk, EncodingDesk, ReaderDesk, LiveGeneration]:
    """The parts whose threads may be inside a model."""
    ways = parts.pipeline
    return ways.searches, ways.encodings, ways.readings, ways.live


def with_admin(
    named: Keys, settings: ServiceSettings, home: Home, tell: Callable[[str], None]
) -> Keys:
    """The keys with an admin key, which is made only where there is none of any kind."""
    asked = settings.admin_key is not None or home.admin_key_file.exists()
    if not asked and named.has_stored("admin"):
        return named
    admin, is_new = admin_key_of(home, settings.admin_key)
    if is_new:
        tell(f"Admin key, shown this once and kept in {home.admin_key_file}: {admin}")
    return replace(named, admin=admin)


def recorded_pid(home: Home) -> int | None:
    """The trainer's process id from log/trainer.pid, while that process lives."""
    try:
        pid = int(home.trainer_pid_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return pid if is_alive(pid) else None
