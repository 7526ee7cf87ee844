"""Child processes that work on one file at a time, each under a limit of time and of memory.

Knows processes, pipes and limits; what is done with a file is a function it is given.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")

START_SECONDS = 60.0  # for a child to start; the machine may be busy
AHEAD = 8  # jobs per child finished before their turn
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take of the machine."""

    seconds: float = 60.0
    seconds_per_megabyte: float = 20.0  # of the file, on top: a slow machine reads 1 MB in 2 s
    most_seconds: float = 1800.0
    memory_bytes: int = 1536 * MEGABYTE  # beside the 200 MB that Python and the parsers take

    def seconds_for(self, size: int) -> float:
        """Grows with the file, in bytes."""
        return min(self.most_seconds, self.seconds + self.seconds_per_megabyte * size / MEGABYTE)


class Failure(str):
    """Why a child could not do a job: it was stopped, or it died."""


class CannotStart(Exception):
    """No child can be started here: the main program cannot be imported again."""


def work_through(
    jobs: Sequence[Job],
    work: Callable[[Job], Done],
    *,
    children: int,
    seconds: Callable[[Job], float],
    memory_bytes: int,
) -> Iterator[Done | Failure]:
    """One result per job, in order. A job that breaks or stalls its child costs that job alone.

    Raises CannotStart before the first result. `work` must be importable by its name.
    """
    waiting = deque(range(len(jobs)))
    finished: dict[int, Done | Failure] = {}
    crew: list[_Child[Job, Done]] = []
    given = 0
    try:
        while given < len(jobs):
            while waiting and waiting[0] < given + AHEAD * children:
                child = _idle(crew, children, work, memory_bytes)
                if child is None:
                    break
                number = waiting.popleft()
                child.give(number, jobs[number], time.monotonic() + seconds(jobs[number]))
            for number, result in _gather(crew):
                finished[number] = result
            while given in finished:
                yield finished.pop(given)
                given += 1
    finally:
        for child in crew:
            child.stop()


def _idle(
    crew: list[_Child[Job, Done]], most: int, work: Callable[[Job], Done], memory_bytes: int
) -> _Child[Job, Done] | None:
    for child in crew:
        if child.job is None:
            return child
    if len(crew) == most:
        return None
    try:
        crew.append(_Child(work, memory_bytes))
    except CannotStart:
        if crew:
            return None  # the others go on
        raise
    return crew[-1]


def _gather(crew: list[_Child[Job, Done]]) -> Iterator[tuple[int, Any]]:
    """What the busy children have done by now, or failed to do; waits for the first of it."""
    busy = [child for child in crew if child.job is not None]
    if not busy:
        return
    soonest = min(child.deadline for child in busy)
    ready = wait([child.pipe for child in busy], max(0.0, soonest - time.monotonic()))
    for child in busy:
        number = child.job
        if number is None:
            continue
        if child.pipe in ready:
            try:
                result = child.pipe.recv()
            except (EOFError, OSError):
                result = Failure("its parser crashed or ran out of memory; split the file")
                crew.remove(child)
                child.stop()
        elif time.monotonic() >= child.deadline:
            result = Failure(f"took longer than {child.seconds:.0f} s to read; split the file")
            crew.remove(child)
            child.stop()
        else:
            continue
        child.job = None
        yield number, result


class _Child(Generic[Job, Done]):
    """A process with a pipe; `job` is the number it works on, None while it waits."""

    def __init__(self, work: Callable[[Job], Done], memory_bytes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, work, memory_bytes))
        self._process.daemon = True
        self._process.start()
        theirs.close()
        self.job: int | None = None
        self.deadline = 0.0
        self.seconds = 0.0
        try:
            if not self.pipe.poll(START_SECONDS) or self.pipe.recv() != "ready":
                raise EOFError
        except (EOFError, OSError) as error:
            self.stop()
            raise CannotStart from error

    def give(self, number: int, job: Job, deadline: float) -> None:
        self.job, self.deadline = number, deadline
        self.seconds = deadline - time.monotonic()
        with contextlib.suppress(OSError):  # it died waiting: its pipe says so when it is read
            self.pipe.send(job)

    def stop(self) -> None:
        self.pipe.close()
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, work: Callable[[Any], Any], memory_bytes: int) -> None:
    """A child's life: ends when its pipe or its parent does; leaves Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit_memory(memory_bytes)
    pipe.send("ready")
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(work(pipe.recv()))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _limit_memory(more: int) -> None:
    """Refuse memory beyond what is held now and `more`; where the system knows such a limit."""
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = _held() + more
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _held() -> int:
    """Private writable memory of this process in bytes, as RLIMIT_DATA counts it."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0
