"""Whether the passages of a home still fit the reader: cut for another one, their ends go unread.

Counts only where the passages were written down as cut for another reader, or for nobody knows
which. Is told what a reader sees; knows no tokenizer.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from reread.artefacts.manifest import read_manifest
from reread.artefacts.publication import current
from reread.errors import RereadError
from reread.home import Home, numbers
from reread.live.held import held_in
from reread.log.changes import ChangeList
from reread.records import CutFor, Passage

logger = logging.getLogger(__name__)
REMEDY = "`reread ingest --refit`"
AT_ONCE = 256  # passages measured together
LOOK_S = 5.0  # between two looks at what is served
COUNT_S = 30.0  # between two counts, which go through every passage


class Sees(Protocol):
    """What a reader sees of a passage."""

    @property
    def cut_for(self) -> CutFor: ...
    def fits(self, title: str, text: str) -> bool: ...
    def count_unfit(self, passages: Sequence[Passage]) -> int: ...


@dataclass(frozen=True, slots=True)
class Unfit:
    """Passages that the reader does not see whole, and whom they were cut for."""

    count: int
    passages: int  # of so many
    cut_for: tuple[CutFor, ...]
    reads: CutFor

    @property
    def sentence(self) -> str:
        """What a person is told, with the remedy."""
        others = [one for one in self.cut_for if one.key != self.reads.key]
        named = " and ".join(f"{one.reader!r} ({one.room} tokens)" for one in others)
        return (
            f"{self.count:,} of {self.passages:,} passages are longer than the reader "
            f"{self.reads.reader!r} sees of one ({self.reads.room} tokens); they were cut for "
            f"{named or 'a reader that nobody wrote down'}. {REMEDY} cuts them again, then "
            f"`reread build`."
        )


def unfit_of(known: Sequence[CutFor], passages: Iterator[Passage], sight: Sees) -> Unfit | None:
    """None where all that is known was cut for this reader, or fits it all the same."""
    if known and {one.key for one in known} == {sight.cut_for.key}:
        return None
    count = total = 0
    for some in _batches(passages):
        count, total = count + sight.count_unfit(some), total + len(some)
    return Unfit(count, total, tuple(dict.fromkeys(known)), sight.cut_for) if count else None


def unfit_in(home: Home, sight: Sees) -> Unfit | None:
    """Of what this home serves: its generation's corpus with the changes after it."""
    number = _served_corpus(home)
    if number is None:
        return None
    held = held_in(home, number)
    return unfit_of(held.cut_for, held.passages(), sight)


class FitWatch:
    """Counts in a thread of its own, whenever what is served has changed."""

    def __init__(self, home: Home, sight: Sees, *, look_s: float = LOOK_S) -> None:
        self._home, self._sight, self._look_s = home, sight, look_s
        self.warning: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="fit watch")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        counted: object = None
        while not self._stop.is_set():
            pause_s = self._look_s
            try:
                state = _served_corpus(self._home), _last_change(self._home)
                if state != counted:
                    found = unfit_in(self._home, self._sight)
                    self.warning = None if found is None else found.sentence
                    counted = state
                    pause_s = COUNT_S if found is not None else self._look_s
            except (RereadError, OSError):
                logger.exception("could not tell whether passages fit the reader; trying again")
            self._stop.wait(pause_s)


def _served_corpus(home: Home) -> int | None:
    published = current(home)
    if published is not None:
        return read_manifest(home.generations_dir / str(published.number)).corpus
    return max(numbers(home.passages_dir), default=None)


def _last_change(home: Home) -> int:
    if not home.changes_file.exists():
        return 0
    with closing(ChangeList(home.changes_file)) as changes:
        return changes.last_sequence()


def _batches(passages: Iterator[Passage]) -> Iterator[list[Passage]]:
    some: list[Passage] = []
    for passage in passages:
        some.append(passage)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some
