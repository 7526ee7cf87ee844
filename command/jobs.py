"""`reread retrain`: what POST /admin/retrain does, through the home's own job board."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import typer

from command.options import machine_flags, settings_from, stores_of
from command.terminal.console import make_console, progress_bar
from command.terminal.flags import Flags, Given, add_command
from reread.errors import RereadError
from reread.log.stores import Stores
from reread.records import Job
from reread.settings import setting
from trainer.settings import DistilSettings, TrainerSettings

ENDED = ("done", "rejected", "failed", "cancelled")
NOBODY_S = 20.0  # a queued job that no trainer took for so long has no trainer


class JobEnded(RereadError):
    """A job that did not lead to a new generation."""


@dataclass(frozen=True, slots=True)
class Following:
    wait: bool = setting(False, "Follow the job to its end.")
    force: bool = setting(False, "Skip min_questions and the gate; train on everything.")
    as_json: bool = setting(False, "Print JSON instead of text.")


MACHINE = machine_flags("home")
FOLLOWING = Flags(Following, spelled={"as_json": "--json"})
ROUND = Flags(
    TrainerSettings,
    without=("start_encoder", "device", "auto_questions"),
    panel="This round",
    optional=True,
)
STUDENT = Flags(
    DistilSettings,
    spelled={"freeze_word_embeddings": "--freeze-words/--train-words"},
    panel="This round",
    optional=True,
)


def add_commands(app: typer.Typer) -> None:
    add_command(app, "retrain", retrain, (FOLLOWING, MACHINE, ROUND, STUDENT))


def retrain(given: Given) -> None:
    """Train the retriever on the attention log and publish what passes the gate."""
    settings = settings_from(**given.named(MACHINE))
    how = given.of(FOLLOWING)
    params = {**given.named(ROUND), **given.named(STUDENT)}
    settings.trainer.updated(params)
    stores = stores_of(settings)
    board = stores.open_board()
    try:
        job = board.request(params | ({"force": True} if how.force else {}), time.time())
        if how.wait:
            job = follow(stores, job.id)
    finally:
        board.close()
    console = make_console()
    if how.as_json:
        typer.echo(json.dumps(job.to_dict(), indent=1))
    else:
        console.print(describe(job))
    if how.wait and job.state != "done":
        raise JobEnded(f"Job {job.id} ended as {job.state}: {job.error or 'no reason was given'}")


def follow(stores: Stores, job_id: str, clock: Callable[[], float] = time.monotonic) -> Job:
    """Show a job's progress until it ends."""
    board = stores.open_board()
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
