"""Which models the settings name, and how they are loaded."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from command.settings import Settings
from reread.records import CutFor, Passage

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from reread.live.fit import Sees
    from reread.reader.loading import AnyReader
    from service.answering.reading import Readers


def reader_loader(settings: Settings) -> Callable[[], AnyReader]:
    """A function that loads the reader of the settings; the starter reader by default."""

    def load() -> AnyReader:
        from reread.home import Home
        from reread.reader.causal.reader import Limits
        from reread.reader.loading import DEFAULT_READER, load_reader

        machine = settings.machine
        return load_reader(
            machine.reader or DEFAULT_READER,
            device=machine.device,
            dtype=machine.reader_dtype,
            num_beams=machine.num_beams,
            max_answer_tokens=machine.max_answer_tokens,
            limits=Limits(
                cache_bytes=machine.reader_cache_mb << 20, refuse_below=machine.refuse_below
            ),
            cache=Home(machine.home).readers_dir,
        )

    return load


def tuned_loader(settings: Settings) -> Callable[[Path], AnyReader | None]:
    """A function that loads a generation's tuned reader; None where it was made of another reader
    than that of the settings, which then answers itself."""

    def load(folder: Path) -> AnyReader | None:
        from reread.artefacts.tuned import read_tuned
        from reread.reader.confidence import weights_of
        from reread.reader.loading import DEFAULT_READER, reader_folder

        tuned = read_tuned(folder)
        machine = settings.machine
        own = Path(reader_folder(machine.reader or DEFAULT_READER))
        if weights_of(own if own.is_dir() else None) != tuned.base_weights:
            logger.warning(
                "%s was tuned from another %s than the reader of the settings, which answers: "
                "set REREAD_READER to that one to have the tuned one answer", folder, tuned.base,
            )  # fmt: skip
            return None
        changed = replace(settings, machine=replace(machine, reader=str(folder)))
        reader = reader_loader(changed)()
        reader.name = tuned.name
        return reader

    return load


def readers_of(settings: Settings) -> Readers:
    """What the service reads with: the reader of the settings, and how a tuned one is loaded."""
    from service.answering.reading import Readers

    return Readers(reader_loader(settings)(), tuned_loader(settings))


def sight_of_settings(settings: Settings) -> Sees:
    """What the reader of the settings sees of a passage; loads its tokenizer when asked.

    Where that cannot be loaded, up to 250 words are taken to fit.
    """
    return _WhenAsked(lambda: _sight(settings))


class _WhenAsked:
    """A reader's sight that costs nothing until somebody wants to know; any thread may ask."""

    def __init__(self, load: Callable[[], Sees]) -> None:
        self._load = load
        self._loading = threading.Lock()
        self._held: Sees | None = None

    @property
    def cut_for(self) -> CutFor:
        return self._sight().cut_for

    def fits(self, title: str, text: str) -> bool:
        return self._sight().fits(title, text)

    def count_unfit(self, passages: Sequence[Passage]) -> int:
        return self._sight().count_unfit(passages)

    def _sight(self) -> Sees:
        with self._loading:
            if self._held is None:
                self._held = self._load()
            return self._held


class _InWords:
    """Stands in for the sight of a reader whose tokenizer cannot be loaded."""

    def __init__(self, reader: str, most: int, count: Callable[[str], int]) -> None:
        self.cut_for = CutFor(reader, most, "words")
        self._count = count

    def fits(self, title: str, text: str) -> bool:
        return self._count(f"{title} {text}") <= self.cut_for.room

    def count_unfit(self, passages: Sequence[Passage]) -> int:
        return sum(not self.fits(one.title, one.text) for one in passages)


def _sight(settings: Settings) -> Sees:
    from index_builder.ingest.cutting.sentences import count_words
    from index_builder.ingest.cutting.splitting import WHOLE_WORDS
    from reread.errors import UnknownModel
    from reread.home import Home
    from reread.reader.loading import DEFAULT_READER
    from reread.reader.sight import sight_of

    machine = settings.machine
    reader = machine.reader or DEFAULT_READER
    try:
        return sight_of(reader, Home(machine.home).readers_dir)
    except UnknownModel as error:
        logger.warning("passages are measured in words: %s", error)
        return _InWords(reader, WHOLE_WORDS, count_words)


def retriever_of(settings: Settings) -> str:
    """The encoder to start from."""
    from reread.retriever.retriever import resolve_default_retriever

    return settings.machine.retriever or str(resolve_default_retriever())


def set_threads(settings: Settings, processes: int = 1) -> None:
    """One compute thread per core, shared by `processes`, or as many as were asked for."""
    import torch

    torch.set_num_threads(settings.machine.threads or max(1, (os.cpu_count() or 1) // processes))
