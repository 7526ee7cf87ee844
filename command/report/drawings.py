"""Drawings of a report as SVG inside the page: a line over generations, a reliability diagram.

Knows numbers and coordinates; every drawing says in words what it shows.
"""

from collections.abc import Sequence
from html import escape

from evaluation.confidence.calibration import Bin

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 560, 240, 46, 30, 14, 22
SIDE = 300  # of the reliability diagram's square


def line_chart(points: Sequence[tuple[int, float]], what: str) -> str:
    """Shares by generation, from 0 to 100 %."""
    numbers = [number for number, _ in points]
    span = max(1, max(numbers) - min(numbers))

    def x(number: int) -> float:
        inner = WIDTH - LEFT - RIGHT
        return LEFT + (inner / 2 if len(points) == 1 else inner * (number - min(numbers)) / span)

    places = [(x(number), _y(value, HEIGHT)) for number, value in points]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
    dots = "".join(
        f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4"><title>generation {number}: {value:.0%}'
        f"</title></circle>"
        for (px, py), (number, value) in zip(places, points, strict=True)
    )
    ticks = "".join(
        f'<text x="{x(number):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{number}</text>'
        for number in numbers
    )
    told = ", ".join(f"generation {number} {value:.0%}" for number, value in points)
    drawn = f'{_grid(WIDTH, HEIGHT)}<polyline points="{line}"/>{dots}{ticks}'
    return _svg(WIDTH, HEIGHT, f"{what}: {told}", drawn)


def reliability_diagram(bins: Sequence[Bin]) -> str:
    """How sure the reader was against how often it was right; the size is the number."""
    most = max(one.count for one in bins)
    inner = SIDE - LEFT - RIGHT
    dots = "".join(
        f'<circle cx="{LEFT + inner * one.confidence:.1f}" cy="{_y(one.right, SIDE):.1f}" '
        f'r="{4 + 5 * one.count / most:.1f}"><title>{one.confidence:.0%} sure, {one.right:.0%} '
        f"right, {one.count} answers</title></circle>"
        for one in bins
    )
    ideal = f"{LEFT},{_y(0.0, SIDE):.1f} {SIDE - RIGHT},{_y(1.0, SIDE):.1f}"
    ticks = "".join(
        f'<text x="{LEFT + inner * share:.1f}" y="{SIDE - 8}" text-anchor="middle">'
        f"{share:.0%}</text>"
        for share in (0.0, 0.5, 1.0)
    )
    told = ", ".join(f"{one.confidence:.0%} sure and {one.right:.0%} right" for one in bins)
    drawn = f'{_grid(SIDE, SIDE)}<polyline class="ideal" points="{ideal}"/>{dots}{ticks}'
    return _svg(SIDE, SIDE, f"Confidence against right answers: {told}", drawn)


def _y(share: float, height: int) -> float:
    return height - BOTTOM - (height - BOTTOM - TOP) * share


def _grid(width: int, height: int) -> str:
    return "".join(
        f'<line x1="{LEFT}" x2="{width - RIGHT}" y1="{_y(share, height):.1f}" '
        f'y2="{_y(share, height):.1f}"/><text x="{LEFT - 6}" y="{_y(share, height) + 4:.1f}" '
        f'text-anchor="end">{share:.0%}</text>'
        for share in (0.0, 0.5, 1.0)
    )


def _svg(width: int, height: int, told: str, drawn: str) -> str:
    box = f'viewBox="0 0 {width} {height}" style="max-width:{width}px"'
    return f'<svg {box} role="img" aria-label="{escape(told, quote=True)}">{drawn}</svg>'
