"""What a reader says of held-back questions: exact match, refusals, evidence, confidence.

    python -m benchmarks.reading READER --lines LINES.jsonl --examples heldout_labels.jsonl \
        --questions heldout_squad.jsonl --passages passages.jsonl --count 300

LINES.jsonl keeps every reading; a run that was cut goes on from it. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import torch

from benchmarks.reading.cases import article_cases, example_cases
from benchmarks.reading.diagram import draw
from benchmarks.reading.figures import as_table, by_set, of_confidence
from benchmarks.reading.readings import read_all
from reread.reader.loading import load_reader


def main() -> None:
    """The command line."""
    given = parse()
    torch.set_num_threads(given.threads)
    cases = [example_cases(path, given.count, given.seed) for path in given.examples]
    if given.questions:
        cases.append(article_cases(given.questions, given.passages, given.count, given.seed))
    reader = load_reader(given.reader, dtype=given.dtype)
    chosen = [case for case in itertools.chain(*cases) if not given.sets or case.set in given.sets]
    lines = read_all(
        reader, chosen, given.lines, evidence=given.evidence,
        report=lambda done: print(f"\r{done} of {len(chosen)}", end="", file=sys.stderr),
    )  # fmt: skip
    print(file=sys.stderr)
    for name in ("set", "kind"):
        print(as_table(by_set(lines, name)) + "\n")
    print(of_confidence(lines))
    if given.diagram:
        draw(lines, given.diagram)


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reader", help="name or folder")
    parser.add_argument("--lines", type=Path, required=True, help="file to keep readings in")
    parser.add_argument("--examples", type=Path, action="append", default=[],
                        help="questions with passages of their own")  # fmt: skip
    parser.add_argument("--questions", type=Path, help="questions over --passages")
    parser.add_argument("--passages", type=Path)
    parser.add_argument("--sets", action="append", default=[], help="only these sets")
    parser.add_argument("--count", type=int, default=300, help="questions drawn from each file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--evidence", action="store_true", help="also take passages away")
    parser.add_argument("--diagram", type=Path, help="a reliability diagram, .svg or .png")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--dtype", default="auto")
    return parser.parse_args()


if __name__ == "__main__":
    main()
