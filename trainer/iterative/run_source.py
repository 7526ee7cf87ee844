"""What a distillation run reads from, checked and fingerprinted: questions, passages, models.

Knows question files, passage stores and the hashes of model folders; knows no step of a run.
"""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from reread.artefacts.passages import PassageStore
from reread.artefacts.seals import file_sha256
from reread.commit import committed_dir
from reread.errors import BadRequest
from reread.reader.loading import small_starter
from reread.retriever.files import find_folder
from trainer.iterative.asked_questions import AskedQuestion, fingerprint, given_passages
from trainer.iterative.lists.ranked import RankedLists, pack
from trainer.iterative.lists.signals import require_all_answers
from trainer.iterative.settings import RunSettings
from trainer.settings import UNTRAINED
from trainer.teaching import ANSWER_TEACHERS


@dataclass(frozen=True, slots=True)
class Source:
    """What a run reads from; `first` are the lists of a `given` start, rows of `given`."""

    train: tuple[AskedQuestion, ...]
    validation: tuple[AskedQuestion, ...]
    corpus: PassageStore
    given: PassageStore | None = None
    first: dict[str, RankedLists] | None = None


def make_source(
    train: Sequence[AskedQuestion],
    validation: Sequence[AskedQuestion],
    corpus: PassageStore | None,
    settings: RunSettings,
    folder: Path,
) -> Source:
    """Check that the start has what it needs; `folder` keeps the passages of a `given` start.

    Without a corpus, the passages that the questions bring are one.
    """
    if settings.distil.taught_by in ANSWER_TEACHERS:
        require_all_answers(train, settings.distil.taught_by)
    if settings.within_document:
        _require_documents([*train, *validation])
    if settings.start != "given" and corpus is not None:
        return Source(tuple(train), tuple(validation), corpus)
    passages, rows = given_passages([*train, *validation])
    missing = next((n for n, own in enumerate(rows) if not own), None)
    if missing is not None:
        asked = [*train, *validation][missing]
        raise BadRequest(
            f"The question {asked.label.question[:60]!r} brings no passages (`ctxs`): give "
            f"--home or --passages and another --start, or files in which every question has some."
        )
    if not folder.exists():
        with committed_dir(folder) as scratch:
            PassageStore.create(scratch, passages)
    store = PassageStore.open(folder)
    lists = {"train": as_given(rows[: len(train)]), "validation": as_given(rows[len(train) :])}
    return Source(tuple(train), tuple(validation), corpus or store, store, lists)


def as_given(rows: Sequence[Sequence[int]]) -> RankedLists:
    """Lists in the file's order; scores fall by one per place, for nothing better is known."""
    width = max(map(len, rows), default=0)
    padded = np.full((len(rows), width), -1, dtype=np.int64)
    for q, own in enumerate(rows):
        padded[q, : len(own)] = own
    scores = np.where(padded >= 0, -np.arange(width, dtype=np.float32), 0.0)
    return RankedLists(padded, scores.astype(np.float32)) if rows else pack([])


def _require_documents(asked: Sequence[AskedQuestion]) -> None:
    for one in asked:
        if one.document is None:
            raise BadRequest(
                f"The question {one.label.question[:60]!r} names no `document`: "
                f"--within-document needs one in every question."
            )


def describe(source: Source, settings: RunSettings, files: Sequence[Path] = ()) -> dict[str, Any]:
    """The run's config: settings, what the data are, and what they are worked on with.

    `files` are others that a changed content of must be refused, such as the passages file.
    """
    data = {
        "train questions": len(source.train),
        "train": fingerprint(source.train),
        "validation questions": len(source.validation),
        "validation": fingerprint(source.validation),
        "passages": len(source.corpus),
        "corpus": source.corpus.fingerprint,
        "reader": _weights_of(Path(settings.reader.base or small_starter())),
        "encoder": _weights_of(_encoder_folder(settings.start_encoder)),
        "files": [file_sha256(path) for path in files],
    }
    return {"settings": settings.identity(), "data": data, "environment": environment()}


def environment() -> dict[str, Any]:
    """Versions and threads: the same weights bit for bit are promised within one of these."""
    return {
        "reread": version("reread"),
        "torch": str(torch.__version__),
        "transformers": transformers.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
    }


def _encoder_folder(name: str | None) -> Path:
    return find_folder(None if name == UNTRAINED else name)


def _weights_of(folder: Path) -> str:
    """A hash over the weight files of a model folder, by name; a hub name stands for itself."""
    if not folder.is_dir():
        return str(folder)
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        digest.update(f"{path.name} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
