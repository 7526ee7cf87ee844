"""docs/reproduction.md and its plots out of the cells that exist: ours beside the paper's.

Says of each published shape whether it shows here, and leaves a place for the reason where it
does not (`reasons.json` beside the cells). Knows JSON and Markdown; knows no model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.paper_figures import SECTION_32, TABLE_1, TABLE_5, TABLE_6, Figures
from benchmarks.reproduction_cells import (
    KEPT_AGGREGATIONS,
    OBJECTIVE_ROWS,
    SPLITS,
    Cell,
    section_rows,
)
from trainer.plots import Line, Panel, draw

MISSING, DIFFERS = "·", "**differs**"
STARTS = {"bm25": "BM25", "untrained": "untrained encoder", "encoder": "MiniLM, no round"}
Spread = tuple[float, float, int]  # mean and standard deviation in percent, seeds


@dataclass(frozen=True, slots=True)
class Results:
    """Cell -> its JSON, and every cell the page has a place for."""

    found: dict[Cell, dict[str, Any]]
    wanted: tuple[Cell, ...]

    @classmethod
    def read(cls, folder: Path, cells: Sequence[Cell]) -> Results:
        """Cells of the plan and further ones in the folder, such as more iterations."""
        bodies = [json.loads(path.read_text()) for path in sorted(folder.glob("*-seed*.json"))]
        found = {Cell(one["table"], one["row"], one["seed"]): one for one in bodies}
        return cls(found, tuple(dict.fromkeys([*cells, *found])))

    def rows(self, table: str) -> list[str]:
        return list(dict.fromkeys(cell.row for cell in self.wanted if cell.table == table))

    def spread(self, table: str, row: str, split: str, figure: str) -> Spread | None:
        values = [
            100 * body["figures"][split][figure]
            for cell, body in self.found.items()
            if (cell.table, cell.row) == (table, row) and body["figures"][split][figure] is not None
        ]
        if not values:
            return None
        return mean(values), stdev(values) if len(values) > 1 else 0.0, len(values)


def write_page(results: Results, page: Path, reasons: Path) -> None:
    """The page and, beside it, reproduction-*.svg and .png."""
    page.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(reasons.read_text()) if reasons.exists() else {}
    plots = draw_plots(results, page.with_suffix(""))
    parts = [
        opening(results),
        "## Does the shape hold?\n\n*Level*: the difference is within the spread over seeds.\n\n"
        + shapes_table(results, known),
        table_1(results) + picture(plots[0], "R@20 and EM over iterations"),
        section_32(results) + picture(plots[1], "EM with fewer passages"),
        one_round(results, "table5", "Table 5: objectives", OBJECTIVE_ROWS, TABLE_5),
        one_round(results, "table6", "Table 6: aggregations", KEPT_AGGREGATIONS, TABLE_6),
        closing(results),
    ]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def opening(results: Results) -> str:
    return (
        "# The paper's tables, on a small corpus\n\n"
        "FiD-KD (arXiv 2012.04584) trained on Natural Questions over the whole of Wikipedia with "
        "a T5-base reader and 100 passages. This page repeats its experiments on SQuAD's 1,537 "
        "paragraphs of 36 articles, with few questions, the starter reader and 20 passages. "
        "**Absolute figures cannot be compared; the order of rows can.** No gold passage is used "
        "in training.\n\n"
        "*Articles*: questions on six articles that neither this training nor the starter reader "
        "has seen. *Questions*: SQuAD's other questions (`split` dev) on the articles trained on. "
        "Ours are mean ± standard deviation over seeds, in percent, R@k by answer string; paper: "
        f"Natural Questions, validation. {MISSING} has not been worked out.\n\n"
        f"{state(results)}"
    )


def state(results: Results) -> str:
    if not results.found:
        return "**Nothing has been worked out yet.**"
    sizes = next(iter(results.found.values()))["sizes"]
    seeds = sorted({cell.seed for cell in results.found})
    return (
        f"{len(results.found)} of {len(results.wanted)} cells, seeds {', '.join(map(str, seeds))}. "
        f"Table 1's rounds from BM25 {trained(sizes['bm25'])}, those from the untrained encoder "
        f"{trained(sizes['untrained'])}; those of tables 5 and 6 {trained(sizes['table'])}, of "
        f"{sizes['first_questions']} that were read first. The reader takes "
        f"{sizes['reader_steps']} steps of {sizes['reader_batch']} questions with "
        f"{sizes['reader_passages']} passages. Per "
        f"split, R@k is over {sizes['measured']} questions (section 3.2: those answered) and EM "
        f"over {sizes['answered']} ({sizes['table_answered']} in tables 5 and 6): the same for all "
        "seeds, so beyond the spread shown an EM is uncertain by about 7 points (10)."
    )


def trained(sizes: dict[str, Any]) -> str:
    return (
        f"train on {sizes['questions']} questions (epochs: {sizes['epochs']}, batches of "
        f"{sizes['batch_questions']}, rate {sizes['learning_rate']:g})"
    )


def table_1(results: Results) -> str:
    lines = [
        "## Table 1: iterations\n",
        *header(
            ("from", "iteration"), ("R@1", "R@5", "R@20", "R@100", "EM"), ("R@20", "R@100", "EM")
        ),
    ]
    for row in results.rows("table1"):
        start, _, number = row.rpartition("-")
        published = TABLE_1.get(start, ())
        theirs = published[int(number)] if int(number) < len(published) else None
        ours = cells_of(results, "table1", row, ("R@1", "R@5", "R@20", "R@100", "EM"))
        lines.append(
            table_row([STARTS[start], number, *ours, *paper(theirs, ("R@20", "R@100", "EM"))])
        )
    return "\n".join(lines)


def one_round(
    results: Results, table: str, title: str, rows: Sequence[str], theirs: dict[str, Figures]
) -> str:
    """Tables 5 and 6: one round from BM25; here iteration 0's reader reads the new passages."""
    figures = ("R@5", "R@20", "R@100", "EM")
    lines = [
        f"## {title}\n",
        "One round from BM25. The paper trains a new reader for every row; here iteration 0's "
        "reader reads what each row retrieves, so EM shows the passages alone.\n",
        *header(("row",), figures, figures),
    ]
    for row in rows:
        ours = cells_of(results, table, row, figures)
        lines.append(table_row([f"`{row}`", *ours, *paper(theirs.get(row), figures)]))
    return "\n".join(lines)


def section_32(results: Results) -> str:
    lines = [
        "## Section 3.2: fewer passages\n",
        "The reader of iteration 0, trained on BM25's passages, reads all 20, or the first k in "
        "BM25's order, or the first k by its own attention over all 20. The paper's k is 10 of "
        "100, and its order DPR's.\n",
        *header(("passages",), ("EM", "F1"), ("EM",)),
    ]
    for row in section_rows():
        ours = cells_of(results, "section32", row, ("EM", "F1"))
        lines.append(
            table_row([row.replace("-", ", k = "), *ours, *paper(SECTION_32.get(row), ("EM",))])
        )
    return "\n".join(lines)


def closing(results: Results) -> str:
    minutes = sum(body["seconds"] for body in results.found.values()) / 60
    return (
        "## Again\n\n"
        "    python -m benchmarks.reproduction --data FOLDER --work DIR\n\n"
        "`--only`, `--seeds` and `--minutes` do a part; what is done is never done twice. "
        f"The cells above took {minutes:.0f} minutes."
    )


# Shapes


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
    Shape("untrained-1", "From an untrained encoder, one round raises R@20 (4.8 to 32.2)",
          compare(("table1", "untrained-1", "R@20"), ("table1", "untrained-0", "R@20"))),
    Shape("untrained-2", "From an untrained encoder, a second round raises it further (to 51.1)",
          compare(("table1", "untrained-2", "R@20"), ("table1", "untrained-1", "R@20"))),
    Shape("untrained-3", "And a third (to 67.8)",
          compare(("table1", "untrained-3", "R@20"), ("table1", "untrained-2", "R@20"))),
    Shape("untrained-twice", "Three rounds more than double R@5 (R@20: 4.8 to 67.8)",
          compare(("table1", "untrained-3", "R@5"), ("table1", "untrained-0", "R@5"), 2.0)),
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
    Shape("mse-last", "Max-margin is above the squared error (73.5 against 61.2)",
          compare(("table5", "margin-0.2", "R@20"), ("table5", "mse", "R@20"))),
    Shape("mean-best", "The mean has the highest R@20 of the aggregations (76.4)",
          best_of("table6", "mean", "R@20", KEPT_AGGREGATIONS)),
)  # fmt: skip


def shapes_table(results: Results, reasons: dict[str, str]) -> str:
    lines = [
        "| claim (the paper's figures) | articles | questions | where it differs, why |",
        "| --- | --- | --- | --- |",
    ]
    for shape in SHAPES:
        words = [verdict(shape.lead(results, split)) for split in SPLITS]
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


# Markdown and plots


def header(keys: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    names = [
        *keys,
        *(f"{f}, {split}" for split in SPLITS for f in ours),
        *(f"paper {f}" for f in theirs),
    ]
    return [table_row(names), table_row(["---"] * len(names))]


def table_row(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"


def cells_of(results: Results, table: str, row: str, figures: Sequence[str]) -> list[str]:
    return [
        shown(results.spread(table, row, split, figure)) for split in SPLITS for figure in figures
    ]


def shown(spread: Spread | None) -> str:
    """`mean ± deviation`; one seed alone has no deviation.

    >>> shown((61.25, 1.5, 3)), shown((61.25, 0.0, 1)), shown(None)
    ('61.2 ± 1.5', '61.2', '·')
    """
    if spread is None:
        return MISSING
    return f"{spread[0]:.1f} ± {spread[1]:.1f}" if spread[2] > 1 else f"{spread[0]:.1f}"


def paper(figures: Figures | None, names: Sequence[str]) -> list[str]:
    return [
        "–" if figures is None or one not in figures else f"{figures[one]:.1f}" for one in names
    ]


def picture(path: Path, words: str) -> str:
    return f"\n\n![{words}]({path.name})"


def draw_plots(results: Results, stem: Path) -> list[Path]:
    """The page's two plots as .svg (returned) and .png."""
    over = stem.with_name(f"{stem.name}-iterations")
    fewer = stem.with_name(f"{stem.name}-fewer-passages")
    panels = [
        iteration_panel(results, "R@20", "Answer in the first 20, unseen articles"),
        iteration_panel(results, "EM", "Exact match, unseen articles"),
    ]
    return [
        draw(panels, over)[0],
        draw([fewer_panel(results, split) for split in SPLITS], fewer)[0],
    ]


def iteration_panel(results: Results, figure: str, title: str) -> Panel:
    lines = []
    for start in TABLE_1:
        rows = [row for row in results.rows("table1") if row.startswith(f"{start}-")]
        points = [results.spread("table1", row, SPLITS[0], figure) for row in rows]
        numbers = [int(row.rpartition("-")[2]) for row in rows]
        lines.append(line_of(f"{STARTS[start]}, here", numbers, points))
    for start in TABLE_1:
        theirs = [figures[figure] for figures in TABLE_1[start]]
        lines.append(Line(f"{STARTS[start]}, paper (NQ)", range(len(theirs)), theirs, dashed=True))
    return Panel(title, "iteration", f"{figure}, %", lines)


def fewer_panel(results: Results, split: str) -> Panel:
    lines = []
    for order, name in (("attention", "by attention"), ("retriever", "by BM25")):
        rows = [*(f"{order}-{k}" for k in (1, 2, 5, 10)), "all"]
        points = [results.spread("section32", row, split, "EM") for row in rows]
        lines.append(line_of(name, [1, 2, 5, 10, 20], points))
    return Panel(f"First k of 20 passages, {split}", "passages read", "EM, %", lines)


def line_of(name: str, x: Sequence[float], points: Sequence[Spread | None]) -> Line:
    values = [None if one is None else one[0] for one in points]
    return Line(name, x, values, [0.0 if one is None else one[1] for one in points])
