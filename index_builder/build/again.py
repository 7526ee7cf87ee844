"""What serves, made again over the newest passages: with its kind of search and its weights.

Knows what is published; builds nothing.
"""

from dataclasses import replace
from pathlib import Path
from typing import cast

from index_builder.build.plan import Plan, RetrieverKind
from index_builder.ingest.run import take_in_changes
from reread.artefacts.checkpoints import read_checkpoint
from reread.artefacts.generation import RETRIEVER_DIR
from reread.artefacts.manifest import Manifest, check_generation_files, read_manifest
from reread.artefacts.passages import newest_corpus
from reread.artefacts.publication import current
from reread.artefacts.seals import check_files
from reread.errors import CorruptArtefact, NotFound
from reread.home import Home


def plan_again(home: Home, *, index: str = "auto", device: str = "auto") -> Plan:
    """The plan of a build nobody chose a search for: as what serves, by words where nothing does.

    What was taught stays taught: a build by words after each ingest once undid it. Raises
    CorruptArtefact where its weights are damaged everywhere.
    """
    found = _serving(home)
    if found is None or found[1].retriever == "bm25":
        return Plan("bm25", index=index, device=device)
    folder, manifest = found
    plan = Plan(cast(RetrieverKind, manifest.retriever), index=index, device=device)
    if _is_sound(home, manifest.checkpoint):
        return replace(plan, checkpoint=manifest.checkpoint)
    inside = f"{RETRIEVER_DIR}/"  # the generation's own copy: checkpoints are pruned
    check_files(folder, {n: one for n, one in manifest.files.items() if n.startswith(inside)})
    return replace(plan, model=str(folder / RETRIEVER_DIR))


def _is_sound(home: Home, checkpoint: int | None) -> bool:
    try:
        return checkpoint is not None and read_checkpoint(home, checkpoint).number == checkpoint
    except (NotFound, CorruptArtefact):
        return False


def is_complete(home: Home) -> bool:
    """Whether what serves is sound and holds every document; takes pending changes in to know."""
    found = _serving(home)
    if found is None:
        return False
    folder, manifest = found
    take_in_changes(home)
    if newest_corpus(home) != manifest.corpus:
        return False
    try:
        check_generation_files(folder, home.passages_dir / str(manifest.corpus), manifest)
    except CorruptArtefact:
        return False
    return True


def _serving(home: Home) -> tuple[Path, Manifest] | None:
    """The published generation; None where there is none whose manifest can be read."""
    published = current(home)
    if published is None:
        return None
    folder = home.generations_dir / str(published.number)
    try:
        return folder, read_manifest(folder)
    except CorruptArtefact:
        return None
