"""`python -m trainer.reader.sets`: take public sets from clones, and write training questions.

collect CLONES RAW             the files of trainer/reader/sets/origins.py
build PART RAW SQUAD OUT       squadlike.jsonl, others.jsonl, boolq_contrast.jsonl,
                               heldout_squad.jsonl, calibration.jsonl or unread.jsonl
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from trainer.reader.sets.building import (
    write_calibration,
    write_contrasts,
    write_held_out,
    write_others,
    write_squad_like,
    write_unread,
)
from trainer.reader.sets.origins import collect


def main() -> None:
    """The command line."""
    parts: dict[str, Callable[[Path, Path, Path, int], int]] = {
        "squadlike": write_squad_like,
        "others": write_others,
        "contrasts": write_contrasts,
        "heldout": write_held_out,
        "calibration": write_calibration,
        "unread": write_unread,
    }
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    todo = parser.add_subparsers(dest="todo", required=True)
    taking = todo.add_parser("collect")
    taking.add_argument("clones", type=Path, help="folder of clones, OWNER/NAME")
    taking.add_argument("raw", type=Path, help="folder to write the raw files to")
    building = todo.add_parser("build")
    building.add_argument("part", choices=sorted(parts))
    building.add_argument("raw", type=Path, help="folder of the raw files")
    building.add_argument("squad", type=Path, help="folder of passages.jsonl and questions.jsonl")
    building.add_argument("out", type=Path, help="folder to write to")
    building.add_argument("--seed", type=int, default=17)
    given = parser.parse_args()
    if given.todo == "collect":
        for name, count in collect(given.clones, given.raw).items():
            sys.stdout.write(f"{name}: {count}\n")
        return
    given.out.mkdir(parents=True, exist_ok=True)
    count = parts[given.part](given.raw, given.squad, given.out, given.seed)
    sys.stdout.write(f"{count} questions\n")


if __name__ == "__main__":
    main()
