"""What `reread train-reader` trains and validates on: questions files, with a home's passages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from command.options import home_of
from command.settings import Settings
from reread.artefacts.passages import PassageStore
from reread.errors import BadRequest, NoGeneration
from reread.records import Passage


def gather(
    files: Sequence[Path],
    settings: Settings,
    split: str | None,
    retrieve: int,
    console: Console,
    *,
    keep_all: bool = False,
) -> list[Any]:
    """Examples of all files; those without passages get them from the home's index."""
    from trainer.reader.files import read_reader_examples

    examples: list[Any] = []
    for path in files:
        if has_contexts(path):
            found = read_reader_examples(path, keep_all=keep_all)
            for reason, count in found.skipped.items():
                console.print(f"{path}: skipped {count}: {reason} (first: {found.first[reason]})")
            examples += found.examples
        else:
            examples += retrieve_examples(path, settings, split, retrieve, keep_all=keep_all)
    if files:
        console.print(f"{len(examples)} questions from {', '.join(str(f) for f in files)}")
    return examples


def gather_validation(
    path: Path | None, settings: Settings, split: str | None, passages: int
) -> list[Any]:
    """Validation questions with their passages as retrieved; none without a file."""
    from trainer.reader.examples import ValidationQuestion
    from trainer.reader.files import read_validation

    if path is None:
        return []
    if has_contexts(path):
        return read_validation(path, passages)
    return [
        ValidationQuestion(one.question, one.answers, tuple(store.get(rows)))
        for one, rows, store in retrieved_rows(path, settings, split, passages)
    ]


def has_contexts(path: Path) -> bool:
    """Whether a questions file brings its own passages."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            return '"ctxs"' in stream.read(1 << 20)
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"Cannot read the questions file {path} ({error}).") from error


def retrieve_examples(
    path: Path, settings: Settings, split: str | None, top_k: int, *, keep_all: bool = False
) -> list[Any]:
    """Questions with the published generation's passages.

    The gold passage is added where it was not found, unless `keep_all`: then the reader trains on
    what was retrieved and nothing else.
    """
    from trainer.reader.files import make_example

    examples = []
    for one, rows, store in retrieved_rows(path, settings, split, top_k):
        for gold in () if keep_all else one.passage_ids:
            row = store.row_of(gold)
            if row is not None and row not in rows:
                rows.append(row)
        examples.append(make_example(one, tuple(store.get(rows)), keep_all=keep_all))
    return examples


def retrieved_rows(
    path: Path, settings: Settings, split: str | None, top_k: int
) -> list[tuple[Any, list[int], PassageStore]]:
    """Every question of a file with the rows its home's generation finds, best first."""
    from evaluation.questions import read_questions
    from reread.artefacts.generation import Generation
    from reread.artefacts.publication import current

    labelled = read_questions(path, split=split)
    home = home_of(settings)
    published = current(home)
    if published is None:
        raise NoGeneration(
            "No index to take passages from; run `reread ingest` and `reread build`."
        )
    generation = Generation.open(home, published.number)
    hits = generation.search([one.question for one in labelled], top_k)
    store: PassageStore = generation.passages
    return [
        (one, [hit.row for hit in found], store) for one, found in zip(labelled, hits, strict=True)
    ]


def plain_texts(settings: Settings) -> list[Passage]:
    """The home's passages, as material for cloze questions."""
    from reread.artefacts.passages import open_corpus

    return [p for batch in open_corpus(home_of(settings)).iterate() for p in batch]
