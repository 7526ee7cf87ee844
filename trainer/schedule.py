"""The learning rate over a run, as a factor on its peak. Knows numbers alone."""

from __future__ import annotations


def linear_rate(step: int, steps: int, warmup: int, final: float = 0.0) -> float:
    """Up to 1 over the warm-up, then in a line down to `final` after the last step.

    >>> [round(linear_rate(step, 10, 2), 3) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.125]
    """
    if step < warmup:
        return (step + 1) / warmup
    return final + (1.0 - final) * max(0.0, (steps - step) / max(1, steps - warmup))
