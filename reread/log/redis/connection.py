"""A connection to Redis: its address, its names, its patience, and its failures as sentences.

Knows URLs (redis, rediss, unix; user and password in them) and the server's moods; knows no record
and no job. Never shows a password.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from reread.errors import BadRequest, Unavailable

PATIENCE_S = 2.0  # a server that needs longer is away: an answer must not wait for it
OLDEST = (7, 0)
NAMESPACE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

_FULL = ("OOM", "MISCONF", "READONLY", "LOADING", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN")


class RedisAway(Unavailable):
    """Redis cannot be reached, is too slow or takes no writes now: it may pass."""

    title = "Redis is away"


class RedisConnection:
    """One client, safe from several threads; connects at the first command, not before."""

    def __init__(self, url: str, namespace: str = "reread", *, patience_s: float = PATIENCE_S):
        if not NAMESPACE.fullmatch(namespace):
            raise BadRequest(
                f"redis_namespace is {namespace[:70]!r}; it takes 1 to 64 letters, digits, _.:-"
            )
        self.address = shown(url)
        self._namespace = namespace
        try:
            self.client: Any = redis.Redis.from_url(
                url,
                socket_timeout=patience_s,
                socket_connect_timeout=patience_s,
                retry=Retry(NoBackoff(), 0),  # appending twice is harmless, waiting twice is not
                health_check_interval=0,
                client_name="reread",
            )
        except (ValueError, redis.RedisError) as error:
            raise BadRequest(
                f"REREAD_REDIS_URL ({self.address}) cannot be used: {error}; write it as "
                f"redis://user:password@host:6379/0, rediss:// for TLS or unix:///path"
            ) from error

    def key(self, name: str) -> str:
        """Braces keep all of a namespace in one slot of a cluster, as transactions need."""
        return f"{{{self._namespace}}}:{name}"

    @contextmanager
    def sentences(self) -> Iterator[None]:
        """Turn an absent, slow or full server into RedisAway."""
        try:
            yield
        except (redis.AuthenticationError, redis.exceptions.AuthorizationError) as error:
            raise RedisAway(
                f"Redis at {self.address} refuses this user: correct the name and password in "
                f"REREAD_REDIS_URL ({error})"
            ) from error
        except redis.ResponseError as error:
            if isinstance(error, redis.exceptions.NoPermissionError) or _is_passing(error):
                raise RedisAway(f"Redis at {self.address} takes no writes: {error}") from error
            raise
        except (redis.RedisError, OSError) as error:
            raise RedisAway(
                f"Redis at {self.address} does not answer ({type(error).__name__}: {error}): "
                f"start it, or correct REREAD_REDIS_URL"
            ) from error

    def warning(self) -> str | None:
        """What an operator should mend about this server; raises RedisAway."""
        with self.sentences():
            try:
                about = self.client.info("server") | self.client.info("persistence")
            except redis.exceptions.NoPermissionError:
                return None
        version = str(about.get("redis_version", "0"))
        if version_of(version) < OLDEST:
            return f"Redis at {self.address} is {version}; Reread needs 7.0 or newer."
        if not about.get("aof_enabled"):
            return (
                f"Redis at {self.address} keeps no append-only file, so a restart of it loses the "
                f"newest records: set appendonly yes."
            )
        return None

    def close(self) -> None:
        self.client.close()


def shown(url: str) -> str:
    """The address without user and password.

    >>> shown("rediss://me:secret@db.example:6380/2")
    'rediss://db.example:6380/2'
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(unreadable)"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def version_of(text: str) -> tuple[int, ...]:
    """
    >>> version_of("7.0.15") >= (7, 0), version_of("6.2.1-beta") >= (7, 0)
    (True, False)
    """
    return tuple(int(one) for one in re.findall(r"\d+", text)[:3])


def _is_passing(error: Exception) -> bool:
    words = str(error)
    return words.startswith(_FULL) or "OOM" in words or "maxmemory" in words
