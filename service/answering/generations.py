"""The generations of a home as the service finds, shows and chooses them, and readers they hold.

Translates between the home and the HTTP names; loading and swapping belong to live.py.
"""

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

from reread.artefacts.generation import Generation
from reread.artefacts.publication import (
    GenerationState,
    activate,
    current,
    doubt,
    list_generations,
    verified_numbers,
)
from reread.artefacts.sources import known_roots
from reread.artefacts.tuned import read_tuned, tuned_folder
from reread.errors import Conflict, CorruptArtefact, NotFound
from reread.home import Home
from reread.live.guards import StandingGuards
from reread.live.living import LivingGeneration
from reread.log.changes import ChangeList
from service.answering.reading import AnswerReader, LoadTuned


class HomeGenerations:
    """Every call reads the disk: call it on a thread."""

    def __init__(self, home: Home, changes: ChangeList, device: str = "auto") -> None:
        self._home, self._changes, self._device = home, changes, device

    def published(self) -> tuple[int, int] | None:
        """The number and fencing number that CURRENT names."""
        found = current(self._home)
        return None if found is None else (found.number, found.fence)

    def doubt(self) -> str | None:
        """Why that is not what was chosen."""
        return doubt(self._home)

    def committed(self) -> Sequence[int]:
        """Generations that passed their verification, ascending."""
        return verified_numbers(self._home)

    def open(self, number: int) -> LivingGeneration:
        """With all that was changed since its corpus was written."""
        generation = Generation.open(self._home, number, device=self._device)
        guards = StandingGuards(self._home, generation.passages)
        roots = partial(known_roots, self._home)
        return LivingGeneration(generation, self._changes, roots, guards)

    def describe(self) -> list[dict[str, Any]]:
        """One entry per generation, ascending, with what is wrong with it, if anything."""
        return [_entry(one) for one in list_generations(self._home)]

    def activate(self, number: int) -> None:
        """Publish an existing generation; NotFound without it, Conflict where it is damaged."""
        try:
            activate(self._home, number)
        except CorruptArtefact as error:
            if isinstance(error, NotFound):
                raise
            raise Conflict(f"Generation {number} stays unpublished: {error}") from error


class TunedReaders:
    """One is kept beside those that generations hold: the next generation mostly has the same."""

    def __init__(self, home: Home, load: LoadTuned) -> None:
        self._home, self._load = home, load
        self._kept: tuple[int, AnswerReader | None] | None = None
        self._loading = threading.Lock()

    def of(self, generation: int) -> AnswerReader | None:
        """The generation's tuned reader; None where it has none of the reader of the settings.

        Raises what loading it raises: the generation is refused then, and the present one serves.
        """
        folder = tuned_folder(self._home.generations_dir / str(generation))
        if folder is None:
            return None
        number = read_tuned(folder).number
        with self._loading:
            if self._kept is None or self._kept[0] != number:
                self._kept = number, self._load(folder)
            return self._kept[1]


def _entry(state: GenerationState) -> dict[str, Any]:
    return {"generation": state.number, **state.to_dict()}
