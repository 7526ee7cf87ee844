"""`reread evaluate`: answers and retrieval on labelled questions, and two evaluations compared."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from command.models import reader_loader, set_threads
from command.options import home_of, machine_flags, settings_from
from command.settings import Settings
from command.terminal.console import make_console, progress_bar
from command.terminal.figures import comparison_lines, evaluation_lines
from command.terminal.flags import Flags, Given, add_command
from reread.errors import BadRequest, NoGeneration
from reread.home import Home
from reread.settings import setting

if TYPE_CHECKING:
    from evaluation.figures import Figures


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is measured and how, or which two measurements are compared."""

    questions: Path | None = setting(
        None, "JSONL: question, answers, passage_id?; or BEIR's folder with --no-reader."
    )
    run: Path | None = setting(None, "A TREC run to measure with --qrels, whoever made it.")
    qrels: Path | None = setting(None, "With --run: TREC's or BEIR's qrels.")
    top_k: int = setting(20, "Passages read per question, 1 to 100.")
    depths: tuple[str, ...] = setting(
        ("1", "5", "20", "100"), "Recall depths; those beyond the corpus are left out."
    )
    split: str | None = setting(None, "Only lines whose `split` is this.")
    limit: int | None = setting(None, "Only the first N questions.")
    generation: int | None = setting(None, "Number of a generation; none: the published one.")
    no_reader: bool = setting(False, "Retrieval only.")
    long_answers: bool = setting(False, "Also ROUGE-L, BLEU-1/4 and METEOR.")
    results: Path | None = setting(None, "Write per-question JSONL here.")
    seed: int = setting(0, "Of the bootstrap's draws.")
    compare: tuple[Path, Path] | None = setting(None, "Two --results files: is B better than A?")
    metric: list[str] | None = setting(None, "With --compare: this figure only; repeatable.")
    as_json: bool = setting(False, "Print JSON instead of text.")

    def __post_init__(self) -> None:
        if self.compare is not None and (self.questions is not None or self.results is not None):
            raise BadRequest("--compare reads two results files; leave out --questions, --results.")
        if (self.run is None) != (self.qrels is None):
            raise BadRequest("--run and --qrels go together: name both files.")
        if self.run is not None:
            if self.questions is not None or self.compare is not None:
                raise BadRequest("--run measures a file; leave out --questions and --compare.")
            return self._check_numbers()
        if self.questions is not None and self.questions.is_dir() and not self.no_reader:
            raise BadRequest(f"{self.questions} holds no answers; add --no-reader.")
        if self.compare is None and self.questions is None:
            raise BadRequest(
                "Name the questions with --questions FILE, or two results with --compare."
            )
        if self.compare is None and self.metric:
            raise BadRequest("--metric chooses among the figures of --compare; leave it out here.")
        self._check_numbers()
        if self.long_answers and self.no_reader:
            raise BadRequest("--long-answers measures a reader's answers; leave out --no-reader.")
        if self.results is not None and not self.results.absolute().parent.is_dir():
            raise BadRequest(
                f"The folder of --results {self.results} does not exist; make it first."
            )

    def _check_numbers(self) -> None:
        if not 1 <= self.top_k <= 100:
            raise BadRequest(f"--top-k is {self.top_k}; choose 1 to 100.")
        if self.limit is not None and self.limit < 1:
            raise BadRequest(f"--limit is {self.limit}; choose at least 1.")
        if self.seed < 0:
            raise BadRequest(f"--seed is {self.seed}; choose at least 0.")
        for part in self.depths:
            if not (part.isascii() and part.isdigit() and 1 <= int(part) <= 1000):
                text = ",".join(self.depths)
                raise BadRequest(
                    f"--depths is {text!r}; give numbers from 1 to 1000, as in 1,5,20,100."
                )


MACHINE = machine_flags("home", "reader", "device")
EVALUATION = Flags(Evaluation, spelled={"as_json": "--json"})


def add_commands(app: typer.Typer) -> None:
    add_command(app, "evaluate", evaluate, (EVALUATION, MACHINE))


def evaluate(given: Given) -> None:
    """Measure answers and retrieval, or compare two such measurements."""
    how = given.of(EVALUATION)
    if how.compare is not None:
        return _compare(*how.compare, how.metric or [], seed=how.seed, as_json=how.as_json)
    if how.run is not None and how.qrels is not None:
        return _measure_run(how.run, how.qrels, how)
    number, figures = _measure(settings_from(**given.named(MACHINE)), how)
    if how.results is not None:
        from evaluation.results_file import write_results

        write_results(how.results, figures.lines)
    body = {"generation": number, **figures.metrics}
    return _show(body, evaluation_lines(number, figures.metrics), as_json=how.as_json)


def _measure_run(run: Path, qrels: Path, how: Evaluation) -> None:
    from evaluation.formats.trec import measure_run, read_qrels, read_run

    depths = sorted({int(part) for part in how.depths})
    figures, queries = measure_run(read_qrels(qrels), read_run(run), depths)
    lines = [f"{queries} judged queries", *(f"{name:14} {x:.4f}" for name, x in figures.items())]
    _show({"queries": queries, **figures}, lines, as_json=how.as_json)


def _measure(settings: Settings, how: Evaluation) -> tuple[int, Figures]:
    """(generation, figures) of the published generation, or of the one asked for."""
    from evaluation.figures import measure_figures
    from evaluation.formats.beir import read_labelled
    from evaluation.gold import absent_gold
    from evaluation.long_answers import require_packages
    from evaluation.measure import evaluate as run
    from reread.artefacts.generation import Generation

    assert how.questions is not None  # nothing to compare, so there are some
    questions = read_labelled(how.questions, how.split)[: how.limit]
    if how.long_answers:
        require_packages()
    set_threads(settings)
    place = home_of(settings)
    number = _choose_generation(place, how.generation)
    opened = Generation.open(place, number, device=settings.device)
    reader = None if how.no_reader else reader_loader(settings)()
    with progress_bar(make_console(stderr=how.as_json), "Evaluating") as report:
        outcome = run(
            opened,
            reader,
            questions,
            how.top_k,
            lambda share: report("questions", share),
            depths=sorted({int(part) for part in how.depths}),
        )
    figures = measure_figures(questions, outcome, long_answers=how.long_answers, seed=how.seed)
    absent = absent_gold(opened.passages, questions)
    told = {"absent_gold": None if absent is None else absent.to_json()}
    return number, replace(figures, metrics=figures.metrics | told)


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
