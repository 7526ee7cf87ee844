"""The folders documents were ingested from: what is gone from them, and what a source is shown as.

Knows paths; opens no document and no corpus.
"""

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reread.artefacts.sources import known_roots, write_roots
from reread.home import Home


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watch over folders saw: its names come from whoever writes there."""

    gone: tuple[Path, ...] = ()  # what was in them leaves the corpus
    inside: tuple[Path, ...] = ()  # folders, without links, that named files lie in; (): anywhere


def vanished(sources: Iterable[str], given: Sequence[Path], found: Collection[str]) -> list[str]:
    """Sources inside the given folders whose files are no longer there, in order."""
    folders = [f"{os.path.abspath(one)}{os.sep}" for one in given if one.is_dir()]
    inside = (one for one in sources if one not in found and one.startswith(tuple(folders)))
    return [one for one in inside if folders and not os.path.lexists(one)]


def within(sources: Iterable[str], gone: Iterable[Path]) -> list[str]:
    """Sources that are one of these paths, or were in one of these folders."""
    paths = [os.path.abspath(one) for one in gone]
    folders = tuple(f"{one}{os.sep}" for one in paths)
    return [one for one in sources if one in paths or one.startswith(folders)] if paths else []


def remember_roots(home: Home, given: Sequence[Path]) -> None:
    """Sources are shown relative to what was given: a folder, or the folder of a file."""
    new = {os.path.abspath(one if one.is_dir() else one.parent) for one in given}
    known = known_roots(home)
    if not new <= set(known):
        write_roots(home, sorted(new | set(known)))
