"""docs/reproduction.md and its plots out of the cells that exist: ours beside the paper's.

Knows Markdown and plots; what is read from the figures is in shapes.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.reproduction.claims import SHAPES
from benchmarks.reproduction.paper_figures import SECTION_32, TABLE_1, TABLE_5, TABLE_6, Figures
from benchmarks.reproduction.results import Results, Spread
from benchmarks.reproduction.shapes import MISSING, shapes_table, table_row
from benchmarks.reproduction.sizes import (
    KEPT_AGGREGATIONS,
    LATE,
    OBJECTIVE_ROWS,
    SPLITS,
    TOGETHER,
    section_rows,
)
from trainer.iterative.plots import Line, Panel, draw

STARTS = {
    "bm25": "BM25",
    "untrained": "untrained encoder",
    "encoder": "MiniLM, no round",
    LATE: "MiniLM token by token, taught from BM25",
    TOGETHER: "BM25 with the retriever, scores added",
}
READ_AS_BEFORE = (
    "The rows of MiniLM, one vector or token by token, and of added scores are read by iteration "
    "0's reader, so their EM shows the passages alone. Token by token is the same encoder, taught "
    "by the same scores of BM25's passages ([late-interaction.md](late-interaction.md))."
)
DEVIATIONS = (
    " (2) Rows 1, 4 and 5 of Table 6 were worked out as the maximum of means; the paper "
    "takes the mean of maxima, which `max_tokens`, `max_layers` and `max_heads` are since "
    "2026-11-26. These three rows have not been run again. (3) Scores are standardised per reader, "
    "and MSE meets the level of the student's scores; the paper uses raw ones."
)
LEAK = (
    "The starter reader was trained with gold passages, on questions of the very articles that the "
    "runs below draw their training questions from: its attention on training questions is better "
    "than that of a reader which never saw them, and so is the teacher. Only the figures of "
    "*articles* are of questions whose articles neither reader nor retriever saw. The same command "
    "with `--spared` (and `--results`, `--work` and `--page` of its own) trains on three of the "
    "articles that the reader never saw and measures on the other three; that has not been run."
)
SPARED = (
    "The starter reader was trained with gold passages, but on none of the articles here: three "
    "that it never saw are trained on, and *articles* are three others."
)
HOW_JUDGED = (
    "Every claim of Tables 1, 5 and 6 and of section 3.2 that figures of ours can answer, those "
    "that differ too. *Both*: the two splits together. With †: by a paired bootstrap of the "
    "questions, *level* where the middle 95% of the difference holds none. Without: the cells were "
    "made before 2026-11-26 and keep no values per question, so *level* is a difference within the "
    "spread (one standard deviation) over seeds, **which says nothing of other questions**: a "
    "verdict on EM without † may turn with other questions."
)
ROUNDS = {
    "bm25": "Table 1's rounds from BM25",
    "untrained": "Table 1's rounds from the untrained encoder",
    "table": "The rounds of tables 5 and 6, on the first of those that were read,",
}
EMS = (
    ("answered", "Table 1"),
    ("section_answered", "section 3.2 and MiniLM's first row"),
    ("table_answered", "tables 5 and 6"),
)


def write_page(results: Results, page: Path, reasons: Path) -> None:
    """The page and, beside it, reproduction-*.svg and .png."""
    page.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(reasons.read_text()) if reasons.exists() else {}
    plots = draw_plots(results, page.with_suffix(""))
    parts = [
        opening(results),
        f"## Does the shape hold?\n\n{HOW_JUDGED}\n\n" + shapes_table(results, known, SHAPES),
        table_1(results) + picture(plots[0], "R@20 and EM over iterations"),
        section_32(results) + picture(plots[1], "EM with fewer passages"),
        one_round(results, "table5", "Table 5: objectives", OBJECTIVE_ROWS, TABLE_5),
        one_round(results, "table6", "Table 6: aggregations", KEPT_AGGREGATIONS, TABLE_6),
        closing(results),
    ]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def opening(results: Results) -> str:
    spared = any(body["sizes"].get("spared") for body in results.found.values())
    return (
        "# The paper's tables, on a small corpus\n\n"
        "FiD-KD (arXiv 2012.04584) trained on Natural Questions over the whole of Wikipedia with "
        "a T5-base reader and 100 passages. This page repeats its experiments on SQuAD's 1,537 "
        "paragraphs of 36 articles, with few questions, the starter reader and 20 passages. "
        "**Absolute figures cannot be compared; the order of rows can.** No round uses a gold "
        "passage; the reader that it starts from did.\n\n"
        f"**Read this first.** (1) {SPARED if spared else LEAK}{DEVIATIONS}\n\n"
        "*Articles*: questions on articles that neither this training nor the starter reader "
        "has seen. *Questions*: SQuAD's other questions (`split` dev) on the articles trained on. "
        "Ours are mean ± standard deviation over seeds, in percent, R@k by answer string; paper: "
        f"Natural Questions, validation. {MISSING} has not been worked out.\n\n"
        f"{state(results)}"
    )


def state(results: Results) -> str:
    if not results.found:
        return "**Nothing has been worked out yet.**"
    sizes: dict[str, Any] = {}
    for body in results.found.values():
        sizes |= body["sizes"]  # each cell holds those it depends on
    seeds = sorted({cell.seed for cell in results.found})
    rounds = [f"{name} {trained(sizes[key])}" for key, name in ROUNDS.items() if key in sizes]
    sentences = [
        f"{len(results.found)} of {len(results.wanted)} cells, seeds {', '.join(map(str, seeds))}.",
        *(f"{one}." for one in rounds),
        f"The reader takes {sizes['reader_steps']} steps of {sizes['reader_batch']} questions with "
        f"{sizes['reader_passages']} passages.",
        f"Per split, R@k is over {sizes['measured']} questions (section 3.2: those answered); the "
        "same questions for all seeds, so an EM is uncertain beyond the spread shown: "
        + ", ".join(f"{name} over {uncertain(sizes[key])}" for key, name in EMS if key in sizes)
        + ".",
    ]
    return " ".join(sentences)


def uncertain(questions: int) -> str:
    """The 95% interval of a share of 40% of so many independent questions.

    >>> uncertain(100)
    '100 (95%: 10 points either way)'
    """
    return f"{questions} (95%: {196 * math.sqrt(0.24 / questions):.0f} points either way)"


def trained(sizes: dict[str, Any]) -> str:
    return (
        f"train on {sizes['questions']} questions (epochs: {sizes['epochs']}, batches of "
        f"{sizes['batch_questions']}, rate {sizes['learning_rate']:g}, "
        f"{sizes['passages_per_question']} of a question's passages drawn each time, word "
        f"embeddings {'kept' if sizes['freeze_word_embeddings'] else 'trained too'})"
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
    return "\n".join([*lines, "", READ_AS_BEFORE])


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


# Markdown and plots


def header(keys: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    names = [
        *keys,
        *(f"{f}, {split}" for split in SPLITS for f in ours),
        *(f"paper {f}" for f in theirs),
    ]
    return [table_row(names), table_row(["---"] * len(names))]


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
