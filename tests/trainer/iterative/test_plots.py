"""Plots: both formats, the same bytes for the same figures, gaps where a figure is missing."""

from pathlib import Path

from trainer.iterative.plots import Line, Panel, draw
from trainer.iterative.run_plot import plot_run


def metrics(number: int) -> dict:
    recall = {"1": 0.2 + number / 10, "5": 0.5, "20": None}
    return {
        "iteration": number,
        "retrieved": {"questions": 9, "answer": recall},
        "validation": {"questions": 4, "em": 0.25, "f1": 0.5},
    }


def test_a_run_is_drawn_as_svg_and_png_with_the_same_bytes_each_time(tmp_path: Path):
    first = plot_run([metrics(0), metrics(1)], tmp_path / "a")
    again = plot_run([metrics(0), metrics(1)], tmp_path / "b")
    assert [path.suffix for path in first] == [".svg", ".png"]
    assert first[1].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert first[1].read_bytes() == again[1].read_bytes()
    assert first[0].read_bytes() == again[0].read_bytes()
    assert plot_run([], tmp_path / "empty")[0].exists()


def test_gaps_and_intervals_are_drawn(tmp_path: Path):
    line = Line("one", [0, 1, 2], [1.0, None, 3.0], ends=[(0.9, 1.3), None, (2.8, 3.2)])
    paths = draw([Panel("t", "x", "y", [line])], tmp_path / "c", title="whole")
    assert all(path.stat().st_size > 1000 for path in paths)
