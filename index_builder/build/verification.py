"""Runs verify in a child process and turns its end into a report or a refusal.

Knows exit codes and signals; does not know what is checked.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from reread.errors import CorruptArtefact

_ROOT = Path(__file__).resolve().parents[2]  # `-m index_builder` must find these packages


def verify_in_child(folder: Path) -> dict[str, Any]:
    """The report of `python -m index_builder verify FOLDER`; raises CorruptArtefact."""
    command = [sys.executable, "-m", "index_builder", "verify", str(folder.resolve())]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode < 0:
        raise CorruptArtefact(
            f"Verifying {folder} ended by signal {-done.returncode}: the generation is damaged "
            f"or memory ran out; it is not published, run `reread build` again"
        )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no reason was given"]
        raise CorruptArtefact(said[-1])
    report: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return report
