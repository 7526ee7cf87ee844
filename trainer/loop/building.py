"""Runs the index builder as a child process and passes on what it reports.

Knows a command line and JSON progress lines; does not know what a generation holds. The builder
dies with this process, and within SILENCE_S of its being stopped (see reread/processes.py), so no
builder goes on whose trainer has lost its lease.
"""

import json
import logging
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any

from reread.errors import RereadError

logger = logging.getLogger(__name__)

KILLED_CODES = range(128, 128 + 65)  # 128 + signal
WAIT_S = 0.5  # between looks at the lease while the builder is silent
SILENCE_S = 6.0  # less than a lease: a stopped trainer's builder ends before another begins
STDERR_LINES = 40
StageReport = Callable[[str, float], None]  # (builder's stage, 0..1); may raise to stop the build


class BuildFailed(RereadError):
    title = "The new generation could not be built"


class BuilderKilled(BuildFailed):
    """It did not fail but was killed from outside; the same build may well succeed."""


def build(command: Sequence[str], report: StageReport, *, silence_s: float = SILENCE_S) -> int:
    """The published generation's number. Whatever `report` raises ends the builder first."""
    code, generation, errors = _run_once(command, report, silence_s)
    if code == 0 and generation is not None:
        return generation
    last = errors[-1] if errors else "it said nothing"
    kind = BuilderKilled if code in KILLED_CODES else BuildFailed
    raise kind(
        f"The index builder ended with status {code} and no generation ({last}); "
        f"what serves is unchanged: see the trainer's log, then retrain."
    )


def _run_once(
    command: Sequence[str], report: StageReport, silence_s: float
) -> tuple[int, int | None, list[str]]:
    leash = [sys.executable, "-m", "reread.processes", str(silence_s), *command]
    with subprocess.Popen(
        leash, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            generation, errors = _follow(child, report)
            return child.wait(), generation, errors
        finally:
            _end(child)


def _follow(child: "subprocess.Popen[str]", report: StageReport) -> tuple[int | None, list[str]]:
    """Pass on progress until the builder closes its output."""
    assert child.stdout is not None and child.stderr is not None
    lines: queue.Queue[str | None] = queue.Queue()
    errors: deque[str] = deque(maxlen=STDERR_LINES)
    _start(_collect, child.stdout, lines)
    watch = _start(_keep, child.stderr, errors)
    generation, stage, share = None, "building", 0.0
    while True:
        report(stage, share)
        _beat(child)
        try:
            line = lines.get(timeout=WAIT_S)
        except queue.Empty:
            continue
        if line is None:
            break
        message = _parse(line)
        generation = message.get("generation", generation)
        stage = str(message.get("stage", stage))
        share = float(message.get("progress", share))
    watch.join()
    return generation, list(errors)


def _beat(child: "subprocess.Popen[str]") -> None:
    """Tell the leash that this process runs and holds its lease."""
    assert child.stdin is not None
    with suppress(BrokenPipeError):  # the builder ended; its output says how
        child.stdin.write(".")
        child.stdin.flush()


def _parse(line: str) -> dict[str, Any]:
    with suppress(ValueError):
        message = json.loads(line)
        if isinstance(message, dict):
            return message
    logger.info("builder: %s", line.rstrip())
    return {}


def _collect(stream: IO[str], lines: "queue.Queue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _keep(stream: IO[str], errors: deque[str]) -> None:
    for line in stream:
        logger.info("builder: %s", line.rstrip())
        if line.strip():
            errors.append(line.strip())


def _start(work: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def _end(child: "subprocess.Popen[str]") -> None:
    """Closing its input makes the leash kill the builder and all it started."""
    if child.poll() is None:
        assert child.stdin is not None
        with suppress(BrokenPipeError):
            child.stdin.close()
        child.wait()
