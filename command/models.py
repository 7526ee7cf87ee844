"""Which models the settings name, and how they are loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from command.settings import Settings


def reader_loader(settings: Settings) -> Callable[[], Any]:
    """A function that loads the reader of the settings; the starter reader by default."""

    def load() -> Any:
        from reread.reader.reader import Reader, resolve_default_reader

        return Reader.load(
            settings.reader or str(resolve_default_reader()),
            device=settings.device,
            dtype=settings.reader_dtype,
            num_beams=settings.num_beams,
            max_answer_tokens=settings.max_answer_tokens,
        )

    return load


def retriever_of(settings: Settings) -> str:
    """The encoder to start from."""
    from reread.retriever.retriever import resolve_default_retriever

    return settings.retriever or str(resolve_default_retriever())


def set_threads(settings: Settings, processes: int = 1) -> None:
    """One compute thread per core, shared by `processes`, or as many as were asked for."""
    import torch

    torch.set_num_threads(settings.threads or max(1, (os.cpu_count() or 1) // processes))
