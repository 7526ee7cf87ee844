"""`reread distill`: reader and retriever trained in turns on questions and answers, offline."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from command.models import set_threads
from command.options import HomeOption, home_of, settings_from
from command.settings import Settings
from command.terminal.console import make_console, progress_bar
from reread.artefacts.passages import PassageStore, newest_corpus, open_corpus
from reread.errors import BadRequest
from reread.home import Home, numbers

READER, RETRIEVER, DATA = "Reader", "Retriever", "Data"


def add_commands(app: typer.Typer) -> None:
    app.command("distill")(distill)


def distill(
    questions: Annotated[
        Path, typer.Option(help="Train on these: JSONL or FiD JSON.", rich_help_panel=DATA)
    ],
    output: Annotated[Path, typer.Option(help="The run's directory; continued if it exists.")],
    validation: Annotated[
        Path | None,
        typer.Option(help="Measure on these; default: --questions.", rich_help_panel=DATA),
    ] = None,
    questions_split: Annotated[
        str | None, typer.Option(help="Only lines of this `split`.", rich_help_panel=DATA)
    ] = None,
    validation_split: Annotated[
        str | None, typer.Option(help="Only lines of this `split`.", rich_help_panel=DATA)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Draw so many training questions.", rich_help_panel=DATA)
    ] = None,
    validation_limit: Annotated[
        int | None, typer.Option(help="Draw so many to measure R@k.", rich_help_panel=DATA)
    ] = None,
    validation_read: Annotated[
        int | None, typer.Option(help="Answer only the first so many.", rich_help_panel=DATA)
    ] = None,
    home: HomeOption = None,
    passages: Annotated[
        Path | None,
        typer.Option(help="JSONL or TSV instead of the home's corpus.", rich_help_panel=DATA),
    ] = None,
    within_document: Annotated[
        bool,
        typer.Option("--within-document", help="Search each question's `document` only."),
    ] = False,
    iterations: Annotated[int, typer.Option(help="Rounds after the initial passages.")] = 2,
    start: Annotated[
        str, typer.Option(help="Initial passages: bm25, untrained, encoder or given (`ctxs`).")
    ] = "bm25",
    depth: Annotated[int, typer.Option(help="Passages retrieved and read per question.")] = 20,
    words_weight: Annotated[
        float | None,
        typer.Option(help="Retrieve by vectors plus so much of BM25's scores, such as 1."),
    ] = None,
    aggregation: Annotated[str, typer.Option(help="Attention to one score.")] = "mean",
    aggregations: Annotated[
        str | None, typer.Option(help="Others to keep in the scores files, comma-separated.")
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(help="Keep these of earlier iterations: retrieved,reader,validation,..."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of data order, dropout and untrained weights.")] = 0,
    bf16: Annotated[
        bool | None, typer.Option("--bf16/--no-bf16", help="Default: where the CPU is made for it.")
    ] = None,
    index: Annotated[str, typer.Option(help="FAISS factory string, or auto.")] = "Flat",
    reader: Annotated[
        str | None, typer.Option(help="Checkpoint to train from.", rich_help_panel=READER)
    ] = None,
    continue_reader: Annotated[
        bool,
        typer.Option(
            "--continue-reader", help="Do not restart it each round.", rich_help_panel=READER
        ),
    ] = False,
    reader_steps: Annotated[int, typer.Option(help="0: as it is.", rich_help_panel=READER)] = 1000,
    reader_batch: Annotated[
        int, typer.Option(help="Questions per step.", rich_help_panel=READER)
    ] = 8,
    reader_passages: Annotated[
        int, typer.Option(help="Passages per question in a step.", rich_help_panel=READER)
    ] = 8,
    reader_learning_rate: Annotated[float, typer.Option(rich_help_panel=READER)] = 1e-4,
    freeze_embeddings: Annotated[
        bool, typer.Option("--freeze-embeddings", rich_help_panel=READER)
    ] = False,
    segment_tokens: Annotated[int, typer.Option(rich_help_panel=READER)] = 250,
    encoder: Annotated[
        str | None,
        typer.Option(help="Retriever's first weights, or `untrained`.", rich_help_panel=RETRIEVER),
    ] = None,
    interaction: Annotated[
        str | None,
        typer.Option(
            help="pooled: a vector per text (the paper); late: per token. Default: late from bm25, "
            "otherwise as the encoder is.",
            rich_help_panel=RETRIEVER,
        ),
    ] = None,
    objective: Annotated[str, typer.Option(rich_help_panel=RETRIEVER)] = "kl",
    margin_gamma: Annotated[float | None, typer.Option(rich_help_panel=RETRIEVER)] = None,
    epochs: Annotated[int | None, typer.Option(rich_help_panel=RETRIEVER)] = None,
    learning_rate: Annotated[float | None, typer.Option(rich_help_panel=RETRIEVER)] = None,
    batch_questions: Annotated[int | None, typer.Option(rich_help_panel=RETRIEVER)] = None,
    passages_per_question: Annotated[
        int | None, typer.Option(help="0: all.", rich_help_panel=RETRIEVER)
    ] = None,
    freeze_word_embeddings: Annotated[
        bool | None,
        typer.Option(
            "--freeze-words/--train-words",
            help="The retriever's word embeddings.",
            rich_help_panel=RETRIEVER,
        ),
    ] = None,
    student_temperature: Annotated[float | None, typer.Option(rich_help_panel=RETRIEVER)] = None,
    teacher_temperature: Annotated[
        float | None, typer.Option(help="1 is the paper's.", rich_help_panel=RETRIEVER)
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1, ...")] = None,
    threads: Annotated[int | None, typer.Option(help="Default: one per core.")] = None,
) -> None:
    """Iterative distillation: train reader, score, train retriever, retrieve again (FiD-KD 3.5).

    The same command continues an interrupted run; every step is done once.
    """
    given = dict(locals())
    from reread.compute.devices import pick_device
    from reread.compute.precision import pick_bf16
    from trainer.iterative.settings import (
        KEEPABLE,
        ONE_STEP_AGGREGATIONS,
        ReaderSettings,
        RunSettings,
    )

    settings = settings_from(home=home, device=device, threads=threads)
    place = pick_device(settings.device)
    chosen = RunSettings(
        start=start, encoder=encoder, interaction=interaction,
        iterations=iterations, depth=depth,
        within_document=within_document, words_weight=words_weight, aggregation=aggregation,
        aggregations=_names(aggregations, ONE_STEP_AGGREGATIONS), read_validation=validation_read,
        reader=ReaderSettings(
            base=reader, restart=not continue_reader, steps=reader_steps, batch=reader_batch,
            passages=reader_passages, learning_rate=reader_learning_rate,
            freeze_embeddings=freeze_embeddings, segment_tokens=segment_tokens,
        ),
        distil=_distil_settings(given), index=index,
        bf16=pick_bf16(bf16, place), device=str(place), seed=seed, keep=_names(keep, KEEPABLE),
    )  # fmt: skip
    set_threads(settings)
    splits = (questions, questions_split, limit), (
        validation or questions, validation_split, validation_limit,
    )  # fmt: skip
    if splits[0][:2] == splits[1][:2]:
        raise BadRequest("Training and validation questions are the same; give --validation FILE.")
    _run(chosen, splits, passages, settings, output)


def _run(chosen: Any, splits: Any, passages: Path | None, settings: Settings, output: Path) -> None:
    """Gather what the run reads from, do it, and show what came out."""
    from reread.retriever.files import silence_progress_bars
    from trainer.iterative.asked_questions import read_asked
    from trainer.iterative.iteration import Iterations
    from trainer.iterative.run_directory import open_run
    from trainer.iterative.run_plot import plot_run
    from trainer.iterative.run_source import describe, make_source
    from trainer.student.starts import next_interaction

    silence_progress_bars()
    console = make_console()
    train, validation = (
        read_asked(path, split=split, limit=count, seed=chosen.seed)
        for path, split, count in splits
    )
    with progress_bar(console, "Distilling") as report:
        corpus = open_passages(passages, settings, output, report, needed=chosen.start != "given")
        if chosen.start == "bm25" and chosen.interaction is None and corpus is not None:
            chosen = replace(chosen, interaction=next_interaction("bm25", len(corpus)))
        source = make_source(train, validation, corpus, chosen, output / "given")
        files = [passages] if passages is not None and passages.is_file() else []
        with open_run(output, describe(source, chosen, files)) as run:
            metrics = Iterations(run, source, chosen, report=report).go()
    plot_run(metrics, output / "iterations")
    show_run(console, metrics, output, chosen.interaction)


def open_passages(
    passages: Path | None, settings: Settings, output: Path, report: Any, *, needed: bool
) -> PassageStore | None:
    """The corpus to retrieve from: a file's, read once into the run, else the home's, else None."""
    if passages is not None:
        own = Home(output / "corpus").create()
        if not numbers(own.passages_dir):
            from index_builder.ingest.run import ingest

            ingest(own, [passages], progress=report)
        return open_corpus(own)
    place = home_of(settings)
    if not needed and not numbers(place.passages_dir):
        return None
    return open_corpus(place, newest_corpus(place))


def show_run(
    console: Console, metrics: list[dict[str, Any]], output: Path, interaction: str | None
) -> None:
    """A line per iteration, and where everything is."""
    table = Table("iteration", "R@1", "R@5", "R@20", "R@100", "EM", "F1", "top-1 agreement", "min")
    for one in metrics:
        recall = one["retrieved"]["answer"].values()
        answers = one["validation"]
        shares = [*recall, answers["em"], answers["f1"], answers["agreement"]["top_1_agreement"]]
        minutes = sum(one["seconds"].values()) / 60
        table.add_row(str(one["iteration"]), *map(_percent, shares), f"{minutes:.1f}")
    console.print(table)
    last = len(metrics) - 1
    console.print(f"Reader:    {output / f'iteration-{last}' / 'reader'}")
    if last > 0:
        kind = f" ({interaction})" if interaction else ""
        console.print(f"Retriever: {output / f'iteration-{last - 1}' / 'retriever'}{kind}")
    console.print(f"Figures:   {output / 'metrics.jsonl'}, {output / 'iterations.svg'}")


def _distil_settings(given: dict[str, Any]) -> Any:
    from trainer.settings import DistilSettings

    # bf16 is the whole run's: the student trains as its retriever was loaded
    names = ({one.name for one in fields(DistilSettings)} & set(given)) - {"bf16"}
    return DistilSettings(**{name: given[name] for name in names if given[name] is not None})


def _names(text: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    if text is None:
        return default
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
