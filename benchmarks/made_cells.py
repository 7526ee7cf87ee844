"""Which cells of a table were worked out already: files of JSON with the sizes they were made with.

Knows files and sizes; knows no cell's figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def is_made(path: Path, wanted: Mapping[str, Any]) -> bool:
    """Whether the cell exists; one made with other sizes ends the command with a sentence."""
    if not path.exists():
        return False
    made = json.loads(path.read_text())["sizes"]
    if made != wanted:
        names = [name for name in {**wanted, **made} if made.get(name) != wanted.get(name)]
        other = {name: made.get(name) for name in names}
        sys.exit(
            f"{path} was made with {other}: give the same sizes, or other --results and --work."
        )
    return True
