"""`reread train-teacher`: a cross-encoder that teaches, made from a small encoder and questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from command.distilling import open_passages
from command.models import set_threads
from command.options import machine_flags, settings_from
from command.terminal.console import make_console, progress_bar
from command.terminal.flags import Flags, Given, add_command
from reread.settings import needed, setting
from trainer.teacher.training_settings import CrossTraining

if TYPE_CHECKING:
    from trainer.teacher.negatives import Mined


@dataclass(frozen=True, slots=True)
class TeacherFiles:
    """What a teacher is trained on and where it is written."""

    questions: Path = field(metadata=needed("JSONL: question, answers, passage_id?"))
    output: Path = field(metadata=needed("The teacher's folder; an interrupted run goes on."))
    questions_split: str | None = setting(None, "Train on lines of this `split` only.")
    validation_split: str | None = setting(None, "Afterwards measure on lines of this `split`.")
    limit: int | None = setting(None, "Draw so many training questions.")
    passages: Path | None = setting(None, "JSONL or TSV instead of the home's corpus.")
    base: str | None = setting(None, "Encoder to begin with, name or folder; none: MiniLM.")
    bf16: bool | None = setting(None, "Products in bfloat16; none: where they are fast.")


FILES = Flags(TeacherFiles)
MACHINE = machine_flags("home", "device", "threads")
TRAINING = Flags(CrossTraining, panel="How it is trained")


def add_commands(app: typer.Typer) -> None:
    add_command(app, "train-teacher", train_teacher, (FILES, MACHINE, TRAINING))


def train_teacher(given: Given) -> None:
    """Train a cross-encoder on questions whose passages are known, with mined wrong passages.

    The same command goes on after an interruption. The result serves `--teacher cross_encoder
    --teacher-model DIR`.
    """
    from reread.compute.devices import pick_device
    from reread.compute.precision import pick_bf16
    from reread.retriever.files import resolve_default_retriever, silence_progress_bars
    from trainer.iterative.asked_questions import read_asked
    from trainer.teacher.cross_training import load_base, train_cross_encoder
    from trainer.teacher.negatives import mine

    files, training = given.of(FILES), given.of(TRAINING)
    settings = settings_from(**given.named(MACHINE))
    set_threads(settings)
    silence_progress_bars()
    console = make_console()
    asked = read_asked(
        files.questions, split=files.questions_split, limit=files.limit, seed=training.seed
    )
    model, tokenizer = load_base(files.base or str(resolve_default_retriever()), seed=training.seed)
    with progress_bar(console, "Mining") as report:
        store = open_passages(files.passages, settings, files.output, report, needed=True)
        assert store is not None
        labels = [one.label for one in asked]
        mined = mine(labels, store, training.depth, progress=lambda s: report("questions", s))
    place = pick_device(settings.machine.device)
    bf16 = pick_bf16(files.bf16, place)
    console.print(f"{len(mined)} of {len(asked)} questions have right and wrong passages.")
    train_cross_encoder(
        model.to(place), tokenizer, mined, training, files.output, bf16=bf16,
        report=lambda line: console.print(json.dumps(line)),
    )  # fmt: skip
    if files.validation_split is not None:
        held = read_asked(files.questions, split=files.validation_split)
        show_validation(console, files.output, mine([o.label for o in held], store, training.depth))
    console.print(
        f"The teacher is in {files.output}; use it with --teacher cross_encoder "
        f"--teacher-model {files.output}."
    )


def show_validation(console: Console, folder: Path, mined: Sequence[Mined]) -> None:
    """How often the right passage comes first, by the teacher and by BM25."""
    from trainer.teacher.cross_encoder import CrossEncoder
    from trainer.teacher.cross_training import right_first

    teacher = CrossEncoder.load(str(folder))
    first = sum(right_first(teacher.score, one) for one in mined) / len(mined)
    words = sum(one.words_agree for one in mined) / len(mined)
    console.print(
        f"The right passage is first for {first:.1%} of {len(mined)} questions (BM25: {words:.1%})."
    )
