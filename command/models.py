"""Which models the settings name, and how they are loaded."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from command.settings import Settings

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from reread.reader.loading import AnyReader


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


def fits_of(settings: Settings) -> Callable[[str, str], bool]:
    """Whether the reader of the settings sees a titled text whole; loads its tokenizer when asked.

    Where that cannot be loaded, up to 250 words are taken to fit.
    """
    held: list[Callable[[str, str], bool]] = []

    def fits(title: str, text: str) -> bool:
        if not held:
            held.append(_sight(settings))
        return held[0](title, text)

    return fits


def _sight(settings: Settings) -> Callable[[str, str], bool]:
    from index_builder.ingest.cutting.sentences import count_words
    from index_builder.ingest.cutting.splitting import WHOLE_WORDS
    from reread.errors import UnknownModel
    from reread.home import Home
    from reread.reader.loading import DEFAULT_READER
    from reread.reader.sight import sight_of

    machine = settings.machine
    try:
        return sight_of(machine.reader or DEFAULT_READER, Home(machine.home).readers_dir).fits
    except UnknownModel as error:
        logger.warning("passages are measured in words: %s", error)
        return lambda title, text: count_words(f"{title} {text}") <= WHOLE_WORDS


def retriever_of(settings: Settings) -> str:
    """The encoder to start from."""
    from reread.retriever.retriever import resolve_default_retriever

    return settings.machine.retriever or str(resolve_default_retriever())


def set_threads(settings: Settings, processes: int = 1) -> None:
    """One compute thread per core, shared by `processes`, or as many as were asked for."""
    import torch

    torch.set_num_threads(settings.machine.threads or max(1, (os.cpu_count() or 1) // processes))
