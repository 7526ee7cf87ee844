"""docs/reproduction.md out of the cells that exist: ours beside the paper's.

Knows Markdown; what is read from the figures is in shapes.py, what is drawn in pictures.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.reproduction.claims import SHAPES
from benchmarks.reproduction.estimates import Estimate
from benchmarks.reproduction.opening import HOW_JUDGED, is_spared, opening
from benchmarks.reproduction.paper_figures import (
    SECTION_32,
    TABLE_1,
    TABLE_2,
    TABLE_4,
    TABLE_5,
    TABLE_6,
    Figures,
)
from benchmarks.reproduction.pictures import draw_plots
from benchmarks.reproduction.results import Results
from benchmarks.reproduction.shapes import BY_QUESTION, MISSING, shapes_table, table_row
from benchmarks.reproduction.sizes import (
    KEPT_AGGREGATIONS,
    OBJECTIVE_ROWS,
    RAW,
    SPLITS,
    STARTS,
    STORIES,
    section_rows,
    with_raw,
)

READ_AS_BEFORE = (
    "The rows of MiniLM, one vector or token by token, and of added scores are read by iteration "
    "0's reader, so their EM shows the passages alone. Token by token is the same encoder, taught "
    "by the same scores of BM25's passages ([late-interaction.md](late-interaction.md)). The "
    "paper's rows of the DPR-style start are its Table 8's."
)
WHERE_TO_START = (
    "The last round of each start that all its seeds have. The paper's EM is that of its Table 2 "
    "(Natural Questions, T5-base), on validation and on test questions; it is of the best round, "
    "from BM25 the second. Its R@20 is that of its Table 3, on test questions, as Table 2 has "
    "none. The DPR-style start alone uses gold passages."
)
ONE_DOCUMENT = (
    "NarrativeQA asks about a whole book, of which 20 passages are read. Here each question names "
    "its article, and the five best of that article's 43 paragraphs (on average) are read. Answers "
    "are SQuAD's, so shorter than NarrativeQA's, and the reader decodes greedily where the paper "
    "has three beams. METEOR is without synonyms; BLEU is of the whole set and has no interval."
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
        table_2(results),
        table_4(results),
        section_32(results) + picture(plots[1], "EM with fewer passages"),
        one_round(results, "table5", "Table 5: objectives", with_raw(OBJECTIVE_ROWS), TABLE_5),
        one_round(results, "table6", "Table 6: aggregations", with_raw(KEPT_AGGREGATIONS), TABLE_6),
        closing(results),
    ]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


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


def table_2(results: Results) -> str:
    theirs = ("EM", "EM, test", "R@20, test")
    lines = [
        f"## Table 2: which passages to start from\n\n{WHERE_TO_START}\n",
        *header(("start", "rounds"), ("R@20", "EM"), theirs),
    ]
    for start, published in TABLE_2.items():
        last = last_round(results, start)
        ours = cells_of(results, "table1", f"{start}-{last}", ("R@20", "EM"))
        number = MISSING if last is None else str(last)
        lines.append(table_row([STARTS[start], number, *ours, *paper(published, theirs)]))
    return "\n".join(lines)


def table_4(results: Results) -> str:
    """A run within one document per question."""
    figures = tuple(TABLE_4[0])
    lines = [
        f"## Table 4: within one document\n\n{ONE_DOCUMENT}\n",
        *header(("from", "iteration"), ("R@1", *figures), figures),
    ]
    for number, published in enumerate(TABLE_4):
        ours = cells_of(results, "table4", f"{STORIES}-{number}", ("R@1", *figures))
        lines.append(table_row(["BM25", str(number), *ours, *paper(published, figures)]))
    return "\n".join(lines)


def last_round(results: Results, start: str) -> int | None:
    """The last one that every seed of the start has; None where nothing was worked out."""
    seeds = {
        int(row.rpartition("-")[2]): set(results.seeds("table1", row))
        for row in results.rows("table1")
        if row.startswith(f"{start}-")
    }
    every = set().union(*seeds.values())
    return max((number for number, own in seeds.items() if own and own == every), default=None)


def one_round(
    results: Results, table: str, title: str, rows: Sequence[str], theirs: dict[str, Figures]
) -> str:
    """Tables 5 and 6: one round from BM25; here iteration 0's reader reads the new passages."""
    figures = ("R@5", "R@20", "R@100", "EM")
    lines = [
        f"## {title}\n",
        "One round from BM25. The paper trains a new reader for every row; here iteration 0's "
        "reader reads what each row retrieves, so EM shows the passages alone. Rows that end in "
        f"`{RAW}` learn from the reader's raw scores, as the paper's do; the others from "
        "standardised ones.\n",
        *header(("row",), figures, figures),
    ]
    for row in rows:
        ours = cells_of(results, table, row, figures)
        lines.append(
            table_row([f"`{row}`", *ours, *paper(theirs.get(row.removesuffix(RAW)), figures)])
        )
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
    answered = {body["sizes"].get("answered") for body in results.found.values()} - {None}
    spared = f" --spared --answered {max(answered, default=0)} --results FOLDER --page FILE"
    own = spared if is_spared(results) else ""
    return (
        "## Again\n\n"
        f"    python -m benchmarks.reproduction --data FOLDER --work DIR{own}\n\n"
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
        shown(results.estimate(table, row, split, figure)) for split in SPLITS for figure in figures
    ]


def shown(one: Estimate | None) -> str:
    """`mean [low, high]`, the ends of 95%; † by question, else over seeds.

    >>> shown(Estimate(61.25, (58.0, 64.5))), shown(Estimate(61.25, (58.0, 64.5), True))
    ('61.2 [58.0, 64.5]', '61.2 [58.0, 64.5] †')
    >>> shown(Estimate(61.25, None)), shown(None)
    ('61.2', '·')
    """
    if one is None:
        return MISSING
    if one.interval is None:
        return f"{one.middle:.1f}"
    ends = f"{one.middle:.1f} [{one.interval[0]:.1f}, {one.interval[1]:.1f}]"
    return f"{ends} {BY_QUESTION}" if one.by_question else ends


def paper(figures: Figures | None, names: Sequence[str]) -> list[str]:
    return [
        "–" if figures is None or one not in figures else f"{figures[one]:.1f}" for one in names
    ]


def picture(path: Path, words: str) -> str:
    return f"\n\n![{words}]({path.name})"
