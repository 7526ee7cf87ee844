"""A reader that was tuned on a home's own documents, as a checkpoint and its generation hold it.

It lies in the folder `reader` beside the retriever's weights, so it is published, checked, rolled
back and pruned with them. Knows names and fingerprints; loads no reader.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from reread.artefacts.seals import seal, unseal
from reread.errors import CorruptArtefact

READER_DIR, TUNED_FILE = "reader", "tuned.json"
MARK = "+"  # between a reader's name and the number of its tuning


@dataclass(frozen=True, slots=True)
class Tuned:
    """Which reader was tuned, and the checkpoint that this made it: no two have the same number."""

    base: str
    base_weights: str  # fingerprint of the weights that tuning began with, of the first tuning too
    number: int

    @property
    def name(self) -> str:
        """What answers and the log call it.

        >>> Tuned("starter_pointing", "", 3).name, tuning_of("starter_pointing+3")
        ('starter_pointing+3', 3)
        """
        return f"{self.base}{MARK}{self.number}"


def tuning_of(reader: str) -> int | None:
    """The number of the tuning that a reader's name tells; None of one that was not tuned."""
    _, mark, number = reader.rpartition(MARK)
    return int(number) if mark and number.isdecimal() else None


def write_tuned(folder: Path, tuned: Tuned) -> None:
    """Into a reader's folder, last."""
    (folder / TUNED_FILE).write_text(seal(asdict(tuned)), encoding="utf-8")


def read_tuned(folder: Path) -> Tuned:
    """CorruptArtefact where the file is not as it was written."""
    body = unseal(folder / TUNED_FILE)
    try:
        return Tuned(str(body["base"]), str(body["base_weights"]), int(body["number"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtefact.mismatch(folder / TUNED_FILE, "content", "a tuning", error) from error


def tuned_folder(parent: Path) -> Path | None:
    """The tuned reader in a checkpoint's or generation's folder; None where it has none."""
    folder = parent / READER_DIR
    return folder if (folder / TUNED_FILE).is_file() else None


def carry_tuned(source: Path, target: Path) -> None:
    """Copy the tuned reader, if there is one, bit for bit."""
    folder = tuned_folder(source)
    if folder is not None:
        shutil.copytree(folder, target / READER_DIR)
