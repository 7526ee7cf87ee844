"""Numbered retriever weights with the log cursor they were trained to, written by the trainer.

Weights and cursor commit together, so a crash repeats work and never skips any. Knows folders
and hashes; does not know how the weights were trained.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from reread.artefacts.seals import check_files, seal, seal_files, unseal
from reread.commit import Reach, committed_dir, never, remove_dir, sweep_scratch
from reread.errors import CorruptArtefact, NotFound
from reread.home import Home, next_number, numbers

_FILE = "checkpoint.json"


class Savable(Protocol):
    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One committed checkpoint; `folder` is what DenseRetriever.load takes."""

    number: int
    folder: Path
    cursor: int  # the last log sequence these weights were trained on
    metrics: dict[str, Any]
    config: dict[str, Any]


def write_checkpoint(
    home: Home,
    retriever: Savable,
    cursor: int,
    metrics: Mapping[str, Any],
    config: Mapping[str, Any],
    *,
    save_reader: Callable[[Path, int], None] = lambda folder, number: None,
    reach: Reach = never,
) -> int:
    """Commit the next checkpoint and return its number; on any error nothing is left.

    `save_reader` puts a tuned reader into the folder, if one is to serve with these weights."""
    sweep_scratch(home.checkpoints_dir)
    number = next_number(home.checkpoints_dir)
    with committed_dir(home.checkpoints_dir / str(number)) as scratch:
        retriever.save(scratch / "retriever")
        save_reader(scratch, number)
        reach("K1")
        body = {
            "format": 1,
            "number": number,
            "cursor": cursor,
            "metrics": dict(metrics),
            "config": dict(config),
            "files": seal_files(scratch),
        }
        (scratch / _FILE).write_text(seal(body))
    return number


def read_checkpoint(home: Home, number: int) -> Checkpoint:
    """Every hash is checked; raises NotFound or CorruptArtefact."""
    folder = home.checkpoints_dir / str(number)
    if not folder.is_dir():
        known = numbers(home.checkpoints_dir)
        raise NotFound(f"There is no checkpoint {number}: the committed ones are {known}")
    body = unseal(folder / _FILE)
    check_files(folder, body["files"])
    return Checkpoint(
        number, folder / "retriever", int(body["cursor"]), body["metrics"], body["config"]
    )


def latest_checkpoint(
    home: Home, fits: Callable[[Checkpoint], bool] = lambda one: True
) -> Checkpoint | None:
    """The newest sound checkpoint that fits, or None; a damaged one is passed over."""
    for number in reversed(numbers(home.checkpoints_dir)):
        try:
            found = read_checkpoint(home, number)
        except CorruptArtefact:
            continue
        if fits(found):
            return found
    return None


def prune_checkpoints(home: Home, keep: int = 3) -> list[int]:
    """Remove all but the newest `keep`; a generation holds its own copy of the weights."""
    sweep_scratch(home.checkpoints_dir)
    old = numbers(home.checkpoints_dir)[:-keep]
    for number in old:
        remove_dir(home.checkpoints_dir / str(number))
    return old
