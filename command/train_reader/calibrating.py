"""`reread calibrate`: fits a reader's confidence and its refusals to held-back questions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from command.models import reader_loader, set_threads
from command.options import HomeOption, JsonOption, ReaderOption, home_of, settings_from
from command.settings import Settings
from command.terminal.console import make_console, progress_bar
from reread.errors import BadRequest, NoGeneration

if TYPE_CHECKING:
    from evaluation.confidence.calibration import Outcome
    from reread.artefacts.generation import Generation
    from reread.reader.loading import AnyReader


def add_commands(app: typer.Typer) -> None:
    app.command()(calibrate)


def calibrate(
    questions: Annotated[
        list[Path], typer.Option(help="JSONL: question, answers; with passages: no home needed.")
    ],
    home: HomeOption = None,
    reader: ReaderOption = None,
    top_k: Annotated[int, typer.Option(min=1, max=100, help="Passages read per question.")] = 10,
    wrongly_refused: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of answerable questions given up.")
    ] = 0.05,
    as_json: JsonOption = False,
) -> None:
    """Write the calibration beside the reader's weights (`reader.json`).

    The questions must be ones that nothing trained on: JSONL questions for the home's index, or
    lines with passages of their own (docs/starter-reader.md), which need no home. Half of them,
    every second one, are fitted; the figures printed are of the other half.
    """
    from evaluation.confidence.calibration import auroc, calibrate, expected_error, reliability
    from reread.commit import replace_text
    from reread.reader.confidence import READER_FILE, notes_body, weights_of

    settings = settings_from(home=home, reader=reader)
    set_threads(settings)
    loaded = reader_loader(settings)()
    if loaded.folder is None:
        raise BadRequest(
            f"The reader {loaded.name} is no local folder to write beside; save it to one first."
        )
    console = make_console(stderr=as_json)
    outcomes = read_outcomes(settings, loaded, questions, top_k, console)
    fitted = calibrate(loaded.name, outcomes[::2], wrongly_refused)
    notes = replace(loaded.notes, calibration=fitted, weights=weights_of(loaded.folder))
    replace_text(loaded.folder / READER_FILE, json.dumps(notes_body(notes), indent=1))
    figures: dict[str, Any] = {"reader": loaded.name, "refuse_below": fitted.refuse_below}
    rest = outcomes[1::2]
    sure = [fitted.right.probability(one.signals) for one in rest]
    answers = [fitted.found.probability(one.signals) >= fitted.refuse_below for one in rest]
    figures["auroc_right"] = auroc(sure, [one.right for one in rest])
    figures["expected_calibration_error"] = expected_error(
        reliability(sure, [one.right for one in rest])
    )
    for name, wanted in (("answerable", True), ("unanswerable", False)):
        own = [said for said, one in zip(answers, rest, strict=True) if one.answerable is wanted]
        figures[f"{name}_refused"] = 1 - sum(own) / len(own) if own else None
    if as_json:
        typer.echo(json.dumps(figures))
        return
    console.print(f"Calibrated {loaded.name}: {loaded.folder / READER_FILE}")
    for name, value in figures.items():
        console.print(f"  {name}: {value}")


def read_outcomes(
    settings: Settings, reader: AnyReader, questions: list[Path], top_k: int, console: Console
) -> list[Outcome]:
    """What the reader makes of every question, in order."""
    from evaluation.confidence.held_back import outcomes_of, outcomes_of_examples
    from evaluation.questions import read_questions
    from trainer.reader.drawing.examples import holds_reading_examples, read_reading_examples

    found: list[Outcome] = []
    for path in questions:
        with progress_bar(console, f"Reading {path.name}") as report:
            told = lambda share, report=report: report("questions", share)  # noqa: E731
            if holds_reading_examples(path):
                found += outcomes_of_examples(reader, read_reading_examples(path), told)
                continue
            with published_generation(settings) as generation:
                found += outcomes_of(generation, reader, read_questions(path), top_k, told)
    return found


@contextmanager
def published_generation(settings: Settings) -> Iterator[Generation]:
    """The generation that serves; NoGeneration where there is none."""
    from reread.artefacts.generation import Generation
    from reread.artefacts.publication import current

    place = home_of(settings)
    published = current(place)
    if published is None:
        raise NoGeneration("Nothing is published in this home; run `reread build` first.")
    generation = Generation.open(place, published.number)
    try:
        yield generation
    finally:
        generation.close()
