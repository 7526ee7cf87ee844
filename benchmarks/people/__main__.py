"""One turn of the loop without people, with right people, and with people of whom some are wrong.

    python -m benchmarks.people --data FOLDER --work DIR [--seeds 0,1] [--minutes M]

FOLDER holds passages.jsonl and questions.jsonl (`split` train or dev, `passage_id` article#n). The
questions of `train` are asked, answered and judged; those of `dev` nobody asks, and they measure.
Every cell (an arm with a seed) is one small JSON in --results, so the command can be stopped at any
time and run again. Ends with exit code 1 where wrong people surely cost more than a point of R@1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

import torch

from benchmarks.made_cells import is_made
from benchmarks.people.cells import ARMS, Laboratory, Sizes
from benchmarks.people.verdict import judge, lines_of
from reread.commit import replace_text
from reread.retriever.files import silence_progress_bars

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "people"


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    silence_progress_bars()
    sizes = Sizes(**{one.name: getattr(options, one.name) for one in fields(Sizes)})
    cells = [(arm, seed) for seed in options.seeds for arm in ARMS]
    work(cells, sizes, options)
    made = {
        (arm, seed): json.loads(path.read_text())["ranks"]
        for arm, seed in cells
        if (path := file_of(options.results, arm, seed)).exists()
    }
    verdict = judge(made)
    for line in lines_of(verdict):
        print(line)
    return int(verdict.is_broken)


def work(cells: Sequence[tuple[str, int]], sizes: Sizes, options: argparse.Namespace) -> None:
    """Work out the missing cells one after the other, until done or out of time."""
    options.results.mkdir(parents=True, exist_ok=True)
    wanted = asdict(sizes)
    missing = [cell for cell in cells if not is_made(file_of(options.results, *cell), wanted)]
    if not missing:
        return
    laboratory = Laboratory(options.data, options.work, sizes, options.encoder)
    began = time.monotonic()
    for place, (arm, seed) in enumerate(missing):
        if options.minutes is not None and time.monotonic() - began >= 60 * options.minutes:
            print(f"Out of time, {len(missing) - place} cells left.")
            return
        found = laboratory.work_out(arm, seed)
        body = {"arm": arm, "seed": seed, "sizes": wanted, **found}
        replace_text(file_of(options.results, arm, seed), json.dumps(body) + "\n")
        first = sum(rank == 1 for rank in found["ranks"]) / len(found["ranks"])
        print(f"[{place + 1}/{len(missing)}] {arm}, seed {seed}: R@1 {first:.1%}, "
              f"{found['seconds']:.0f} s", flush=True)  # fmt: skip


def file_of(folder: Path, arm: str, seed: int) -> Path:
    return folder / f"{arm}-{seed}.json"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.people", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")],
                        default=[0])  # fmt: skip
    parser.add_argument("--minutes", type=float, help="begin no further cell after so many")
    parser.add_argument("--encoder", type=Path, help="what is taught; none: MiniLM")
    parser.add_argument("--threads", type=int, default=1)
    for one in fields(Sizes):
        kind = type(one.default)
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=kind, default=one.default)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
