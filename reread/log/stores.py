"""Which log, job board and buckets a home has: embedded, or on Redis where several share it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reread.errors import BadRequest
from reread.home import Home
from reread.log.attention_log import AttentionLog, SqliteAttentionLog
from reread.log.buckets import Bucketed, Buckets
from reread.log.database import Synchronous
from reread.log.jobs import Board, JobBoard

if TYPE_CHECKING:
    from reread.log.redis.connection import RedisConnection


@dataclass(frozen=True, slots=True)
class Stores:
    """Opens log and board; without a URL they are files of the home."""

    home: Home
    log_sync: Synchronous = "normal"
    redis_url: str | None = None
    redis_namespace: str = "reread"

    @property
    def spools(self) -> Path:
        """Where services keep what Redis cannot take now; every process of the home sees them."""
        return self.home.log_dir / "spool"

    def open_log(self) -> AttentionLog:
        """To read from, as the trainer does."""
        if self.redis_url is None:
            return SqliteAttentionLog(self.home.log_file, self.log_sync)
        connection = connect(self.redis_url, self.redis_namespace)
        from reread.log.redis.attention_log import RedisAttentionLog

        return RedisAttentionLog(connection, self.spools)

    def open_log_to_write(self) -> AttentionLog:
        """As a service does: with Redis away, records wait in a file of the home."""
        if self.redis_url is None:
            return self.open_log()
        connection = connect(self.redis_url, self.redis_namespace)
        from reread.log.redis.attention_log import RedisAttentionLog
        from reread.log.redis.spool import SpooledLog

        return SpooledLog(RedisAttentionLog(connection, self.spools), self.spools)

    def open_board(self) -> Board:
        if self.redis_url is None:
            return JobBoard(self.home.jobs_file)
        connection = connect(self.redis_url, self.redis_namespace)
        from reread.log.redis.jobs import RedisJobBoard

        return RedisJobBoard(connection)

    def open_buckets(self, what: str, a_minute: int) -> Bucketed:
        """Permissions of each caller of that kind, counted for all replicas together."""
        own = Buckets(a_minute)
        if self.redis_url is None:
            return own
        from reread.log.redis.buckets import PATIENCE_S, RedisBuckets, SharedBuckets

        connection = connect(self.redis_url, self.redis_namespace, PATIENCE_S)
        return SharedBuckets(RedisBuckets(connection, what, a_minute), own)


def connect(url: str, namespace: str, patience_s: float | None = None) -> RedisConnection:
    """The client package is an extra: only several replicas need it."""
    if find_spec("redis") is None:
        raise BadRequest("REREAD_REDIS_URL needs a package: pip install 'reread[redis]'")
    from reread.log.redis.connection import RedisConnection

    if patience_s is not None:
        return RedisConnection(url, namespace, patience_s=patience_s)
    return RedisConnection(url, namespace)
