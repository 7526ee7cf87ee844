"""`reread retrain`: what POST /admin/retrain does, through the home's own job board."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from command.options import HomeOption, JsonOption, home_of, settings_from
from command.serving import trainer_settings_of
from command.terminal.console import make_console, progress_bar
from reread.errors import RereadError
from reread.home import Home
from reread.log.jobs import JobBoard
from reread.records import Job

ENDED = ("done", "rejected", "failed", "cancelled")
NOBODY_S = 20.0  # a queued job that no trainer took for so long has no trainer


class JobEnded(RereadError):
    """A job that did not lead to a new generation."""


def add_commands(app: typer.Typer) -> None:
    app.command()(retrain)


def retrain(
    home: HomeOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the job to its end.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Skip min_questions and the gate; train on everything.")
    ] = False,
    objective: Annotated[str | None, typer.Option(help="kl, mse or margin.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the log.")] = None,
    min_questions: Annotated[int | None, typer.Option(help="New questions needed.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Train the retriever on the attention log and publish what passes the gate."""
    settings = settings_from(home=home)
    given: dict[str, Any] = {
        "objective": objective, "epochs": epochs, "min_questions": min_questions,
    }  # fmt: skip
    params = {name: value for name, value in given.items() if value is not None}
    trainer_settings_of(settings).updated(params)
    place = home_of(settings)
    board = JobBoard(place.jobs_file)
    try:
        job = board.request(params | ({"force": True} if force else {}), time.time())
        if wait:
            job = follow(place, job.id)
    finally:
        board.close()
    console = make_console()
    if as_json:
        typer.echo(json.dumps(job.to_dict(), indent=1))
    else:
        console.print(describe(job))
    if wait and job.state != "done":
        raise JobEnded(f"Job {job.id} ended as {job.state}: {job.error or 'no reason was given'}")


def follow(home: Home, job_id: str, clock: Any = time.monotonic) -> Job:
    """Show a job's progress until it ends."""
    board = JobBoard(home.jobs_file)
    began = clock()
    try:
        with progress_bar(make_console(), "Retraining") as report:
            while True:
                job = board.get(job_id)
                if job.state in ENDED:
                    return job
                if job.state == "queued" and clock() - began > NOBODY_S:
                    raise JobEnded(
                        f"Job {job_id} is queued and no trainer has taken it for {NOBODY_S:.0f} s; "
                        "start `reread serve` or `reread trainer`, the job is kept."
                    )
                report(job.stage or job.state, job.progress)
                time.sleep(0.3)
    finally:
        board.close()


def describe(job: Job) -> str:
    """One line about a job."""
    if job.state == "done":
        return f"Job {job.id} is done: generation {job.generation} is published."
    return f"Job {job.id} is {job.state}" + (f": {job.error}" if job.error else ".")
