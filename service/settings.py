"""What the service process can be told, checked once when it is built.

Reads neither the environment nor a file: the command line fills it.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, get_args

from reread.errors import BadRequest
from reread.log.privacy import Words
from reread.settings import setting

LOCAL_NAMES = ("localhost", "ip6-localhost")
HOST_NAME = re.compile(r"\*|[a-z0-9_.-]+|[0-9a-f:.]*:[0-9a-f:.]*", re.IGNORECASE)
TRACES_URL = re.compile(r"https?://[^/\s]+")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    host: str = setting("127.0.0.1", "Address to listen on; beyond loopback, query keys needed.")
    port: int = setting(8765, "Port; 0 lets the system choose.")
    admin_key: str | None = setting(
        None, "Bearer key of the admin routes; none: made at first start and kept.", secret=True
    )
    query_keys: tuple[str, ...] = setting(
        (), "Bearer keys that may ask, comma-separated; none: whoever can connect.", secret=True
    )
    allow_anonymous: bool = setting(False, "Listen beyond this machine without query keys.")
    allowed_hosts: tuple[str, ...] = setting(
        (),
        "Names under which the service may be asked, beside its address and this machine's "
        "own, comma-separated; *: any. None and listening everywhere with keys: any.",
    )
    no_trainer: bool = setting(False, "One of several replicas: no trainer process beside it.")
    device: str = setting("auto", "Where questions are encoded: auto, cpu, cuda, cuda:1, ...")
    top_k: int = setting(10, "Passages read where a question does not say; the cost grows with it.")
    max_queue: int = setting(64, "Requests that may wait for the reader; others are to come back.")
    batch_passages: int = setting(
        64, "Questions are read together up to this many passages: bounds memory."
    )
    wait_s: float = setting(
        60.0, "Seconds a request may wait for its turn, and again for the work."
    )
    max_connections: int = setting(
        1000, "Open connections; fewer where the process may not open so many files."
    )
    head_s: float = setting(15.0, "Seconds a connection gets to send the head of a request.")
    write_s: float = setting(60.0, "Seconds a client may leave its response unread.")
    rate_per_key: int = setting(0, "Requests a minute that one key may send; 0: any number.")
    rate_per_address: int = setting(
        0, "Requests a minute that one address may send; 0: any number."
    )
    drain_s: float = setting(20.0, "Seconds that running requests get after SIGTERM.")
    traces_url: str | None = setting(
        None, "Where traces go, by OTLP over HTTP: http://127.0.0.1:4318/v1/traces; none: nowhere."
    )
    trace_questions: bool = setting(False, "Traces hold the questions' texts, too.")
    poll_s: float = setting(0.5, "Seconds between two looks for a new generation.")
    max_body_bytes: int = setting(
        4 * 1024 * 1024, "Largest request body: 100 own passages of 40 kB each."
    )
    max_file_bytes: int = setting(
        32 * 1024 * 1024, "Largest file that is sent to a running service; ingest takes larger."
    )
    log_questions: Words = setting(
        "text",
        "What is kept of questions and answers: text; hashed: a keyed hash of the question, and no "
        "answer; none. Without text nothing is learnt from them.",
    )
    log_days: int = setting(
        0, "Days after which what was asked, answered and typed leaves the log; 0: never."
    )
    log_sync: Literal["normal", "full"] = setting(
        "normal", "What the log survives: normal a killed process, full a power loss too."
    )

    def __post_init__(self) -> None:
        self._within("port", self.port, 0, 65_535)
        self._within("top_k", self.top_k, 1, 100)
        self._within("max_queue", self.max_queue, 1, 100_000)
        self._within("batch_passages", self.batch_passages, 1, 100_000)
        self._within("wait_s", self.wait_s, 0.1, 3_600)
        self._within("max_connections", self.max_connections, 1, 1_000_000)
        self._within("head_s", self.head_s, 0.1, 3_600)
        self._within("write_s", self.write_s, 0.1, 3_600)
        self._within("rate_per_key", self.rate_per_key, 0, 1_000_000)
        self._within("rate_per_address", self.rate_per_address, 0, 1_000_000)
        self._within("drain_s", self.drain_s, 0, 3_600)
        self._within("poll_s", self.poll_s, 0.01, 60)
        self._within("max_body_bytes", self.max_body_bytes, 1_024, 1 << 30)
        self._within("max_file_bytes", self.max_file_bytes, 1_024, 1 << 30)
        self._within("log_days", self.log_days, 0, 36_500)
        if self.log_questions not in get_args(Words):
            raise BadRequest(
                f"log_questions is {self.log_questions!r}; choose {', '.join(get_args(Words))}."
            )
        if self.log_sync not in ("normal", "full"):
            raise BadRequest(f"log_sync is {self.log_sync!r}; choose normal or full.")
        if self.traces_url is not None and not TRACES_URL.match(self.traces_url):
            raise BadRequest(
                f"traces_url is {self.traces_url!r}; give an address such as "
                "http://127.0.0.1:4318/v1/traces, or leave it out."
            )
        for name in self.allowed_hosts:
            if not HOST_NAME.fullmatch(name):
                raise BadRequest(
                    f"allowed_hosts holds {name!r}; give names or addresses alone, without "
                    "scheme, port and path: docs.example.org"
                )
        if any(not key.strip() for key in (*self.query_keys, self.admin_key or "given")):
            raise BadRequest("A key is empty; give each at least one character or none at all.")

    @staticmethod
    def _within(name: str, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            raise BadRequest(f"{name} is {value}; choose a value from {low:g} to {high:g}.")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host.lower() in LOCAL_NAMES:
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens on every address of this machine, which then has names of its own."""
        try:
            return ip_address(self.host).is_unspecified
        except ValueError:
            return False

    def require_keys_beyond_loopback(self, *, keys_stored: bool = False) -> None:
        """Refuse to listen on a network without query keys, unless that was asked for."""
        if not (self.is_loopback or self.query_keys or keys_stored or self.allow_anonymous):
            raise BadRequest(
                f"The service would answer anybody who reaches {self.host}: set REREAD_QUERY_KEYS, "
                f"listen on 127.0.0.1, or pass --allow-anonymous if that is what you want."
            )
