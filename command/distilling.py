"""`reread distill`: reader and retriever trained in turns on questions and answers, offline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from command.models import set_threads
from command.options import home_of, machine_flags, settings_from
from command.settings import Settings
from command.terminal.console import make_console, progress_bar
from command.terminal.distilled import show_run
from command.terminal.flags import Flags, Given, add_command
from reread.errors import BadRequest
from reread.home import Home, numbers
from reread.settings import made, needed, setting
from trainer.iterative.settings import ReaderSettings, RunSettings
from trainer.reader.settings import require_known
from trainer.settings import DistilSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from reread.artefacts.passages import PassageStore


@dataclass(frozen=True, slots=True)
class RunFiles:
    """What a run reads and where it writes."""

    questions: Path = field(metadata=needed("Train on these: JSONL or FiD JSON."))
    output: Path = field(metadata=needed("The run's directory; continued if it exists."))
    validation: Path | None = setting(None, "Measure on these; none: --questions.")
    questions_split: str | None = setting(None, "Train on lines of this `split` only.")
    validation_split: str | None = setting(None, "Measure on lines of this `split` only.")
    limit: int | None = setting(None, "Draw so many training questions.")
    validation_limit: int | None = setting(None, "Draw so many to measure R@k.")
    passages: Path | None = setting(None, "JSONL or TSV instead of the home's corpus.")
    reader_preset: str | None = setting(
        None, "The paper's training of the reader, base or large; single flags change it."
    )
    retriever_preset: str | None = setting(
        None, "`paper`: its training of the retriever from [CLS], until it is saturated."
    )

    def __post_init__(self) -> None:
        if self.training == self.measuring:
            raise BadRequest(
                "Training and validation questions are the same; give --validation FILE."
            )

    @property
    def training(self) -> tuple[Path, str | None]:
        return self.questions, self.questions_split

    @property
    def measuring(self) -> tuple[Path, str | None]:
        return self.validation or self.questions, self.validation_split


@dataclass(frozen=True, slots=True)
class Precision:
    bf16: bool | None = setting(None, "Products in bfloat16; none: where they are fast.")


FILES = Flags(RunFiles, panel="Data")
ENCODER = ("encoder", "interaction", "pooling", "projection", "unit_vectors")
RUN = Flags(
    RunSettings,
    without=ENCODER,
    spelled={"read_validation": "--validation-read"},
    optional=True,
)
MACHINE = machine_flags("home", "device", "threads")
PRECISION = Flags(Precision)
READER = Flags(
    ReaderSettings,
    spelled={
        "base": "--reader",
        "restart": "--restart-reader/--continue-reader",
        "freeze_embeddings": "--freeze-embeddings/--train-embeddings",
        "segment_tokens": "--segment-tokens",
        "answer_tokens": "--answer-tokens",
    }
    | {
        name: f"--reader-{name.replace('_', '-')}"
        for name in (
            "steps",
            "batch",
            "passages",
            "learning_rate",
            "warmup_steps",
            "dropout",
            "optimizer",
            "schedule",
            "weight_decay",
            "beta2",
            "eval_every",
        )
    },
    panel="Reader",
    optional=True,
)
START = Flags(RunSettings, only=ENCODER, panel="Retriever", optional=True)
RETRIEVER = Flags(
    DistilSettings,
    without=("bf16",),  # the whole run's: the student trains as its retriever was loaded
    spelled={"freeze_word_embeddings": "--freeze-words/--train-words"},
    panel="Retriever",
    optional=True,
)


def add_commands(app: typer.Typer) -> None:
    groups = (FILES, RUN, MACHINE, PRECISION, READER, START, RETRIEVER)
    add_command(app, "distill", distill, groups)


def distill(given: Given) -> None:
    """Iterative distillation: train reader, score, train retriever, retrieve again (FiD-KD 3.5).

    The same command continues an interrupted run; every step is done once.
    """
    files = given.of(FILES)
    settings = settings_from(**given.named(MACHINE))
    run(
        files,
        on_machine(chosen_settings(files, given), settings, given.of(PRECISION).bf16),
        settings,
    )


def chosen_settings(files: RunFiles, given: Given) -> RunSettings:
    """What was given over the presets over the defaults."""
    from trainer.iterative.presets import (
        RETRIEVER_PRESETS,
        reader_values,
        retriever_values,
        start_values,
    )

    taught, begun = given.named(RETRIEVER), {**given.named(RUN), **given.named(START)}
    if files.retriever_preset is not None:
        require_known("retriever preset", files.retriever_preset, RETRIEVER_PRESETS)
        taught, begun = {**retriever_values(), **taught}, {**start_values(), **begun}
    reading = given.named(READER)
    if files.reader_preset is not None:
        reading = {**reader_values(files.reader_preset), **reading}
    reader, distil = made(ReaderSettings, reading), made(DistilSettings, taught)
    return replace(made(RunSettings, begun), reader=reader, distil=distil)


def on_machine(chosen: RunSettings, settings: Settings, bf16: bool | None) -> RunSettings:
    """The run's settings with the device and the precision of this machine."""
    from reread.compute.devices import pick_device
    from reread.compute.precision import pick_bf16

    place = pick_device(settings.device)
    return replace(chosen, bf16=pick_bf16(bf16, place), device=str(place))


def run(files: RunFiles, chosen: RunSettings, settings: Settings) -> None:
    """Gather what the run reads from, do it, and show what came out."""
    from reread.retriever.files import silence_progress_bars
    from trainer.iterative.asked_questions import read_asked
    from trainer.iterative.iteration import Iterations
    from trainer.iterative.run_directory import open_run
    from trainer.iterative.run_plot import plot_run
    from trainer.iterative.run_source import describe, make_source
    from trainer.student.starts import next_interaction

    set_threads(settings)
    silence_progress_bars()
    console = make_console()
    output, passages = files.output, files.passages
    train, validation = (
        read_asked(path, split=split, limit=count, seed=chosen.seed)
        for (path, split), count in (
            (files.training, files.limit), (files.measuring, files.validation_limit),
        )
    )  # fmt: skip
    with progress_bar(console, "Distilling") as report:
        corpus = open_passages(passages, settings, output, report, needed=chosen.start != "given")
        if chosen.start == "bm25" and chosen.interaction is None and corpus is not None:
            chosen = replace(chosen, interaction=next_interaction("bm25", len(corpus)))
        source = make_source(train, validation, corpus, chosen, output / "given")
        own = [passages] if passages is not None and passages.is_file() else []
        with open_run(output, describe(source, chosen, own)) as directory:
            metrics = Iterations(directory, source, chosen, report=report).go()
    plot_run(metrics, output / "iterations")
    show_run(console, metrics, output, chosen.interaction)


def open_passages(
    passages: Path | None,
    settings: Settings,
    output: Path,
    report: Callable[[str, float], None],
    *,
    needed: bool,
) -> PassageStore | None:
    """The corpus to retrieve from: a file's, read once into the run, else the home's, else None."""
    from reread.artefacts.passages import newest_corpus, open_corpus
    from reread.live.guards import standing

    if passages is not None:
        own = Home(output / "corpus").create()
        if not numbers(own.passages_dir):
            from index_builder.ingest.run import ingest

            ingest(own, [passages], progress=report)
        return open_corpus(own)
    place = home_of(settings)
    if not needed and not numbers(place.passages_dir):
        return None
    store = standing(place, open_corpus(place, newest_corpus(place)))
    if store.guards.labels_of:
        raise BadRequest(
            f"{len(store.guards.labels_of)} passages of this home are under access labels, and a "
            "retriever that learnt from them serves everybody: give the others with --passages, "
            "as `reread export passages` writes them."
        )
    return store
