"""Which log and which job board a home has: embedded, or on Redis where several share it."""

from dataclasses import dataclass
from pathlib import Path

from reread.home import Home
from reread.log.attention_log import AttentionLog, SqliteAttentionLog
from reread.log.database import Synchronous
from reread.log.jobs import Board, JobBoard


@dataclass(frozen=True, slots=True)
class Stores:
    """Opens log and board; without a URL they are files of the home."""

    home: Home
    log_sync: Synchronous = "normal"
    redis_url: str | None = None
    redis_namespace: str = "reread"

    def open_log(self) -> AttentionLog:
        """To read from, as the trainer does."""
        if self.redis_url is None:
            return SqliteAttentionLog(self.home.log_file, self.log_sync)
        from reread.log.redis.attention_log import RedisAttentionLog
        from reread.log.redis.connection import RedisConnection

        return RedisAttentionLog(RedisConnection(self.redis_url, self.redis_namespace))

    def open_log_to_write(self) -> AttentionLog:
        """As a service does: with Redis away, records wait in a file of the home."""
        if self.redis_url is None:
            return self.open_log()
        from reread.log.redis.attention_log import RedisAttentionLog
        from reread.log.redis.connection import RedisConnection
        from reread.log.redis.spool import SpooledLog

        connection = RedisConnection(self.redis_url, self.redis_namespace)
        return SpooledLog(RedisAttentionLog(connection), self._spool_dir())

    def open_board(self) -> Board:
        if self.redis_url is None:
            return JobBoard(self.home.jobs_file)
        from reread.log.redis.connection import RedisConnection
        from reread.log.redis.jobs import RedisJobBoard

        return RedisJobBoard(RedisConnection(self.redis_url, self.redis_namespace))

    def _spool_dir(self) -> Path:
        return self.home.log_dir / "spool"
