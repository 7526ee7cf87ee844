"""The directory of a distillation run: its settings, and each step's result, complete or absent.

    config.json  iteration-<k>/<step>/step.json, ...  iteration-<k>/metrics.json  metrics.jsonl

A step is done when its directory, or the `<step>.json` left by pruning it, is there. One process
at a time owns a run. Knows files and names; knows no model and not what the steps compute.
"""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reread.commit import committed_dir, remove_dir, replace_text
from reread.errors import Conflict, CorruptArtefact
from trainer.iterative.settings import differences

Record = dict[str, Any]
STEP_FILE = "step.json"


class RunDirectory:
    """Paths of one run and what is done in it; made by `open_run`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def iteration(self, number: int) -> Path:
        return self.root / f"iteration-{number}"

    def step(self, number: int, name: str) -> Path:
        return self.iteration(number) / name

    def record(self, number: int, name: str) -> Record | None:
        """What the step noted when it was committed; None = not done."""
        folder = self.step(number, name)
        for path in (folder / STEP_FILE, folder.with_suffix(".json")):
            if path.exists():
                return dict(_read_json(path))
        return None

    def perform(self, number: int, name: str, work: Callable[[Path], Record]) -> Record:
        """The step's record, after `work(scratch)` if it is not done yet.

        Whatever `work` leaves in the scratch directory is committed with the record, or nothing.
        """
        done = self.record(number, name)
        if done is not None:
            return done
        with committed_dir(self.step(number, name)) as scratch:
            made = work(scratch)
            (scratch / STEP_FILE).write_text(json.dumps(made, indent=1) + "\n")
        return made

    def prune(self, number: int, keep: tuple[str, ...]) -> None:
        """Remove an iteration's step directories except those named; their records stay."""
        for folder in sorted(self.iteration(number).glob(f"*/{STEP_FILE}")):
            step = folder.parent
            if step.name not in keep and not step.name.startswith("."):
                replace_text(step.with_suffix(".json"), folder.read_text(encoding="utf-8"))
                remove_dir(step)

    def summarise(self, number: int, steps: Sequence[str]) -> Record:
        """One iteration's metrics out of its steps' records, and the seconds of each."""
        records = {name: self.record(number, name) for name in steps}
        found = {name: record for name, record in records.items() if record is not None}
        seconds = {name: record.pop("seconds") for name, record in found.items()}
        return {"iteration": number, **found, "seconds": seconds}

    def write_metrics(self, number: int, metrics: Mapping[str, Any]) -> None:
        """One iteration's metrics.json, and metrics.jsonl made of all of them."""
        replace_text(self.iteration(number) / "metrics.json", json.dumps(metrics, indent=1) + "\n")
        lines = [json.dumps(one) for one in self.metrics()]
        replace_text(self.root / "metrics.jsonl", "\n".join(lines) + "\n")

    def metrics(self) -> list[Record]:
        """The metrics of every finished iteration, in order."""
        found: list[Record] = []
        while (path := self.iteration(len(found)) / "metrics.json").exists():
            found.append(dict(_read_json(path)))
        return found


@contextmanager
def open_run(root: Path, config: Mapping[str, Any]) -> Iterator[RunDirectory]:
    """Own the run until the block ends; `config` has `settings`, `data` and `environment`.

    Conflict where another process owns it, or where it was begun with other settings or data: the
    sentence names each of them. A changed environment (versions, threads) is only recorded.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _owned(root):
        _sweep(root)
        path = root / "config.json"
        if path.exists():
            _refuse_others(root, _read_json(path), config)
        else:
            replace_text(path, json.dumps({"format": 1, **config}, indent=1) + "\n")
        yield RunDirectory(root)


def _refuse_others(root: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    plain = json.loads(json.dumps(dict(now)))  # as it would be read back
    changed = [
        one
        for part in ("settings", "data")
        for one in differences(before.get(part, {}), plain[part])
    ]
    if changed:
        raise Conflict(
            f"{root} holds a run that was made otherwise: {'; '.join(changed)}. "
            f"Give the same settings to continue it, or another --output to begin anew."
        )


@contextmanager
def _owned(root: Path) -> Iterator[None]:
    with (root / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(
                f"Another process works on the run {root}; wait for it, or give another --output."
            ) from error
        yield


def _sweep(root: Path) -> None:
    """What a killed owner left half-made; the lock says that nobody is still writing it."""
    for leftover in root.glob("iteration-*/.*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptArtefact.mismatch(path, "content", "JSON", str(error)) from error
