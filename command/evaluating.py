"""`reread evaluate`: EM, F1 and recall of the published generation on labelled questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from command.console import make_console, progress_bar
from command.models import reader_loader, set_threads
from command.options import HomeOption, JsonOption, ReaderOption, home_of, settings_from
from reread.errors import BadRequest, NoGeneration


def add_commands(app: typer.Typer) -> None:
    app.command()(evaluate)


def evaluate(
    questions: Annotated[Path, typer.Option(help="JSONL: question, answers, passage_id?")],
    home: HomeOption = None,
    top_k: Annotated[int, typer.Option(help="Passages read per question.")] = 20,
    split: Annotated[str | None, typer.Option(help="Only lines whose `split` is this.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N questions.")] = None,
    generation: Annotated[int | None, typer.Option(help="Default: the published one.")] = None,
    no_reader: Annotated[bool, typer.Option("--no-reader", help="Retrieval only.")] = False,
    reader: ReaderOption = None,
    results: Annotated[Path | None, typer.Option(help="Write per-question JSONL here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure answers and retrieval."""
    from reread.generation import Generation, current
    from reread.questions import read_questions
    from trainer.evaluation import evaluate as run

    if not 1 <= top_k <= 100:
        raise BadRequest(f"--top-k is {top_k}; choose 1 to 100.")
    settings = settings_from(home=home, reader=reader)
    set_threads(settings)
    place = home_of(settings)
    labelled = read_questions(questions, split=split)[:limit]
    published = current(place)
    number = generation if generation is not None else (published.number if published else None)
    if number is None:
        raise NoGeneration("Nothing is published; run `reread ingest PATH` and `reread build`.")
    opened = Generation.open(place, number)
    chosen = None if no_reader else reader_loader(settings)()
    with progress_bar(make_console(), "Evaluating") as report:
        outcome = run(opened, chosen, labelled, top_k, lambda share: report("questions", share))
    if results is not None:
        lines = [json.dumps(line, ensure_ascii=False) for line in outcome.to_json()["results"]]
        results.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps({"generation": number, **outcome.metrics}, indent=1))
    else:
        for name, value in outcome.metrics.items():
            make_console().print(f"{name:<24} {value}")
