"""Which weights a model's folder holds, as a short name: scores of others must not be mixed in.

Knows files; knows no model.
"""

import hashlib
from pathlib import Path

from reread.artefacts.seals import file_sha256

SHOWN = 12


def folder_revision(folder: Path) -> str:
    """A hash over the folder's weights and configuration; of a hub name, the name's own."""
    digest = hashlib.sha256(str(folder.name).encode() if not folder.is_dir() else b"")
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if path.suffix in (".safetensors", ".json", ".model", ".txt"):
            digest.update(f"{path.name} {file_sha256(path)}\n".encode())
    return digest.hexdigest()[:SHOWN]
