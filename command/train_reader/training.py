"""`reread train-reader`: fine-tune a reader on questions, or build the starter reader."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from command.models import set_threads
from command.options import machine_flags, settings_from
from command.terminal.console import make_console
from command.terminal.flags import Flags, Given, add_command
from command.train_reader.causal import train_causal_reader, trains_causal
from command.train_reader.data import Material, ReaderFiles, gather_material
from command.train_reader.plan import plan_stages, rank_device, with_precision
from command.train_reader.pointing import train_pointing_reader, trains_pointing
from reread.errors import UnknownModel
from trainer.reader.settings import ReaderTraining, ReadingPlan, TaskMix

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from trainer.reader.distributed import Ranks
    from trainer.reader.starter.recipe import Stage
    from trainer.reader.validation import BestReader

FILES = Flags(ReaderFiles)
MACHINE = machine_flags("home", "device")
READING = Flags(
    ReadingPlan,
    spelled={"max_segment_tokens": "--segment-tokens", "max_answer_tokens": "--answer-tokens"},
    panel="What a step reads",
    optional=True,
)
TASKS = Flags(
    TaskMix, spelled={"as_retrieved": "--as-retrieved/--drawn"}, panel=READING.panel, optional=True
)
TRAINING = Flags(
    ReaderTraining,
    spelled={"freeze_embeddings": "--freeze-embeddings/--train-embeddings"},
    panel="How it is trained",
    optional=True,
)


def add_commands(app: typer.Typer) -> None:
    add_command(app, "train-reader", train_reader, (FILES, MACHINE, READING, TASKS, TRAINING))


def train_reader(given: Given) -> None:
    """Train a Fusion-in-Decoder reader; an interrupted run goes on from --output.

    With --validation the best weights are the result, else the last. Several processes: start it
    with torchrun. What is not given is the preset's, or this project's own.
    """
    from trainer.reader.distributed import joined_ranks

    files = given.of(FILES)
    settings = settings_from(**given.named(MACHINE))
    values: dict[str, object] = {
        **given.named(READING),
        **given.named(TASKS),
        **given.named(TRAINING),
    }
    if trains_causal(files):
        set_threads(settings)
        train_causal_reader(files, settings, values, make_console(), os.environ)
        return
    if trains_pointing(files):
        set_threads(settings)
        train_pointing_reader(files, settings, values, make_console())
        return
    start, stages = plan_stages(files.preset, files.base, values)
    with joined_ranks(os.environ, settings.device) as ranks:
        set_threads(settings, processes=ranks.count)
        console = make_console() if ranks.writes else Console(quiet=True)
        place = rank_device(settings.device, ranks)
        material = gather_material(files, stages, settings, console)
        stages = with_precision(stages, files.bf16, place)
        best = run(start, stages, place, files.output, console, ranks, material)
        chosen = "" if best is None else f" (step {best.step}, exact match {best.em:.1%})"
        console.print(
            f"The reader{chosen} is in {files.output}; use it with REREAD_READER={files.output}."
        )


def run(
    start: str | None,
    stages: tuple[Stage, ...],
    place: torch.device,
    output: Path,
    console: Console,
    ranks: Ranks,
    material: Material,
) -> BestReader | None:
    """Train all stages and write the best weights, or the last, to `output`."""
    from trainer.reader.starter.recipe import run_stages

    model, tokenizer = load_base(start)
    model.to(place)
    best = run_stages(
        model,
        tokenizer,
        stages,
        questions=material.questions,
        short_questions=material.short_questions,
        texts=material.texts,
        validation=material.validation,
        folder=output,
        ranks=ranks,
        report=lambda stage, line: show_line(console, stage, line),
    )
    if ranks.writes:
        if best is not None:
            model = type(model).from_pretrained(best.folder)
        save_reader(model, tokenizer, output, starter=start is None)
    ranks.wait()
    return best


def load_base(base: str | None) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The checkpoint to fine-tune in float32, or the untrained starter model."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    from reread.retriever.retriever import resolve_default_retriever
    from trainer.reader.starter.model import build_starter_model

    transformers_logging.disable_progress_bar()
    if base is None:
        return build_starter_model(str(resolve_default_retriever()))
    try:
        model = AutoModelForSeq2SeqLM.from_pretrained(base, dtype=torch.float32)
        return model, AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise UnknownModel(
            f"The checkpoint {base!r} could not be loaded ({str(error).splitlines()[0]}); give a "
            "local folder, or a Hugging Face name while a network is there."
        ) from error


def save_reader(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, output: Path, *, starter: bool
) -> None:
    """The weights (the starter's in bfloat16), the tokenizer, and the rules for decoding."""
    import torch

    if starter:
        model.generation_config.no_repeat_ngram_size = 3
        model.generation_config.max_new_tokens = 50
        model.generation_config.max_length = None
        model.to(torch.bfloat16)
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)


def show_line(console: Console, stage: str, line: dict[str, float]) -> None:
    """One line of progress."""
    console.print(f"{stage}: " + json.dumps({k: round(v, 3) for k, v in line.items()}))
