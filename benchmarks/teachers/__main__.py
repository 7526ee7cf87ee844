"""Teachers and students on one corpus: one command works out what is missing and writes the page.

    python -m benchmarks.teachers --data FOLDER --work DIR [--teachers attention] [--students cnn]
        [--seeds 0,1,2] [--questions N] [--minutes M] [--page-only]

FOLDER holds passages.jsonl and questions.jsonl (`split` train or dev, `passage_id` article#n).
Every cell is one small JSON in --results, so the command can be stopped at any time and run again;
docs/teachers.md is made of the cells that exist.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.made_cells import is_made
from benchmarks.teachers.costs import student_costs, teacher_costs
from benchmarks.teachers.laboratory import Laboratory
from benchmarks.teachers.page import write_page
from benchmarks.teachers.plan import (
    ITSELF,
    LABELS,
    NOBODY,
    STUDENTS,
    TEACHERS,
    Cell,
    Sizes,
    all_cells,
    cost_names,
    plain,
)
from benchmarks.teachers.results import Results
from reread.commit import replace_text
from reread.retriever.files import silence_progress_bars

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "teachers"
NOTES = "notes.md"  # beside the cells, shown on the page
COST_QUESTIONS, COST_PASSAGES = 15, 300  # timed for the table of costs


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    silence_progress_bars()
    given = {one.name: getattr(options, one.name) for one in fields(Sizes)}
    sizes = replace(Sizes(), **{name: value for name, value in given.items() if value is not None})
    cells = all_cells(options.seeds)
    if not options.page_only:
        work([cell for cell in cells if is_wanted(cell, options)], sizes, options)
    results = Results.read(options.results, cells)
    write_page(results, options.page, options.results / NOTES)
    print(f"{options.page} shows {len(results.found)} of {len(results.wanted)} cells.")


def is_wanted(cell: Cell, options: argparse.Namespace) -> bool:
    taught = cell.teacher in (*options.teachers, LABELS, NOBODY)
    student = cell.student in options.students or cell.teacher == NOBODY or cell.student == ITSELF
    objective = options.objectives is None or cell.objective in options.objectives
    return taught and student and objective and cell.round <= options.rounds


def work(cells: Sequence[Cell], sizes: Sizes, options: argparse.Namespace) -> None:
    """Work out the missing cells one after the other, until done or out of time."""
    options.results.mkdir(parents=True, exist_ok=True)
    missing = [
        cell for cell in cells if not is_made(options.results / cell.file, plain(sizes, cell))
    ]
    names = [name for name in cost_names() if name in (*options.students, *options.teachers)]
    left = [name for name in names if not cost_file(options.results, name).exists()]
    print(f"{len(missing)} cells and the costs of {len(left)} models are missing.", flush=True)
    if not missing and not left:
        return
    laboratory = Laboratory(
        options.data, options.work, sizes, reader=options.reader, encoder=options.encoder,
        cross_encoder=options.cross_encoder,
    )  # fmt: skip
    began = time.monotonic()
    for place, cell in enumerate(missing):
        if is_late(began, options.minutes):
            print(f"Out of time, {len(missing) - place} cells left.")
            break
        work_out(cell, laboratory, sizes, options.results, f"[{place + 1}/{len(missing)}]")
    for name in left:
        if not is_late(began, options.minutes):
            measure_cost(name, laboratory, sizes, options)


def is_late(began: float, minutes: float | None) -> bool:
    return minutes is not None and time.monotonic() - began >= 60 * minutes


def work_out(cell: Cell, laboratory: Laboratory, sizes: Sizes, folder: Path, where: str) -> None:
    began = time.monotonic()
    found = laboratory.work_out(cell, show(f"{where} {cell.file.removesuffix('.json')}"))
    body = {
        "cell": {one.name: getattr(cell, one.name) for one in fields(Cell)},
        "sizes": plain(sizes, cell), "seconds": round(time.monotonic() - began, 1), **found,
    }  # fmt: skip
    replace_text(folder / cell.file, json.dumps(body) + "\n")
    first = sum(rank == 1 for rank in found["ranks"]) / max(1, len(found["ranks"]))
    print(f"\r{where} {cell.file}: {body['seconds']:.0f} s, R@1 {first:.1%}\033[K", flush=True)


def measure_cost(
    name: str, laboratory: Laboratory, sizes: Sizes, options: argparse.Namespace
) -> None:
    questions = laboratory.asked(COST_QUESTIONS)
    passages = laboratory.passages(COST_PASSAGES)
    if name in STUDENTS:
        found = student_costs(laboratory.student(name, 0), questions, passages)
    else:
        found = teacher_costs(laboratory.teacher(name), questions, passages, sizes.depth)
    body = {"cost": name, "threads": options.threads, **found}
    replace_text(cost_file(options.results, name), json.dumps(body) + "\n")
    print(f"{name}: {found}", flush=True)


def cost_file(folder: Path, name: str) -> Path:
    return folder / f"cost-{name}.json"


def show(title: str) -> Callable[[str, float], None]:
    """A line that is written over; nothing where output is not a terminal."""

    def report(stage: str, share: float) -> None:
        if sys.stdout.isatty():
            print(f"\r{title}: {stage} {share:4.0%}\033[K", end="", flush=True)

    return report


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names: Any = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="models, lists and scores")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "teachers.md")
    parser.add_argument("--teachers", type=names, default=TEACHERS, help=",".join(TEACHERS))
    parser.add_argument("--students", type=names, default=STUDENTS, help=",".join(STUDENTS))
    parser.add_argument("--objectives", type=names, help="such as list,labels,none")
    parser.add_argument("--rounds", type=int, default=2, help="iterations, 1 or 2")
    parser.add_argument("--seeds", type=lambda t: [int(n) for n in t.split(",")], default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, help="begin no new cell after so many")
    parser.add_argument("--page-only", action="store_true", help="render what is there")
    for one in fields(Sizes):
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=int)
    parser.add_argument("--reader", help="default: the starter reader")
    parser.add_argument("--encoder", help="what students start from; default MiniLM")
    parser.add_argument("--cross-encoder", type=Path, help="trained here where none is given")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
