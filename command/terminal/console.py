"""What people see in a terminal: progress, passages with relevance bars, one-sentence errors.

Knows rich and the shape of an answer; knows no model and no home.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Report = Callable[[str, float], None]
BAR_WIDTH = 24


def make_console(*, stderr: bool = False) -> Console:
    """The terminal, without colour where output is not one; stderr where stdout is for JSON."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(highlight=False, soft_wrap=not stream.isatty(), stderr=stderr)


@contextmanager
def progress_bar(console: Console, title: str) -> Iterator[Report]:
    """A bar that follows (stage, share); without a terminal a line per stage and quarter."""
    if not console.is_terminal:
        yield _line_report(console, title)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task(title, total=1.0)

        def report(stage: str, share: float) -> None:
            progress.update(task, description=f"{title}: {stage}", completed=share)

        yield report
        progress.update(task, completed=1.0)


def _line_report(console: Console, title: str) -> Report:
    seen: set[tuple[str, int]] = set()

    def report(stage: str, share: float) -> None:
        mark = (stage, int(share * 4))
        if mark not in seen:
            seen.add(mark)
            console.print(f"{title}: {escape(stage)} {share:4.0%}")

    return report


def show_answer(console: Console, body: Mapping[str, Any], *, texts: int = 3) -> None:
    """An answer with its passages, most relevant first, each with a bar."""
    confidence = f"{body['confidence']:.0%}" if body.get("confidence") is not None else "?"
    console.print(Panel(escape(body["answer"] or "(no answer)"), title=escape(body["question"])))
    console.print(
        f"confidence {confidence}   generation {body['generation']}   reader {body['reader']}   "
        f"{body['timings_ms']['total']:.0f} ms"
    )
    ranked = sorted(body["passages"], key=lambda p: -p["relevance"])
    for place, passage in enumerate(ranked):
        bar = "█" * round(passage["relevance"] * BAR_WIDTH)
        console.print(f"{passage['relevance']:6.1%} {bar:<{BAR_WIDTH}} {escape(passage['title'])}")
        if place < texts:
            console.print(f"       {escape(shorten(passage['text']))}", style="dim")


def shorten(text: str, limit: int = 160) -> str:
    """The beginning of a text, cut at a word.

    >>> shorten("one two three", 9)
    'one two …'
    """
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: flat.rfind(" ", 0, limit)] + " …"
