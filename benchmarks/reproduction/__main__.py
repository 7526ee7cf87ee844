"""The paper's tables on a small corpus: one command works out what is missing and writes the page.

    python -m benchmarks.reproduction --data FOLDER --work DIR [--only table1,table5]
        [--rows kl,mse] [--seeds 0,1,2] [--questions N] [--minutes M] [--page-only]

FOLDER holds passages.jsonl and questions.jsonl (`split` train or dev, `passage_id` article#n).
Every cell (table, row, seed) is one small JSON in --results, so the command can be stopped at any
time and run again; docs/reproduction.md and its plots are made of the cells that exist. Measures
iterative training (Table 1) and what to start it from (2), one document for each question (4),
objectives (5), aggregations (6) and fewer passages (section 3.2).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.made_cells import is_made
from benchmarks.reproduction.cells import Laboratory
from benchmarks.reproduction.page import write_page
from benchmarks.reproduction.results import Results
from benchmarks.reproduction.sizes import (
    DPR,
    SAME,
    Cell,
    Sizes,
    all_cells,
    plain,
    seconds_of,
    sizes_of,
)
from reread.commit import replace_text
from reread.retriever.files import silence_progress_bars

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "reproduction"
ITERATIONS = {"bm25": 3, "untrained": 3, DPR: 2}  # the paper's Tables 1 and 8
TABLES = ("table1", "table4", "table5", "table6", "section32")


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    silence_progress_bars()
    sizes = sizes_of(
        questions=options.questions, table_questions=options.table_questions,
        epochs=options.epochs, measured=options.measured, answered=options.answered,
        section_answered=options.answered, table_answered=options.answered,
        reader_steps=options.reader_steps, bf16=options.bf16, spared=options.spared,
    )  # fmt: skip
    iterations = {start: min(last, options.iterations) for start, last in ITERATIONS.items()}
    cells = all_cells(iterations, options.seeds)
    rows = options.rows or [cell.row for cell in cells]
    wanted = [cell for cell in cells if cell.table in options.only and cell.row in rows]
    if not options.page_only:
        work(wanted, sizes, options)
    results = Results.read(options.results, cells)
    write_page(results, options.page, options.results / "reasons.json")
    print(f"{options.page} shows {len(results.found)} of {len(cells)} cells.")


def work(cells: Sequence[Cell], sizes: Sizes, options: argparse.Namespace) -> None:
    """Work out the missing cells one after the other, until done or out of time."""
    options.results.mkdir(parents=True, exist_ok=True)
    missing = [
        cell for cell in cells if not is_made(options.results / cell.file, plain(sizes, cell))
    ]
    print(estimate(missing, sizes, correction_of(options.results)), flush=True)
    if not missing:
        return
    models = {"reader": options.reader, "encoder": options.encoder}
    laboratory = Laboratory(options.data, options.work, sizes, **models)
    began = time.monotonic()
    for place, cell in enumerate(missing):
        minutes = (time.monotonic() - began) / 60
        if options.minutes is not None and minutes >= options.minutes:
            print(f"Out of time after {minutes:.1f} minutes, {len(missing) - place} cells left.")
            return
        work_out(cell, laboratory, sizes, options.results, f"[{place + 1}/{len(missing)}]")


def work_out(cell: Cell, laboratory: Laboratory, sizes: Sizes, folder: Path, where: str) -> None:
    """One cell's JSON: its figures, sizes and seconds; a figure that is known is copied."""
    twin = SAME.get((cell.table, cell.row))
    known = Cell(*twin, cell.seed) if twin else cell
    if twin and is_made(folder / known.file, plain(sizes, known)):
        body = json.loads((folder / known.file).read_text())
        body.update(table=cell.table, row=cell.row, seconds=0.0)
    else:
        began = time.monotonic()
        figures = laboratory.work_out(cell, show(f"{where} {cell.file.removesuffix('.json')}"))
        seconds = round(time.monotonic() - began, 1)
        body = {
            "table": cell.table, "row": cell.row, "seed": cell.seed, "sizes": plain(sizes, cell),
            "seconds": seconds, "estimated": round(seconds_of(cell, sizes), 1), "figures": figures,
        }  # fmt: skip
    replace_text(folder / cell.file, json.dumps(body) + "\n")
    print(f"\r{where} {cell.file}: {body['seconds']:.0f} s {brief(body['figures'])}", flush=True)


def correction_of(folder: Path) -> float:
    """How much longer this machine takes than estimated, over the cells it has worked out."""
    made = [json.loads(path.read_text()) for path in folder.glob("*-seed*.json")]
    timed = [(one["seconds"], one.get("estimated", 0.0)) for one in made if one["seconds"]]
    expected = sum(guess for _, guess in timed)
    return sum(spent for spent, _ in timed) / expected if expected else 1.0


def estimate(cells: Sequence[Cell], sizes: Sizes, correction: float) -> str:
    """One sentence per table on how long the missing cells should take."""
    lines = []
    for table in TABLES:
        own = [cell for cell in cells if cell.table == table]
        minutes = sum(seconds_of(cell, sizes) for cell in own) * correction / 60
        lines.append(f"{table}: {len(own)} cells missing, about {minutes:.0f} minutes")
    minutes = sum(seconds_of(cell, sizes) for cell in cells) * correction / 60
    return "\n".join([*lines, f"together about {minutes:.0f} minutes"])


def show(title: str) -> Callable[[str, float], None]:
    """A line that is written over; nothing where output is not a terminal."""

    def report(stage: str, share: float) -> None:
        if sys.stdout.isatty():
            print(f"\r{title}: {stage} {share:4.0%}\033[K", end="", flush=True)

    return report


def brief(figures: dict[str, dict[str, Any]]) -> str:
    return "  ".join(
        f"{split} R@20 {percent(own['R@20'])} EM {percent(own['EM'])}"
        for split, own in figures.items()
    )


def percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="readers and retrievers: GBs")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "reproduction.md")
    parser.add_argument("--only", type=names, default=TABLES, help=",".join(TABLES))
    parser.add_argument("--rows", type=lambda t: t.split(","), help="such as kl,mse,bm25-1")
    parser.add_argument("--seeds", type=lambda t: [int(n) for n in t.split(",")], default=[0, 1, 2])
    parser.add_argument("--iterations", type=int, default=max(ITERATIONS.values()), help="at most")
    parser.add_argument("--minutes", type=float, help="begin no new cell after so many")
    parser.add_argument("--page-only", action="store_true", help="render what is there")
    parser.add_argument("--questions", type=int, help="trained on in Table 1 and read first")
    parser.add_argument("--table-questions", type=int, help="trained on in tables 5 and 6")
    parser.add_argument("--measured", type=int, help="questions per split for R@k")
    parser.add_argument("--answered", type=int, help="questions per split for EM")
    parser.add_argument("--reader-steps", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--reader", help="checkpoint to train from; default the starter reader")
    parser.add_argument("--encoder", help="what BM25's retriever starts as; default MiniLM")
    parser.add_argument(
        "--spared",
        action="store_true",
        default=None,
        help="train on articles that the starter reader never saw; give --results and --page too",
    )
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args(arguments)


def names(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    unknown = [name for name in chosen if name not in TABLES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {', '.join(TABLES)}")
    return chosen


if __name__ == "__main__":
    main()
