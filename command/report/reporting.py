"""`reread report`: one self-contained page about a home, for whoever looks after it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from command.models import set_threads
from command.options import HomeOption, home_of, settings_from, stores_of
from command.terminal.console import make_console, progress_bar
from reread.errors import RereadError
from reread.home import Home, numbers
from reread.log.stores import Stores
from reread.records import AnswerRecord, Feedback, Job

if TYPE_CHECKING:
    from command.report.lessons import Lessons
    from command.report.page import Report, Round
    from reread.artefacts.passages import PassageStore

ROUNDS = 20
Log = tuple[list[AnswerRecord], dict[str, Feedback]]  # oldest first; the latest word on each


def add_commands(app: typer.Typer) -> None:
    app.command()(report)


def report(
    output: Annotated[Path, typer.Option(help="The HTML file.")] = Path("report.html"),
    home: HomeOption = None,
    answers: Annotated[int, typer.Option(min=1, help="The newest answers looked at.")] = 20_000,
    examples: Annotated[
        int, typer.Option(min=0, help="Questions compared between the last two generations.")
    ] = 200,
) -> None:
    """Write how a home stands: quality, confidence, speed, gaps, and what was learnt."""
    from command.report.page import page
    from reread.commit import replace_text

    settings = settings_from(home=home)
    set_threads(settings)
    console = make_console()
    with progress_bar(console, "Looking") as progress:
        made = gather(stores_of(settings), home_of(settings), answers, examples, progress)
    replace_text(output, page(made))
    console.print(f"The report is in {output}; it opens in any browser.", markup=False)


def gather(
    stores: Stores,
    home: Home,
    answers: int,
    examples: int,
    progress: Callable[[str, float], None],
) -> Report:
    """Everything the page says; what cannot be opened is said there."""
    from command.report.page import Report
    from command.report.survey import survey_log
    from reread.artefacts.documents import documents_of
    from reread.artefacts.passages import open_corpus
    from reread.artefacts.publication import current
    from reread.live.guards import standing

    store = standing(home, open_corpus(home))
    progress("the log", 0.0)
    records, said = read_log(stores, answers)
    records = [one for one in records if is_for_everybody(one, store)]
    figures = survey_log(records, said, store)
    progress("the last two generations", 0.4)
    lessons, no_lessons = learnt(home, records, said, examples)
    progress("retrainings", 0.9)
    with closing(stores.open_board()) as board:
        jobs = sorted(board.list(), key=lambda job: -job.created_s)
    serving = current(home)
    return Report(
        home=str(home.root),
        when=moment(datetime.now(UTC).timestamp()),
        serving=None if serving is None else serving.number,
        documents=sum(1 for _ in documents_of(store)),
        log=figures,
        kept=numbers(home.generations_dir),
        quality=quality(home, jobs),
        rounds=[round_of(job) for job in jobs[:ROUNDS]],
        lessons=lessons,
        no_lessons=no_lessons,
    )


def read_log(stores: Stores, answers: int) -> Log:
    with closing(stores.open_log()) as log:
        cursor = max(0, log.last_sequence() - answers)
        records = log.read_since(cursor, answers)
        return records, {one.answer_id: one for one in log.feedback_since(cursor)}


def is_for_everybody(record: AnswerRecord, store: PassageStore) -> bool:
    """Whether the page, which anybody may be sent, may quote it."""
    return not record.labels and all(store.is_open(one.id) for one in record.passages)


def learnt(
    home: Home, records: Sequence[AnswerRecord], said: Mapping[str, Feedback], examples: int
) -> tuple[Lessons | None, str]:
    """The serving generation beside the one before it; None with a sentence where that fails."""
    from command.report.lessons import compare
    from reread.artefacts.generation import Generation
    from reread.artefacts.publication import current
    from reread.live.guards import standing

    serving = current(home)
    older = [] if serving is None else numbers(home.generations_dir)
    older = [number for number in older if serving is not None and number < serving.number]
    if serving is None or not older:
        return None, "There is no earlier generation to compare with yet."
    newest = {
        one.question: one for one in records if one.words and one.found and len(one.passages) > 1
    }
    wanted = [(one, favourite_of(one, said)) for one in newest.values()][-examples:]
    if not wanted or not examples:
        return None, "No question was answered yet that could be compared."
    try:
        with (
            closing(Generation.open(home, older[-1])) as before,
            closing(Generation.open(home, serving.number)) as after,
        ):
            standing(home, before.passages), standing(home, after.passages)
            return compare(before, after, [r for r, _ in wanted], [id for _, id in wanted]), ""
    except RereadError as error:
        return None, f"The two generations cannot be compared: {error}"


def favourite_of(record: AnswerRecord, said: Mapping[str, Feedback]) -> str:
    """The passage a person marked, else the one the reader leaned on most."""
    word = said.get(record.id)
    if word is not None and word.passage_ids:
        return word.passage_ids[0]
    return max(record.passages, key=lambda one: one.attention).id


def quality(home: Home, jobs: Sequence[Job]) -> list[tuple[int, float]]:
    """Agreement with the reader by generation: of those kept, and of those a job remembers.

    Of one that was never a candidate: what the gate of the next one said of it.
    """
    from reread.artefacts.manifest import read_manifest

    metrics: dict[int, Mapping[str, Any]] = {
        one.generation: one.metrics for one in jobs if one.generation is not None
    }
    for number in numbers(home.generations_dir):
        with suppress(RereadError):
            kept = read_manifest(home.generations_dir / str(number)).metrics
            metrics[number] = kept or metrics.get(number, {})
    found = {number: figure(one, "after", "ndcg") for number, one in metrics.items()}
    for number, following in pairwise(sorted(metrics)):
        if found[number] is None:
            found[number] = figure(metrics[following], "before", "ndcg")
    return [(number, value) for number, value in sorted(found.items()) if value is not None]


def round_of(job: Job) -> Round:
    from command.report.page import Round

    gate = job.metrics.get("gate") or {}
    questions = figure(job.metrics, "training", "questions")
    return Round(
        when=moment(job.created_s),
        state=job.state,
        generation=job.generation,
        questions=None if questions is None else int(questions),
        before=figure(job.metrics, "before", "ndcg"),
        after=figure(job.metrics, "after", "ndcg"),
        seconds=figure(job.metrics, "training", "seconds"),
        reason=str(job.error or gate.get("reason") or ""),
    )


def figure(metrics: Mapping[str, Any], part: str, name: str) -> float | None:
    """A number of a job's metrics, whatever version wrote them."""
    value = (metrics.get(part) or {}).get(name)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
