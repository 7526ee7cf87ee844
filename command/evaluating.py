"""`reread evaluate`: answers and retrieval on labelled questions, and two evaluations compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from command.models import reader_loader, set_threads
from command.options import HomeOption, JsonOption, ReaderOption, home_of, settings_from
from command.settings import Settings
from command.terminal.console import make_console, progress_bar
from command.terminal.figures import comparison_lines, evaluation_lines
from reread.errors import BadRequest, NoGeneration
from reread.home import Home

if TYPE_CHECKING:
    from evaluation.figures import Figures
    from evaluation.questions import LabelledQuestion

DEFAULT_DEPTHS = "1,5,20,100"


def add_commands(app: typer.Typer) -> None:
    app.command()(evaluate)


def evaluate(
    questions: Annotated[
        Path | None, typer.Option(help="JSONL: question, answers, passage_id?")
    ] = None,
    home: HomeOption = None,
    top_k: Annotated[int, typer.Option(help="Passages read per question.")] = 20,
    depths: Annotated[
        str, typer.Option(help="Recall depths; those beyond the corpus are left out.")
    ] = DEFAULT_DEPTHS,
    split: Annotated[str | None, typer.Option(help="Only lines whose `split` is this.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N questions.")] = None,
    generation: Annotated[int | None, typer.Option(help="Default: the published one.")] = None,
    no_reader: Annotated[bool, typer.Option("--no-reader", help="Retrieval only.")] = False,
    long_answers: Annotated[
        bool, typer.Option("--long-answers", help="Also ROUGE-L, BLEU-1/4 and METEOR.")
    ] = False,
    reader: ReaderOption = None,
    results: Annotated[Path | None, typer.Option(help="Write per-question JSONL here.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap's draws.")] = 0,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A B", help="Two --results files: is B better than A?"),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="With --compare: this figure only; repeatable.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure answers and retrieval, or compare two such measurements."""
    if compare is not None:
        if questions is not None or results is not None:
            raise BadRequest("--compare reads two results files; leave out --questions, --results.")
        return _compare(*compare, metric or [], seed=seed, as_json=as_json)
    if questions is None:
        raise BadRequest("Name the questions with --questions FILE, or two results with --compare.")
    if metric:
        raise BadRequest("--metric chooses among the figures of --compare; leave it out here.")
    if not 1 <= top_k <= 100:
        raise BadRequest(f"--top-k is {top_k}; choose 1 to 100.")
    if long_answers and no_reader:
        raise BadRequest("--long-answers measures a reader's answers; leave out --no-reader.")
    if results is not None and not results.absolute().parent.is_dir():
        raise BadRequest(f"The folder of --results {results} does not exist; make it first.")
    wanted = _parse_depths(depths)
    settings = settings_from(home=home, reader=reader)
    number, figures = _measure(
        settings,
        _read_questions(questions, split, limit),
        generation,
        None if no_reader else reader_loader(settings),
        Run(top_k, wanted, long_answers, seed, quiet=as_json),
    )
    if results is not None:
        from evaluation.results_file import write_results

        write_results(results, figures.lines)
    body = {"generation": number, **figures.metrics}
    _show(body, evaluation_lines(number, figures.metrics), as_json=as_json)


@dataclass(frozen=True, slots=True)
class Run:
    """How one measurement is made; `quiet` keeps stdout for JSON."""

    top_k: int
    depths: list[int]
    long_answers: bool
    seed: int
    quiet: bool


def _measure(
    settings: Settings,
    questions: list[LabelledQuestion],
    asked: int | None,
    load_reader: Callable[[], Any] | None,
    how: Run,
) -> tuple[int, Figures]:
    """(generation, figures) of the published generation, or of the one asked for."""
    from evaluation.figures import measure_figures
    from evaluation.long_answers import require_packages
    from evaluation.measure import evaluate as run
    from reread.artefacts.generation import Generation

    if how.long_answers:
        require_packages()
    set_threads(settings)
    place = home_of(settings)
    number = _choose_generation(place, asked)
    opened = Generation.open(place, number)
    reader = None if load_reader is None else load_reader()
    with progress_bar(make_console(stderr=how.quiet), "Evaluating") as report:
        outcome = run(
            opened,
            reader,
            questions,
            how.top_k,
            lambda share: report("questions", share),
            depths=how.depths,
        )
    return number, measure_figures(questions, outcome, long_answers=how.long_answers, seed=how.seed)


def _read_questions(path: Path, split: str | None, limit: int | None) -> list[LabelledQuestion]:
    from evaluation.questions import read_questions

    return read_questions(path, split=split)[:limit]


def _compare(first: Path, second: Path, names: list[str], *, seed: int, as_json: bool) -> None:
    from evaluation.comparison import compare
    from evaluation.results_file import read_results

    found = compare(read_results(first), read_results(second), names, seed=seed).to_json()
    body = {"first": str(first), "second": str(second), **found}
    _show(body, [f"A {first}", f"B {second}", *comparison_lines(found)], as_json=as_json)


def _show(body: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    typer.echo(json.dumps(body, indent=1) if as_json else "\n".join(lines))


def _choose_generation(home: Home, asked: int | None) -> int:
    from reread.artefacts.publication import current

    if asked is not None:
        return asked
    published = current(home)
    if published is None:
        raise NoGeneration("Nothing is published; run `reread ingest PATH` and `reread build`.")
    return published.number


def _parse_depths(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 1000 for part in parts):
        raise BadRequest(f"--depths is {text!r}; give numbers from 1 to 1000, as in 1,5,20,100.")
    return sorted({int(part) for part in parts})
