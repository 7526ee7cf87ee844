"""`reread train-reader`: fine-tune a reader on questions, or build the starter reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from command.console import make_console
from command.models import set_threads
from command.options import HomeOption, home_of, settings_from
from command.settings import Settings
from reread.errors import BadRequest, NoGeneration, UnknownModel
from reread.passages import PassageStore
from reread.records import Passage


def add_commands(app: typer.Typer) -> None:
    app.command("train-reader")(train_reader)


def train_reader(
    questions: Annotated[
        list[Path],
        typer.Option(help="FiD JSON with `ctxs`, or JSONL questions for --home's index."),
    ],
    output: Annotated[Path, typer.Option(help="Folder for the trained reader.")],
    base: Annotated[
        str | None, typer.Option(help="T5 or BART checkpoint; without it the starter is built.")
    ] = None,
    home: HomeOption = None,
    short_questions: Annotated[
        list[Path] | None, typer.Option(help="Starter only: questions over single sentences.")
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="Add cloze questions made from the home's passages.")
    ] = False,
    split: Annotated[str | None, typer.Option(help="Only questions of this split.")] = None,
    retrieve: Annotated[int, typer.Option(help="Passages per question from the index.")] = 20,
    passages: Annotated[int, typer.Option(help="Passages read per question in training.")] = 8,
    steps: Annotated[int, typer.Option(help="Optimiser steps (with --base).")] = 1000,
    batch_size: Annotated[int, typer.Option(help="Questions per step (with --base).")] = 8,
    learning_rate: Annotated[float, typer.Option(help="Peak rate (with --base).")] = 1e-4,
    passage_weight: Annotated[
        float, typer.Option(help="Weight of the passage loss; 0 is the paper's training.")
    ] = 0.0,
    pointer_weight: Annotated[
        float, typer.Option(help="Weight of the pointer loss; 0 is the paper's training.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of data order and dropout.")] = 0,
    targets: Annotated[
        str | None, typer.Option(help="Answers as the paper has them: triviaqa, nq, narrativeqa.")
    ] = None,
) -> None:
    """Train a Fusion-in-Decoder reader; interrupted runs continue from --output."""
    from trainer.reader_tasks import TaskMix
    from trainer.reader_training import ReaderTraining
    from trainer.starter_recipe import STARTER_STAGES, Stage, run_stages
    from trainer.targets import prepare_targets

    settings = settings_from(home=home)
    set_threads(settings)
    console = make_console()
    model, tokenizer = load_base(base)
    examples = prepare_targets(gather(questions, settings, split, retrieve, console), targets)
    stages = STARTER_STAGES
    if base is not None:
        training = ReaderTraining(
            steps=steps, learning_rate=learning_rate, encoder_learning_rate=learning_rate,
            pointer_weight=pointer_weight, passage_weight=passage_weight, freeze_embeddings=False,
        )  # fmt: skip
        stages = (Stage("tune", batch_size, TaskMix(passages=passages), training, dropout=0.1),)
    run_stages(
        model, tokenizer, stages,
        questions=examples,
        short_questions=gather(short_questions or [], settings, None, retrieve, console),
        texts=plain_texts(settings) if texts else [],
        folder=output, seed=seed,
        report=lambda stage, line: show_line(console, stage, line),
    )  # fmt: skip
    save_reader(model, tokenizer, output, starter=base is None)
    console.print(f"The reader is in {output}; use it with REREAD_READER={output}.")


def load_base(base: str | None) -> tuple[Any, Any]:
    """The checkpoint to fine-tune, or the untrained starter model."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    from reread.retriever import resolve_default_retriever
    from trainer.starter_model import build_starter_model

    if base is None:
        return build_starter_model(str(resolve_default_retriever()))
    try:
        return AutoModelForSeq2SeqLM.from_pretrained(base), AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise UnknownModel(
            f"The checkpoint {base!r} could not be loaded ({str(error).splitlines()[0]}); give a "
            "local folder, or a Hugging Face name while a network is there."
        ) from error


def gather(
    files: list[Path], settings: Settings, split: str | None, retrieve: int, console: Console
) -> list[Any]:
    """Examples of all files; those without passages get them from the home's index."""
    from trainer.reader_files import read_reader_examples

    examples: list[Any] = []
    for path in files:
        if has_contexts(path):
            found = read_reader_examples(path)
            for reason, count in found.skipped.items():
                console.print(f"{path}: skipped {count}: {reason} (first: {found.first[reason]})")
            examples += found.examples
        else:
            examples += retrieve_examples(path, settings, split, retrieve)
    if files:
        console.print(f"{len(examples)} questions from {', '.join(str(f) for f in files)}")
    return examples


def has_contexts(path: Path) -> bool:
    """Whether a questions file brings its own passages."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            return '"ctxs"' in stream.read(1 << 20)
    except OSError as error:
        raise BadRequest(f"Cannot read the questions file {path} ({error}).") from error


def retrieve_examples(path: Path, settings: Settings, split: str | None, top_k: int) -> list[Any]:
    """Questions with the published generation's passages and the gold one added."""
    from reread.generation import Generation, current
    from reread.questions import read_questions
    from trainer.reader_files import make_example

    home = home_of(settings)
    published = current(home)
    if published is None:
        raise NoGeneration(
            "No index to take passages from; run `reread ingest` and `reread build`."
        )
    generation = Generation.open(home, published.number)
    labelled = read_questions(path, split=split)
    hits = generation.search([one.question for one in labelled], top_k)
    store: PassageStore = generation.passages
    examples = []
    for one, found in zip(labelled, hits, strict=True):
        rows = [hit.row for hit in found]
        for gold in one.passage_ids:
            row = store.row_of(gold)
            if row is not None and row not in rows:
                rows.append(row)
        examples.append(make_example(one, tuple(store.get(rows))))
    return examples


def plain_texts(settings: Settings) -> list[Passage]:
    """The home's passages, as material for cloze questions."""
    from reread.passages import open_corpus

    return [p for batch in open_corpus(home_of(settings)).iterate() for p in batch]


def save_reader(model: Any, tokenizer: Any, output: Path, *, starter: bool) -> None:
    """bfloat16 weights, the tokenizer, and the rules for decoding."""
    import torch

    if starter:
        model.generation_config.no_repeat_ngram_size = 3
        model.generation_config.max_new_tokens = 50
        model.generation_config.max_length = None
        model = model.to(torch.bfloat16)
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)


def show_line(console: Console, stage: str, line: dict[str, float]) -> None:
    """One line of progress."""
    console.print(f"{stage}: " + json.dumps({k: round(v, 3) for k, v in line.items()}))
