"""`reread train-reader`: fine-tune a reader on questions, or build the starter reader."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from command.models import set_threads
from command.options import HomeOption, settings_from
from command.terminal.console import make_console
from command.train_reader.data import gather, gather_validation
from command.train_reader.plan import plan_stages, rank_device, texts_for, with_precision
from reread.errors import UnknownModel

Text = str | None
Whole = int | None
Number = float | None
Switch = bool | None


def add_commands(app: typer.Typer) -> None:
    app.command("train-reader")(train_reader)


def train_reader(
    questions: Annotated[
        list[Path],
        typer.Option(help="FiD JSON with `ctxs`, or JSONL questions for --home's index."),
    ],
    output: Annotated[Path, typer.Option(help="Folder for the trained reader.")],
    base: Annotated[
        Text, typer.Option(help="T5 or BART checkpoint; without it the starter is built.")
    ] = None,
    preset: Annotated[Text, typer.Option(help="The paper's training: base or large.")] = None,
    home: HomeOption = None,
    device: Annotated[Text, typer.Option(help="auto, cpu, cuda, cuda:1, ...")] = None,
    short_questions: Annotated[
        list[Path] | None, typer.Option(help="Starter only: questions over single sentences.")
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="The home's passages, to make cloze questions of.")
    ] = False,
    split: Annotated[Text, typer.Option(help="Only questions of this split.")] = None,
    retrieve: Annotated[
        Whole, typer.Option(help="Passages per question from the index; 20, or as many as read.")
    ] = None,
    passages: Annotated[Whole, typer.Option(help="Passages read per question.")] = None,
    as_retrieved: Annotated[
        Switch,
        typer.Option(
            "--as-retrieved/--drawn",
            help="Read the first passages as they come (presets), or one that answers among drawn "
            "distractors (default).",
        ),
    ] = None,
    steps: Annotated[Whole, typer.Option(help="Optimiser steps.")] = None,
    batch_size: Annotated[
        Whole, typer.Option(help="Questions per step, over all micro-batches and processes.")
    ] = None,
    accumulation: Annotated[Whole, typer.Option(help="Micro-batches a step is cut into.")] = None,
    checkpointing: Annotated[
        Switch,
        typer.Option("--checkpointing/--no-checkpointing", help="Encode twice to save memory."),
    ] = None,
    bf16: Annotated[
        Switch, typer.Option("--bf16/--no-bf16", help="bfloat16 products; auto: where fast.")
    ] = None,
    optimizer: Annotated[Text, typer.Option(help="adam or adamw.")] = None,
    schedule: Annotated[Text, typer.Option(help="constant or linear, after the warm-up.")] = None,
    learning_rate: Annotated[Number, typer.Option(help="Peak rate.")] = None,
    encoder_learning_rate: Annotated[
        Number, typer.Option(help="Peak rate of the encoder; default: --learning-rate.")
    ] = None,
    warmup_steps: Annotated[Whole, typer.Option(help="Steps of linear warm-up.")] = None,
    weight_decay: Annotated[Number, typer.Option(help="Of matrices, with adamw.")] = None,
    clip: Annotated[Number, typer.Option(help="Largest gradient norm.")] = None,
    dropout: Annotated[Number, typer.Option(help="Dropout, 0 to 1.")] = None,
    segment_tokens: Annotated[
        Whole, typer.Option(help="Tokens of a question with one passage.")
    ] = None,
    answer_tokens: Annotated[Whole, typer.Option(help="Tokens of an answer, end included.")] = None,
    freeze_embeddings: Annotated[
        Switch, typer.Option("--freeze-embeddings/--train-embeddings", help="Keep the embeddings.")
    ] = None,
    freeze_encoder_layers: Annotated[
        Whole, typer.Option(help="Keep so many of the encoder's first layers.")
    ] = None,
    cloze_share: Annotated[Number, typer.Option(help="Share of cloze questions (--texts).")] = None,
    continue_share: Annotated[
        Number, typer.Option(help="Share of `continue these words` questions (--texts).")
    ] = None,
    crop_share: Annotated[
        Number, typer.Option(help="Share of tasks whose passages are cut to windows.")
    ] = None,
    passage_weight: Annotated[
        Number, typer.Option(help="Weight of the passage loss; 0 is the paper's training.")
    ] = None,
    pointer_weight: Annotated[
        Number, typer.Option(help="Weight of the pointer loss; 0 is the paper's training.")
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(help="Questions whose exact match chooses the best weights.")
    ] = None,
    validation_passages: Annotated[
        Whole, typer.Option(help="Passages read per validation question; 20, or as many as read.")
    ] = None,
    eval_every: Annotated[Whole, typer.Option(help="Steps between validations.")] = None,
    save_every: Annotated[Whole, typer.Option(help="Steps between resumable states.")] = None,
    log_every: Annotated[Whole, typer.Option(help="Steps between lines of progress.")] = None,
    targets: Annotated[
        Text, typer.Option(help="Answers as the paper has them: triviaqa, nq, narrativeqa.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of data order, answers and dropout.")] = 0,
) -> None:
    """Train a Fusion-in-Decoder reader; an interrupted run goes on from --output.

    With --validation the best weights are the result, else the last. Several processes: start it
    with torchrun.
    """
    from trainer.reader.distributed import joined_ranks
    from trainer.reader.targets import prepare_targets

    anywhere = dict(
        accumulation=accumulation, checkpointing=checkpointing, eval_every=eval_every,
        save_every=save_every, log_every=log_every, seed=seed,
    )  # fmt: skip
    tuning = dict(
        passages=passages, as_retrieved=as_retrieved, steps=steps, batch_size=batch_size,
        optimizer=optimizer, schedule=schedule, learning_rate=learning_rate,
        encoder_learning_rate=encoder_learning_rate, warmup_steps=warmup_steps,
        weight_decay=weight_decay, clip=clip, dropout=dropout, max_segment_tokens=segment_tokens,
        max_answer_tokens=answer_tokens, freeze_embeddings=freeze_embeddings,
        freeze_encoder_layers=freeze_encoder_layers, cloze_share=cloze_share,
        continue_share=continue_share, crop_share=crop_share, passage_weight=passage_weight,
        pointer_weight=pointer_weight,
    )  # fmt: skip
    settings = settings_from(home=home, device=device)
    start, stages = plan_stages(preset, base, tuning, anywhere)
    read = max(20, stages[-1].plan.mix.passages)
    with joined_ranks(os.environ, settings.device) as ranks:
        set_threads(settings, processes=ranks.count)
        console = make_console() if ranks.writes else Console(quiet=True)
        place = rank_device(settings.device, ranks)
        keep_all = stages[-1].plan.mix.as_retrieved
        best = run(
            start, with_precision(stages, bf16, place), place, output, console, ranks,
            questions=prepare_targets(
                gather(questions, settings, split, retrieve or read, console, keep_all=keep_all),
                targets,
            ),
            short_questions=gather(short_questions or [], settings, None, 20, console),
            texts=texts_for(stages, settings, texts),
            validation=gather_validation(validation, settings, None, validation_passages or read),
        )  # fmt: skip
        chosen = "" if best is None else f" (step {best.step}, exact match {best.em:.1%})"
        console.print(f"The reader{chosen} is in {output}; use it with REREAD_READER={output}.")


def run(
    start: str | None,
    stages: tuple[Any, ...],
    place: Any,
    output: Path,
    console: Console,
    ranks: Any,
    **data: Any,
) -> Any:
    """Train all stages and write the best weights, or the last, to `output`."""
    from trainer.reader.starter.recipe import run_stages

    model, tokenizer = load_base(start)
    best = run_stages(
        model.to(place), tokenizer, stages, folder=output, ranks=ranks,
        report=lambda stage, line: show_line(console, stage, line), **data,
    )  # fmt: skip
    if ranks.writes:
        if best is not None:
            model = type(model).from_pretrained(best.folder)
        save_reader(model, tokenizer, output, starter=start is None)
    ranks.wait()
    return best


def load_base(base: str | None) -> tuple[Any, Any]:
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


def save_reader(model: Any, tokenizer: Any, output: Path, *, starter: bool) -> None:
    """The weights (the starter's in bfloat16), the tokenizer, and the rules for decoding."""
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
