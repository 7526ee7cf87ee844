"""The shapes the paper found, as orders of our own figures: does each show here?

A place is left for the reason where one does not (`reasons.json` beside the cells). Knows figures
and the claims; knows no training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot

from benchmarks.reproduction.paper_figures import TABLE_5
from benchmarks.reproduction.results import BOTH, Results
from benchmarks.reproduction.sizes import KEPT_AGGREGATIONS, SPLITS

MISSING, DIFFERS = "·", "**differs**"
Lead = tuple[float, float]  # points by which a claim holds (below 0: does not), and their spread


@dataclass(frozen=True, slots=True)
class Shape:
    """A claim of the paper as an order of our own figures."""

    id: str
    claim: str
    lead: Callable[[Results, str], Lead | None]  # None = not all of its cells are there


def compare(
    first: tuple[str, str, str], second: tuple[str, str, str], times: float = 1.0
) -> Callable[[Results, str], Lead | None]:
    """By how much (table, row, figure) `first` is above so many times `second`."""

    def lead(results: Results, split: str) -> Lead | None:
        a, b = (results.spread(table, row, split, figure) for table, row, figure in (first, second))
        if a is None or b is None:
            return None
        return a[0] - times * b[0], hypot(a[1], times * b[1])

    return lead


def rises(start: str, rounds: int, figure: str) -> Callable[[Results, str], Lead | None]:
    """By how much the round that gains least gains."""

    def lead(results: Results, split: str) -> Lead | None:
        gains = [
            compare(("table1", f"{start}-{n + 1}", figure), ("table1", f"{start}-{n}", figure))(
                results, split
            )
            for n in range(rounds)
        ]
        known = [gain for gain in gains if gain is not None]
        return min(known) if len(known) == rounds else None

    return lead


def best_of(
    table: str, row: str, figure: str, others: Sequence[str]
) -> Callable[[Results, str], Lead | None]:
    """By how much `row` is above the best of the others."""

    def lead(results: Results, split: str) -> Lead | None:
        own = results.spread(table, row, split, figure)
        rest = [results.spread(table, other, split, figure) for other in others if other != row]
        known = [value for value in rest if value is not None]
        if own is None or len(known) < len(rest):
            return None
        best = max(known)
        return own[0] - best[0], hypot(own[1], best[1])

    return lead


PAPER_OBJECTIVES = tuple(TABLE_5)
SHAPES = (
    Shape("bm25-recall", "From BM25, one round raises R@20 (59.3 to 76.4)",
          compare(("table1", "bm25-1", "R@20"), ("table1", "bm25-0", "R@20"))),
    Shape("bm25-em", "From BM25, one round raises EM (41.2 to 46.8)",
          compare(("table1", "bm25-1", "EM"), ("table1", "bm25-0", "EM"))),
    Shape("bm25-1", "From BM25, one round beats BM25 in R@1 (the paper has R@20 only)",
          compare(("table1", "bm25-1", "R@1"), ("table1", "bm25-0", "R@1"))),
    Shape("bm25-5", "The same in R@5",
          compare(("table1", "bm25-1", "R@5"), ("table1", "bm25-0", "R@5"))),
    Shape("taught-1", "The round raises the R@1 of the encoder it trains (not in the paper)",
          compare(("table1", "bm25-1", "R@1"), ("table1", "encoder-0", "R@1"))),
    Shape("taught-5", "And its R@5",
          compare(("table1", "bm25-1", "R@5"), ("table1", "encoder-0", "R@5"))),
    Shape("second", "A second round from BM25 raises R@20 further (76.4 to 80.4)",
          compare(("table1", "bm25-2", "R@20"), ("table1", "bm25-1", "R@20"))),
    Shape("second-1", "And R@1 (not in the paper)",
          compare(("table1", "bm25-2", "R@1"), ("table1", "bm25-1", "R@1"))),
    Shape("late-1", "Token by token, one round beats BM25 in R@1 (not in the paper)",
          compare(("table1", "late-1", "R@1"), ("table1", "bm25-0", "R@1"))),
    Shape("late-5", "And in R@5",
          compare(("table1", "late-1", "R@5"), ("table1", "bm25-0", "R@5"))),
    Shape("late-taught", "And the round raises the R@1 that MiniLM has so before it",
          compare(("table1", "late-1", "R@1"), ("table1", "late-0", "R@1"))),
    Shape("late-taught-5", "And its R@5",
          compare(("table1", "late-1", "R@5"), ("table1", "late-0", "R@5"))),
    Shape("together-1", "The first round added to BM25 beats BM25 in R@1 (not in the paper)",
          compare(("table1", "together-1", "R@1"), ("table1", "bm25-0", "R@1"))),
    Shape("together-5", "And in R@5",
          compare(("table1", "together-1", "R@5"), ("table1", "bm25-0", "R@5"))),
    Shape("together-taught", "And there too the round raises the R@1 that BM25 has with MiniLM",
          compare(("table1", "together-1", "R@1"), ("table1", "together-0", "R@1"))),
    Shape("untrained-1", "From an untrained encoder, one round raises R@20 (4.8 to 32.2)",
          compare(("table1", "untrained-1", "R@20"), ("table1", "untrained-0", "R@20"))),
    Shape("untrained-2", "From an untrained encoder, a second round raises it further (to 51.1)",
          compare(("table1", "untrained-2", "R@20"), ("table1", "untrained-1", "R@20"))),
    Shape("untrained-3", "And a third (to 67.8)",
          compare(("table1", "untrained-3", "R@20"), ("table1", "untrained-2", "R@20"))),
    Shape("untrained-twice", "Three rounds more than double R@5 (R@20: 4.8 to 67.8)",
          compare(("table1", "untrained-3", "R@5"), ("table1", "untrained-0", "R@5"), 2.0)),
    Shape("untrained-each", "Each of the three rounds raises EM (to 16.9, 28.6, 39.3)",
          rises("untrained", 3, "EM")),
    Shape("untrained-em", "Three rounds from an untrained encoder raise EM (9.8 to 39.3)",
          compare(("table1", "untrained-3", "EM"), ("table1", "untrained-0", "EM"))),
    Shape("bm25-above", "BM25 is the better start (R@20 after two rounds 80.4 against 51.1)",
          compare(("table1", "bm25-2", "R@20"), ("table1", "untrained-2", "R@20"))),
    Shape("attention-10", "Ten passages by attention lose less EM than ten by the retriever",
          compare(("section32", "attention-10", "EM"), ("section32", "retriever-10", "EM"))),
    Shape("attention-2", "The same with two",
          compare(("section32", "attention-2", "EM"), ("section32", "retriever-2", "EM"))),
    Shape("kl-best", "KL has the highest R@20 of the paper's objectives (76.4)",
          best_of("table5", "kl", "R@20", PAPER_OBJECTIVES)),
    Shape("kl-best-5", "And the highest R@5 (64.7)",
          best_of("table5", "kl", "R@5", PAPER_OBJECTIVES)),
    Shape("mse-last", "Max-margin is above the squared error (73.5 against 61.2)",
          compare(("table5", "margin-0.2", "R@20"), ("table5", "mse", "R@20"))),
    Shape("mean-best", "The mean has the highest R@20 of the aggregations (76.4)",
          best_of("table6", "mean", "R@20", KEPT_AGGREGATIONS)),
)  # fmt: skip


def shapes_table(results: Results, reasons: dict[str, str]) -> str:
    lines = [
        "| claim (the paper's figures) | articles | questions | both | where it differs, why |",
        "| --- | --- | --- | --- | --- |",
    ]
    for shape in SHAPES:
        words = [verdict(shape.lead(results, split)) for split in (*SPLITS, BOTH)]
        reason = reasons.get(shape.id, "")
        if DIFFERS in words and not reason:
            reason = f"*no reason established yet (`reasons.json`: `{shape.id}`)*"
        lines.append(table_row([shape.claim, *words, reason]))
    return "\n".join(lines)


def verdict(lead: Lead | None) -> str:
    """`holds` or `differs`, or `level` where the seeds spread further than the difference.

    >>> verdict((3.0, 1.0)), verdict((0.5, 1.0)), verdict((-3.0, 1.0)), verdict(None)
    ('holds', 'level', '**differs**', '·')
    """
    if lead is None:
        return MISSING
    difference, spread = lead
    if abs(difference) <= spread:
        return "level"
    return "holds" if difference > 0 else DIFFERS


def table_row(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"
