"""`reread ingest --watch`: what changes under the folders given is taken in as it changes.

Knows names and events; parsing and rows are the index builder's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reread.artefacts.publication import current
from reread.errors import BadRequest
from reread.live.forgetting import forget_in
from reread.log.stores import Stores

if TYPE_CHECKING:
    from index_builder.ingest.recognising import Recogniser
    from index_builder.ingest.run import IngestReport
    from reread.live.fit import Sees

WATCH_DEBOUNCE_MS = 500


def watch_paths(
    stores: Stores,
    paths: Sequence[Path],
    sight: Sees,
    recogniser: Recogniser | None,
    tell: Callable[[IngestReport], None],
    labels: tuple[str, ...] | None = None,
) -> None:
    """Take in what changes under these paths until interrupted; only what changed is read."""
    import watchfiles

    from index_builder.ingest.folders import Watched
    from index_builder.ingest.run import ingest as run

    home = stores.home
    given = tuple(Path(os.path.realpath(one)) for one in paths)  # now: they may become links
    for changes in watchfiles.watch(*paths, debounce=WATCH_DEBOUNCE_MS):
        touched = [
            one for one in sorted({Path(path) for _, path in changes}) if is_shown(one, paths)
        ]
        new = {Path(path) for change, path in changes if change == watchfiles.Change.added}
        there = [file for one in touched for file in files_of(one, one in new, paths)]
        gone = tuple(one for one in touched if not one.exists())
        with suppress(BadRequest):  # nothing in it can be read: an editor's scratch file, say
            done = run(
                home, there, watched=Watched(gone, given), live=current(home) is not None,
                sight=sight, recogniser=recogniser, labels=labels,
            )  # fmt: skip
            forget_in(stores)
            tell(done)


def files_of(path: Path, new: bool, given: Sequence[Path]) -> list[Path]:
    """A file that changed, or every file of a folder that came whole: of those no word is said."""
    if path.is_dir() and new:
        return sorted(one for one in path.rglob("*") if one.is_file() and is_shown(one, given))
    return [path] if path.is_file() else []


def is_shown(path: Path, given: Sequence[Path]) -> bool:
    """Whether a look through the folders given would take it: nothing in them begins with a dot."""
    for folder in map(Path, map(os.path.abspath, given)):
        if path.is_relative_to(folder):
            return not any(part.startswith(".") for part in path.relative_to(folder).parts)
    return True
