"""`reread calibrate`: fits a reader's confidence and its refusals to held-back questions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from command.models import reader_loader, set_threads
from command.options import HomeOption, JsonOption, ReaderOption, home_of, settings_from
from command.terminal.console import make_console, progress_bar
from reread.errors import BadRequest, NoGeneration


def add_commands(app: typer.Typer) -> None:
    app.command()(calibrate)


def calibrate(
    questions: Annotated[Path, typer.Option(help="JSONL: question, answers.")],
    home: HomeOption = None,
    reader: ReaderOption = None,
    top_k: Annotated[int, typer.Option(min=1, max=100, help="Passages read per question.")] = 10,
    wrongly_refused: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of answerable questions given up.")
    ] = 0.05,
    as_json: JsonOption = False,
) -> None:
    """Write the calibration beside the reader's weights (`reader.json`).

    The questions must be ones that nothing trained on. Half of them, every second one, are fitted;
    the figures printed are of the other half.
    """
    from evaluation.confidence.calibration import auroc, calibrate, expected_error, reliability
    from evaluation.confidence.held_back import outcomes_of
    from evaluation.questions import read_questions
    from reread.artefacts.generation import Generation
    from reread.artefacts.publication import current
    from reread.commit import replace_text
    from reread.reader.confidence import READER_FILE, notes_body, weights_of

    settings = settings_from(home=home, reader=reader)
    place = home_of(settings)
    published = current(place)
    if published is None:
        raise NoGeneration("Nothing is published in this home; run `reread build` first.")
    set_threads(settings)
    loaded = reader_loader(settings)()
    if loaded.folder is None:
        raise BadRequest(
            f"The reader {loaded.name} is no local folder to write beside; save it to one first."
        )
    labelled = read_questions(questions)
    console = make_console(stderr=as_json)
    generation = Generation.open(place, published.number)
    try:
        with progress_bar(console, "Calibrating") as report:
            outcomes = outcomes_of(
                generation, loaded, labelled, top_k, lambda share: report("questions", share)
            )
    finally:
        generation.close()
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
