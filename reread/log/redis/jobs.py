"""The job board on Redis: the same jobs, leases and fences as the embedded board's.

A job is one JSON value in a hash; every change reads it, decides, and is applied only if nothing
was changed meanwhile. Knows states, leases and fences; does not know what a job does.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

import redis

from reread.errors import NotFound
from reread.log.jobs import GIVEN_UP, MAX_CLAIMS, check_end_state
from reread.log.redis.connection import RedisAway, RedisConnection
from reread.records import Job

KEPT = 1000  # jobs; the oldest ended ones go
TRIES = 200  # of a change that others were quicker than
Row = dict[str, Any]  # a Job's fields, and owner, fence, beat_s, ttl_s, claims
Jobs = list[Job]
_NAMES = [one.name for one in fields(Job)]


class RedisJobBoard:
    """See JobBoard; every call raises RedisAway where the server cannot do it now."""

    def __init__(self, connection: RedisConnection) -> None:
        self._redis = connection
        key = connection.key
        self._jobs, self._order = key("jobs"), key("jobs:order")
        self._open, self._fence = key("jobs:open"), key("jobs:fence")

    def request(self, params: dict[str, Any], now: float) -> Job:
        job = Job(secrets.token_hex(8), "queued", "queued", 0.0, params, {}, None, now, now)

        def decide(read: Any, write: Any) -> Job:
            known = _row(read.hget(self._jobs, read.get(self._open) or b""))
            if known is not None and known["state"] in ("queued", "running"):
                return _job(known)
            place = max((int(score) for _, score in self._ends(read)), default=0) + 1
            write(lambda pipe: self._put(pipe, asdict(job) | {"fence": 0, "claims": 0}))
            write(lambda pipe: pipe.set(self._open, job.id))
            write(lambda pipe: pipe.zadd(self._order, {job.id: place}))
            return job

        found: Job = self._change(decide)
        return found

    def get(self, id: str) -> Job:
        with self._redis.sentences():
            row = _row(self._redis.client.hget(self._jobs, id))
        if row is None:
            raise NotFound(f"There is no job {id!r}: GET /admin/jobs lists the known ones")
        return _job(row)

    def list(self, limit: int = 100) -> Jobs:
        """Newest first."""
        with self._redis.sentences():
            ids = self._redis.client.zrevrange(self._order, 0, limit - 1)
            rows = self._redis.client.hmget(self._jobs, ids) if ids else []
        return [_job(row) for row in map(_row, rows) if row is not None]

    def cancel(self, id: str, now: float | None = None) -> Job:
        def decide(read: Any, write: Any) -> None:
            row = _row(read.hget(self._jobs, id))
            if row is not None and row["state"] in ("queued", "running"):
                row["state"] = "cancelled"
                row["updated_s"] = row["updated_s"] if now is None else now
                write(lambda pipe: self._put(pipe, row))

        self._change(decide)
        return self.get(id)

    def claim(
        self, owner: str, now: float, ttl_s: float, *, above: int = 0
    ) -> tuple[Job, int] | None:
        def decide(read: Any, write: Any) -> tuple[Job, int] | None:
            row = _row(read.hget(self._jobs, read.get(self._open) or b""))
            if row is None or not (row["state"] == "queued" or _is_lost(row, now)):
                return None
            if row["state"] == "running" and row["claims"] >= MAX_CLAIMS:
                row |= {"state": "failed", "error": GIVEN_UP, "updated_s": now}
                write(lambda pipe: self._put(pipe, row))
                return None
            fence = max(int(read.get(self._fence) or 0), above) + 1
            row |= {"state": "running", "owner": owner, "fence": fence, "beat_s": now,
                    "ttl_s": ttl_s, "updated_s": now, "claims": row["claims"] + 1}  # fmt: skip
            write(lambda pipe: self._put(pipe, row))
            write(lambda pipe: pipe.set(self._fence, fence))
            return _job(row), fence

        found: tuple[Job, int] | None = self._change(decide)
        return found

    def heartbeat(self, job_id: str, fence: int, now: float, ttl_s: float) -> bool:
        return self._set(job_id, fence, {"beat_s": now, "ttl_s": ttl_s, "updated_s": now})

    def update(
        self,
        job_id: str,
        fence: int,
        *,
        stage: str | None = None,
        progress: float | None = None,
        metrics: dict[str, Any] | None = None,
        now: float | None = None,
    ) -> bool:
        change = {"stage": stage, "progress": progress, "metrics": metrics, "updated_s": now}
        return self._set(job_id, fence, change)

    def finish(
        self,
        job_id: str,
        fence: int,
        state: str,
        *,
        error: str | None = None,
        generation: int | None = None,
        metrics: dict[str, Any] | None = None,
        now: float | None = None,
    ) -> bool:
        check_end_state(state)
        change = {"state": state, "error": error, "generation": generation, "metrics": metrics,
                  "updated_s": now, "progress": 1.0 if state == "done" else None}  # fmt: skip
        return self._set(job_id, fence, change)

    def release(self, job_id: str, fence: int, now: float | None = None) -> bool:
        return self._set(job_id, fence, {"state": "queued", "updated_s": now, "claims": 0})

    def close(self) -> None:
        self._redis.close()

    def _set(self, job_id: str, fence: int, change: Row) -> bool:
        given = {name: value for name, value in change.items() if value is not None}

        def decide(read: Any, write: Any) -> bool:
            row = _row(read.hget(self._jobs, job_id))
            if row is None or row["state"] != "running" or row["fence"] != fence:
                return False
            write(lambda pipe: self._put(pipe, row | given))
            return True

        return bool(self._change(decide))

    def _change(self, decide: Callable[[Any, Any], Any]) -> Any:
        """Run `decide` over what is there and apply its writes, again while others are quicker."""
        with self._redis.sentences():
            for _ in range(TRIES):
                with self._redis.client.pipeline(transaction=True) as pipe:
                    writes: list[Callable[[Any], Any]] = []
                    pipe.watch(self._jobs, self._open)
                    outcome = decide(pipe, writes.append)
                    pipe.multi()
                    for write in writes:
                        write(pipe)
                    try:
                        pipe.execute()
                        self._forget_oldest()
                        return outcome
                    except redis.WatchError:
                        continue
        raise RedisAway(f"The job board at {self._redis.address} is too busy: try again")

    def _put(self, pipe: Any, row: Row) -> None:
        pipe.hset(self._jobs, row["id"], json.dumps(row))

    def _ends(self, read: Any) -> Any:
        return read.zrevrange(self._order, 0, 0, withscores=True)

    def _forget_oldest(self) -> None:
        client = self._redis.client
        old = client.zrange(self._order, 0, -KEPT - 1)
        if old:
            client.zrem(self._order, *old)
            client.hdel(self._jobs, *old)


def _row(text: bytes | None) -> Row | None:
    if text is None:
        return None
    try:
        row = dict(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return None
    return row if all(name in row for name in _NAMES) else None


def _job(row: Row) -> Job:
    return Job(**{name: row[name] for name in _NAMES})


def _is_lost(row: Row, now: float) -> bool:
    return bool(row["state"] == "running" and abs(now - row["beat_s"]) > row["ttl_s"])
