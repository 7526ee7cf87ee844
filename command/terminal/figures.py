"""Figures as aligned tables for a terminal: evaluations with intervals, and comparisons.

Knows the shape of the metrics, not how they are measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NOTES = {"rouge_l": "ROUGE-L", "bleu": "BLEU", "meteor": "METEOR"}


def evaluation_lines(generation: int, metrics: Mapping[str, Any]) -> list[str]:
    """A line per mean with its interval, then what is to be known about them."""
    bootstrap = metrics["bootstrap"]
    rows = [("figure", "value", f"{bootstrap['confidence']:.0%} interval")]
    flat = flatten({name: metrics.get(name) for name in _SHOWN})
    for name, value in flat.items():
        rows.append((name, f"{value:.4f}", _interval(metrics["intervals"].get(name))))
    head = (
        f"generation {generation}   questions {metrics['questions']} "
        f"({metrics['labelled_questions']} with gold passages)   passages read {metrics['top_k']}, "
        f"searched {metrics['searched']} of {metrics['corpus_passages']}"
    )
    return [head, *align(rows), *_absent(metrics), *_notes(metrics)]


def comparison_lines(found: Mapping[str, Any]) -> list[str]:
    """A line per figure: both means, their difference with its interval, and the p-value."""
    interval = f"{found['bootstrap']['confidence']:.0%} interval"
    rows = [("figure", "questions", "A", "B", "B - A", interval, "p")]
    for name, one in found["differences"].items():
        means = (f"{one['first']:.4f}", f"{one['second']:.4f}", f"{one['difference']:+.4f}")
        interval = f"[{one['low']:+.4f}, {one['high']:+.4f}]"
        rows.append((name, str(one["questions"]), *means, interval, f"{one['p_value']:.4f}"))
    note = "p: approximate randomisation, two-sided, for each figure by itself."
    return [*align(rows), note]


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Numbers under their dotted names; what is null or text is left out.

    >>> flatten({"em": 1.0, "ranking": {"mrr": 0.5, "note": "text"}, "f1": None})
    {'em': 1.0, 'ranking.mrr': 0.5}
    """
    flat: dict[str, float] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        elif isinstance(value, int | float):
            flat[f"{prefix}{name}"] = value
    return flat


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of equal width: the first to the left, the others to the right.

    >>> align([("name", "n"), ("em", "10")])
    ['name   n', 'em    10']
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]


_SHOWN = ("em", "f1", "recall_at", "ranking", "long_answers")


def _interval(ends: Sequence[float] | None) -> str:
    return "-" if ends is None else f"[{ends[0]:.4f}, {ends[1]:.4f}]"


def _absent(metrics: Mapping[str, Any]) -> list[str]:
    absent = metrics.get("absent_gold")
    if not absent:
        return []
    more = ", ..." if absent["absent"] > len(absent["first"]) else ""
    return [
        f"{absent['absent']} of {absent['named']} gold passages, of {absent['questions']} "
        f"questions, are not in this corpus ({', '.join(absent['first'])}{more}): they count as "
        f"misses. `reread documents` lists the ids there are."
    ]


def _notes(metrics: Mapping[str, Any]) -> list[str]:
    variants = (metrics.get("long_answers") or {}).get("variants", {})
    return [f"{NOTES.get(name, name)}: {what}" for name, what in variants.items()]
