"""The job board: one retraining run at a time, owned through a lease with a fencing number.

Knows states, leases and fences; does not know what a job does. `now` is an argument in seconds
of one clock all callers share. A lease is alive while |now - last heartbeat| <= ttl_s, so a
clock that jumps in either direction, or restarts at zero, frees the job instead of locking it.
"""

import json
import secrets
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

import apsw

from reread.errors import NotFound
from reread.log.database import Database
from reread.records import JOB_STATES, Job

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, stage TEXT NOT NULL, progress REAL NOT NULL,
    params TEXT NOT NULL, metrics TEXT NOT NULL, error TEXT,
    created_s REAL NOT NULL, updated_s REAL NOT NULL, generation INTEGER,
    owner TEXT, fence INTEGER NOT NULL DEFAULT 0, beat_s REAL, ttl_s REAL
);
CREATE TABLE IF NOT EXISTS fence (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), value INTEGER);
INSERT OR IGNORE INTO fence VALUES (1, 0);
"""
Jobs = list[Job]  # spelled here: inside JobBoard `list` is a method

_COLUMNS = ", ".join(one.name for one in fields(Job))
MAX_CLAIMS = 8  # trainers that may die of one job before it is given up
GIVEN_UP = (
    f"The trainer ended {MAX_CLAIMS} times while it worked on this job, so it is given up: the "
    f"trainer's log and the system's (memory?) say why; then retrain again."
)
_OPEN = "state IN ('queued', 'running')"
_LOST = "state = 'running' AND abs(? - beat_s) > ttl_s"


class Board(Protocol):
    """What POST /admin/retrain writes to and the trainer claims from: see JobBoard."""

    def request(self, params: dict[str, Any], now: float) -> Job: ...
    def get(self, id: str) -> Job: ...
    def list(self, limit: int = 100) -> Jobs: ...
    def cancel(self, id: str, now: float | None = None) -> Job: ...
    def claim(
        self, owner: str, now: float, ttl_s: float, *, above: int = 0
    ) -> tuple[Job, int] | None: ...
    def heartbeat(self, job_id: str, fence: int, now: float, ttl_s: float) -> bool: ...
    def update(
        self,
        job_id: str,
        fence: int,
        *,
        stage: str | None = None,
        progress: float | None = None,
        metrics: dict[str, Any] | None = None,
        now: float | None = None,
    ) -> bool: ...
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
    ) -> bool: ...
    def release(self, job_id: str, fence: int, now: float | None = None) -> bool: ...
    def close(self) -> None: ...


class JobBoard:
    """What POST /admin/retrain writes to and the trainer claims from; any process may open it."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)
        self._database.add_column("jobs", "claims", "INTEGER NOT NULL DEFAULT 0")

    def request(self, params: dict[str, Any], now: float) -> Job:
        """Join the queued or running job if there is one; otherwise queue a new one."""
        with self._database.transaction() as connection:
            rows = list(connection.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {_OPEN}"))
            if rows:
                return _job(rows[0])
            job = Job(secrets.token_hex(8), "queued", "queued", 0.0, params, {}, None, now, now)
            connection.execute(
                f"INSERT INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (job.id, job.state, job.stage, 0.0, json.dumps(params), "{}", None, now, now, None),
            )
            return job

    def get(self, id: str) -> Job:
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (id,))
        if not rows:
            raise NotFound(f"There is no job {id!r}: GET /admin/jobs lists the known ones")
        return _job(rows[0])

    def list(self, limit: int = 100) -> Jobs:
        """Newest first."""
        query = f"SELECT {_COLUMNS} FROM jobs ORDER BY sequence DESC LIMIT ?"
        return [_job(row) for row in self._database.rows(query, (limit,))]

    def cancel(self, id: str, now: float | None = None) -> Job:
        """Cancelled at once; a running owner notices at its next heartbeat. Ended jobs stay."""
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE jobs SET state = 'cancelled', updated_s = coalesce(?, updated_s) "
                f"WHERE id = ? AND {_OPEN}",
                (now, id),
            )
        return self.get(id)

    def claim(
        self, owner: str, now: float, ttl_s: float, *, above: int = 0
    ) -> tuple[Job, int] | None:
        """Take the oldest queued job, or a running one whose lease ran out, with a new fence.

        The fence is higher than `above`, which is the published one: a board that was started
        anew must not hand out fences that were used before. A job whose trainers died
        MAX_CLAIMS times has failed.
        """
        with self._database.transaction() as connection:
            self._give_up(connection, now)
            rows = list(
                connection.execute(
                    f"SELECT id FROM jobs WHERE state = 'queued' OR ({_LOST}) "
                    f"ORDER BY sequence LIMIT 1",
                    (now,),
                )
            )
            if not rows:
                return None
            fence = _next_fence(connection, above)
            connection.execute(
                "UPDATE jobs SET state = 'running', owner = ?, fence = ?, beat_s = ?, ttl_s = ?, "
                "updated_s = ?, claims = claims + 1 WHERE id = ?",
                (owner, fence, now, ttl_s, now, rows[0][0]),
            )
        return self.get(rows[0][0]), fence

    def _give_up(self, connection: apsw.Connection, now: float) -> None:
        connection.execute(
            f"UPDATE jobs SET state = 'failed', error = ?, updated_s = ? "
            f"WHERE claims >= ? AND ({_LOST})",
            (GIVEN_UP, now, MAX_CLAIMS, now),
        )

    def heartbeat(self, job_id: str, fence: int, now: float, ttl_s: float) -> bool:
        """False means lost or cancelled: stop working on it."""
        change = {"beat_s": now, "ttl_s": ttl_s, "updated_s": now}
        return self._change(job_id, fence, change)

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
        """Change what is given; False means lost or cancelled. `metrics` replaces the old ones."""
        text = None if metrics is None else json.dumps(metrics)
        change = {"stage": stage, "progress": progress, "metrics": text, "updated_s": now}
        return self._change(job_id, fence, change)

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
        """End the job; False means another owner has it or it was cancelled: nothing changed."""
        check_end_state(state)
        text = None if metrics is None else json.dumps(metrics)
        change = {
            "state": state,
            "error": error,
            "generation": generation,
            "metrics": text,
            "updated_s": now,
            "progress": 1.0 if state == "done" else None,
        }
        return self._change(job_id, fence, change)

    def release(self, job_id: str, fence: int, now: float | None = None) -> bool:
        """Give a running job back to the queue, as a trainer does on SIGTERM."""
        return self._change(job_id, fence, {"state": "queued", "updated_s": now, "claims": 0})

    def close(self) -> None:
        self._database.close()

    def _change(self, job_id: str, fence: int, change: dict[str, Any]) -> bool:
        given = {name: value for name, value in change.items() if value is not None}
        pairs = "".join(f", {name} = ?" for name in given)
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE jobs SET id = id{pairs} WHERE id = ? AND fence = ? AND state = 'running'",
                (*given.values(), job_id, fence),
            )
            return connection.changes() == 1


def check_end_state(state: str) -> None:
    if state not in JOB_STATES[2:]:
        raise ValueError(f"a job ends as one of {JOB_STATES[2:]}, not as {state!r}")


def _next_fence(connection: apsw.Connection, above: int) -> int:
    change = "UPDATE fence SET value = max(value, ?) + 1 RETURNING value"
    rows = connection.execute(change, (above,))
    return int(list(rows)[0][0])


def _job(row: tuple[Any, ...]) -> Job:
    named = dict(zip((one.name for one in fields(Job)), row, strict=True))
    return Job(**named | {name: _mapping(named[name]) for name in ("params", "metrics")})


def _mapping(text: str) -> dict[str, Any]:
    """One damaged row must not hide the others."""
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return {"damaged": True}
