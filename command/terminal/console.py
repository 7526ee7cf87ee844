"""What people see in a terminal of long work: a bar, the stage, and how long it may still take.

Knows rich; knows no model and no home.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

StageReport = Callable[[str, float], None]
LEAST_S, LEAST_SHARE = 3.0, 0.02  # before these the pace says nothing


def make_console(*, stderr: bool = False) -> Console:
    """The terminal, without colour where output is not one; stderr where stdout is for JSON."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(highlight=False, soft_wrap=not stream.isatty(), stderr=stderr)


@contextmanager
def progress_bar(console: Console, title: str) -> Iterator[StageReport]:
    """A bar that follows (stage, share) and says how long it may still take.

    Without a terminal it is a line per stage and quarter.
    """
    if not console.is_terminal:
        yield _line_report(console, title)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeLeft())
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task(title, total=1.0)

        def report(stage: str, share: float) -> None:
            progress.update(task, description=f"{title}: {stage}", completed=share)

        yield report
        progress.update(task, completed=1.0)


def _line_report(
    console: Console, title: str, clock: Callable[[], float] = time.monotonic
) -> StageReport:
    seen: set[tuple[str, int]] = set()
    began_s = clock()

    def report(stage: str, share: float) -> None:
        mark = (stage, int(share * 4))
        if mark not in seen:
            seen.add(mark)
            left = left_s(clock() - began_s, share)
            about = "" if left is None else f", about {duration(left)} left"
            console.print(f"{title}: {escape(stage)} {share:4.0%}{about}")

    return report


class TimeLeft(ProgressColumn):
    """How long the task may still take; once it is done, how long it took."""

    def render(self, task: Task) -> Text:
        elapsed_s = task.elapsed or 0.0
        if task.finished:
            return Text(duration(elapsed_s))
        left = left_s(elapsed_s, task.completed)
        return Text("" if left is None else f"about {duration(left)} left", style="dim")


def left_s(elapsed_s: float, share: float) -> float | None:
    """At the pace so far; None where that says nothing yet, or nothing is left to say.

    >>> left_s(60.0, 0.25), left_s(1.0, 0.5), left_s(60.0, 0.01), left_s(60.0, 1.0)
    (180.0, None, None, None)
    """
    if elapsed_s < LEAST_S or not LEAST_SHARE <= share < 1.0:
        return None
    return elapsed_s * (1.0 - share) / share


def duration(seconds: float) -> str:
    """As one would say it.

    >>> [duration(one) for one in (0.2, 42.4, 60, 200, 3599, 3600, 9000)]
    ['1 s', '42 s', '1 min', '3 min', '1 h 0 min', '1 h 0 min', '2 h 30 min']
    """
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
