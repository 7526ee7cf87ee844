"""What `reread train-reader` trains and validates on: questions files, with a home's passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from command.options import home_of
from command.settings import Settings
from reread.errors import BadRequest, NoGeneration
from reread.records import Passage
from reread.settings import needed, setting

if TYPE_CHECKING:
    from evaluation.questions import LabelledQuestion
    from reread.artefacts.passages import PassageStore
    from trainer.reader.examples import ReaderExample, ValidationQuestion
    from trainer.reader.starter.recipe import Stage

RETRIEVED = 20  # passages asked of the index, where fewer are read and nobody said


@dataclass(frozen=True, slots=True)
class ReaderFiles:
    """What a training of a reader begins from, reads and writes."""

    questions: list[Path] = field(
        metadata=needed("FiD JSON with `ctxs`, or JSONL questions for --home's index.")
    )
    output: Path = field(metadata=needed("Folder for the trained reader."))
    base: str | None = setting(
        None, "T5, BART or Llama-shaped checkpoint; without it a starter is built."
    )
    starter: bool = setting(False, "Build the starter reader from the small one, by its recipe.")
    starter_causal: bool = setting(
        False, "Build a starter from a small language model, by its recipe."
    )
    pointing: bool = setting(
        False, "Teach a T5 or BART reader (--base) to point at its answers and to refuse."
    )
    starter_small: bool = setting(
        False, "Build the small starter reader; so does a command without a checkpoint."
    )
    compiled: bool = setting(
        False, "Compile a language model's layers: faster; needs a C++ compiler on a CPU."
    )
    preset: str | None = setting(None, "The paper's training: base or large.")
    short_questions: list[Path] | None = setting(
        None, "Starter only: questions over single sentences."
    )
    texts: bool = setting(False, "The home's passages, to make cloze questions of.")
    split: str | None = setting(None, "Only questions of this split.")
    retrieve: int | None = setting(
        None, f"Passages per question from the index; none: {RETRIEVED}, or as many as read."
    )
    validation: Path | None = setting(None, "Questions whose exact match chooses the best weights.")
    validation_passages: int | None = setting(
        None, f"Passages read per validation question; none: {RETRIEVED}, or as many as read."
    )
    targets: str | None = setting(None, "Answers as the paper has them: triviaqa, nq, narrativeqa.")
    bf16: bool | None = setting(None, "bfloat16 products; none: where they are fast.")


@dataclass(frozen=True, slots=True)
class Material:
    """What the stages read."""

    questions: Sequence[ReaderExample]
    short_questions: Sequence[ReaderExample]
    texts: Sequence[Passage]
    validation: Sequence[ValidationQuestion]


def gather_material(
    files: ReaderFiles, stages: Sequence[Stage], settings: Settings, console: Console
) -> Material:
    """All of it, read before any training begins."""
    from trainer.reader.targets import prepare_targets

    mix = stages[-1].plan.mix
    read = max(RETRIEVED, mix.passages)
    retrieve = files.retrieve or read
    questions = gather(
        files.questions, settings, files.split, retrieve, console, keep_all=mix.as_retrieved
    )
    short = gather(files.short_questions or [], settings, None, RETRIEVED, console)
    return Material(
        questions=prepare_targets(questions, files.targets),
        short_questions=short,
        texts=texts_for(stages, settings, files.texts),
        validation=gather_validation(files.validation, settings, files.validation_passages or read),
    )


def texts_for(stages: Sequence[Stage], settings: Settings, wanted: bool) -> list[Passage]:
    """Passages for cloze questions; BadRequest when they are asked for without --texts."""
    mixes = [stage.plan.mix for stage in stages]
    if (
        not wanted
        and stages[0].name == "tune"
        and any(mix.cloze_share or mix.continue_share for mix in mixes)
    ):
        raise BadRequest(
            f"A cloze share of {mixes[0].cloze_share} needs plain text; add --texts and --home."
        )
    return plain_texts(settings) if wanted else []


def gather(
    files: Sequence[Path],
    settings: Settings,
    split: str | None,
    retrieve: int,
    console: Console,
    *,
    keep_all: bool = False,
) -> list[ReaderExample]:
    """Examples of all files; those without passages get them from the home's index."""
    from trainer.reader.files import read_reader_examples

    examples: list[ReaderExample] = []
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
    path: Path | None, settings: Settings, passages: int
) -> list[ValidationQuestion]:
    """Validation questions with their passages as retrieved; none without a file."""
    from trainer.reader.examples import ValidationQuestion
    from trainer.reader.files import read_validation

    if path is None:
        return []
    if has_contexts(path):
        return read_validation(path, passages)
    return [
        ValidationQuestion(one.question, one.answers, tuple(store.get(rows)))
        for one, rows, store in retrieved_rows(path, settings, None, passages)
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
) -> list[ReaderExample]:
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
) -> list[tuple[LabelledQuestion, list[int], PassageStore]]:
    """Every question of a file with the rows its home's generation finds, best first."""
    from evaluation.questions import read_questions
    from reread.artefacts.generation import Generation
    from reread.artefacts.publication import current
    from reread.live.guards import standing

    labelled = read_questions(path, split=split)
    home = home_of(settings)
    published = current(home)
    if published is None:
        raise NoGeneration(
            "No index to take passages from; run `reread ingest` and `reread build`."
        )
    generation = Generation.open(home, published.number, device=settings.device)
    store = standing(home, generation.passages)
    hits = generation.search([one.question for one in labelled], top_k)
    return [
        (one, [hit.row for hit in found], store) for one, found in zip(labelled, hits, strict=True)
    ]


def plain_texts(settings: Settings) -> list[Passage]:
    """The home's passages that everybody may see, as material for cloze questions."""
    from reread.artefacts.passages import open_corpus
    from reread.live.guards import standing

    home = home_of(settings)
    return list(standing(home, open_corpus(home)).open_passages())
