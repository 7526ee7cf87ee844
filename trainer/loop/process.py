"""The trainer process: claims a retraining job whenever there is one, and works on it.

Level-triggered: what there is to do is read from the job board and the log at every look, so a
trainer that was killed needs no recovery but to be started. Knows jobs and leases; a round's
stages are in round.py, which is loaded with its models when there is a job: one that waits is
small.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from reread.artefacts.publication import current
from reread.errors import RereadError, Unavailable
from reread.log.attention_log import AttentionLog
from reread.log.jobs import Board
from reread.records import Job
from trainer.loop.first import SETTLE_S, FirstGeneration
from trainer.loop.lease import Clock, Lease, LeaseEnded, ShuttingDown
from trainer.loop.parts import RoundParts
from trainer.loop.window import CONSUMER, is_place_in

logger = logging.getLogger(__name__)
BACK_OFF_S, LONGEST_BACK_OFF_S = 30.0, 3600.0  # after one failed job, and after many


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. A killed trainer's job is free again after `lease_s`."""

    lease_s: float = 8.0
    look_s: float = 1.0  # between two looks at an empty board
    settle_s: float = SETTLE_S  # how long a new home's documents have to be all there
    now: Clock = field(default=time.time)  # the clock all users of the job board share


def run(
    parts: RoundParts,
    *,
    stop: threading.Event | None = None,
    timing: Timing | None = None,
) -> None:
    """Work until `stop` is set."""
    stop, timing = stop or threading.Event(), timing or Timing()
    board = parts.open_board()
    owner = f"{os.getpid()}.{secrets.token_hex(4)}"
    first = FirstGeneration(parts, time.monotonic, settle_s=timing.settle_s)
    try:
        while not stop.is_set():
            if not _look(parts, board, owner, first, stop, timing):
                stop.wait(timing.look_s)
    finally:
        board.close()


def _look(
    parts: RoundParts,
    board: Board,
    owner: str,
    first: FirstGeneration,
    stop: threading.Event,
    timing: Timing,
) -> bool:
    """Whether there was work; the loop outlives whatever goes wrong here."""
    try:
        if first.build_if_due(stop):
            return True
        published = current(parts.home)
        above = published.fence if published else 0
        claimed = board.claim(owner, timing.now(), timing.lease_s, above=above)
        if claimed is None:
            request_if_behind(parts, board, timing.now())
            return False
        job, fence = claimed
        logger.info("job %s claimed with fence %d", job.id, fence)
        with Lease(board, job, fence, ttl_s=timing.lease_s, stop=stop, now=timing.now) as lease:
            _work(parts, lease)
    except Unavailable as error:
        logger.warning("the trainer waits: %s", error)
        return False
    except Exception:
        logger.exception("the trainer goes on after")
        return False
    return True


def _work(parts: RoundParts, lease: Lease) -> None:
    """Run the round and turn its exceptions into the job's state."""
    try:
        parts.prepare()
        from trainer.loop.round import run_round

        run_round(parts, lease)
        logger.info("job %s ended", lease.job.id)
    except LeaseEnded:
        logger.warning("job %s was cancelled or taken over", lease.job.id)
    except ShuttingDown:
        lease.release()
    except RereadError as error:
        logger.exception("job %s failed", lease.job.id)
        lease.finish("failed", error=str(error))
    except Exception as error:
        logger.exception("job %s failed", lease.job.id)
        lease.finish(
            "failed",
            error=f"The retraining stopped on {type(error).__name__} ({error}); "
            f"the trainer's log has the details, and the serving generation is unchanged.",
        )


def request_if_behind(parts: RoundParts, board: Board, now: float) -> None:
    """Queue a retrain when `auto_questions` records came since the last attempt, if that is on.

    After failures it waits, longer each time: what made a job fail mostly fails the next one too.
    """
    wanted = parts.settings.auto_questions
    if wanted == 0:
        return
    jobs = board.list()
    if is_backing_off(jobs, now):
        return
    log = parts.open_log()
    try:
        log.settle(CONSUMER)
        waiting = log.count_since(_last_attempt(jobs, log))
    finally:
        log.close()
    if waiting >= wanted:
        board.request({}, now)


def is_backing_off(jobs: Sequence[Job], now: float) -> bool:
    """Whether the newest jobs failed and the last of them not long enough ago.

    `jobs` newest first. A clock that jumped back ends the waiting rather than prolonging it.
    """
    failed = list(takewhile(lambda job: job.state == "failed", jobs))
    if not failed:
        return False
    pause_s = min(BACK_OFF_S * 2.0 ** (len(failed) - 1), LONGEST_BACK_OFF_S)
    return 0 <= now - failed[0].updated_s < pause_s


def _last_attempt(jobs: Sequence[Job], log: AttentionLog) -> int:
    """The newest cursor a job has read up to, so a rejected log is not tried again and again."""
    read = [job.metrics.get("log", {}) for job in jobs]
    places = [(one.get("log"), one.get("cursor", 0)) for one in read]
    return max((cursor for identity, cursor in places if is_place_in(log, identity, cursor)),
               default=0)  # fmt: skip
