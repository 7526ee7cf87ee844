"""What the service process can be told, checked once when it is built.

Reads neither the environment nor a file: the command line fills it.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

from reread.errors import BadRequest

LOCAL_NAMES = ("localhost", "ip6-localhost")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    host: str = "127.0.0.1"
    port: int = 8765  # 0 lets the system choose
    admin_key: str | None = field(default=None, repr=False)  # None: one is generated in the home
    query_keys: tuple[str, ...] = field(default=(), repr=False)  # empty: anybody who can connect
    allow_anonymous: bool = False  # lets a service without query keys listen beyond this machine
    top_k: int = 10  # passages read where a question does not say; the cost grows with it
    max_queue: int = 64  # requests that may wait for the reader; more are told to come back
    batch_passages: int = 64  # questions are read together up to this many passages: bounds memory
    wait_s: float = 60.0  # a request that waited longer for the reader is given up
    drain_s: float = 20.0  # time that running requests get after SIGTERM
    poll_s: float = 0.5  # how often CURRENT is looked at
    max_body_bytes: int = 4 * 1024 * 1024  # 100 own passages of 40 kB each
    log_sync: Literal["normal", "full"] = "normal"  # full also survives a power loss

    def __post_init__(self) -> None:
        self._within("port", self.port, 0, 65_535)
        self._within("top_k", self.top_k, 1, 100)
        self._within("max_queue", self.max_queue, 1, 100_000)
        self._within("batch_passages", self.batch_passages, 1, 100_000)
        self._within("wait_s", self.wait_s, 0.1, 3_600)
        self._within("drain_s", self.drain_s, 0, 3_600)
        self._within("poll_s", self.poll_s, 0.01, 60)
        self._within("max_body_bytes", self.max_body_bytes, 1_024, 1 << 30)
        if self.log_sync not in ("normal", "full"):
            raise BadRequest(f"log_sync is {self.log_sync!r}; choose normal or full.")
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

    def require_keys_beyond_loopback(self) -> None:
        """Refuse to listen on a network without query keys, unless that was asked for."""
        if not (self.is_loopback or self.query_keys or self.allow_anonymous):
            raise BadRequest(
                f"The service would answer anybody who reaches {self.host}: set REREAD_QUERY_KEYS, "
                f"listen on 127.0.0.1, or pass --allow-anonymous if that is what you want."
            )
