"""Progress says how long it may still take, on a terminal and without one."""

import io

from rich.console import Console

from command.terminal.console import _line_report, progress_bar
from tests.command.terminal.screen import CONTROLS


def test_lines_without_a_terminal_name_the_time_left() -> None:
    times = iter([0.0, 10.0, 20.0, 30.0, 40.0])
    stream = io.StringIO()
    report = _line_report(Console(file=stream), "Building", lambda: next(times))
    for share in (0.0, 0.25, 0.5, 1.0):
        report("encode", share)
    assert stream.getvalue().splitlines() == [
        "Building: encode   0%",
        "Building: encode  25%, about 1 min left",
        "Building: encode  50%, about 30 s left",
        "Building: encode 100%",
    ]


def test_the_bar_ends_with_how_long_it_took() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, no_color=True)
    with progress_bar(console, "Building") as report:
        report("encode", 0.5)
    assert "Building: encode" in stream.getvalue()
    shown = CONTROLS.sub("", stream.getvalue()).rstrip()
    assert shown.endswith("1 s") and "100%" not in shown
