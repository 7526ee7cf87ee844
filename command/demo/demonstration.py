"""`reread demo`: the whole loop on one folder, in front of your eyes.

Ingest, BM25 generation, service, one answer, a stream of questions, one turn of the loop while
they are being answered, and the service stays up. Uses the same commands and HTTP as anybody.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from command.asking import call, key_header
from command.corpus.ingest_report import show_report
from command.demo.audience import Audience, sample_questions
from command.jobs import ENDED
from command.models import sight_of_settings
from command.options import home_of, settings_from
from command.settings import Settings
from command.terminal.answers import show_answer
from command.terminal.console import make_console, progress_bar
from reread.errors import RereadError
from reread.home import Home

if TYPE_CHECKING:
    from reread.live.fit import Sees

START_S = 120.0
QUESTIONS = 48
DEMO_TOP_K = 8
FIRST_QUESTION = "What does textwrap.dedent remove?"  # over Python's own documentation
SETTLE_S = 15.0  # after `done`, the service swaps within its polling interval


class DemoFailed(RereadError):
    """The demonstration could not go on."""


def add_commands(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    docs: Annotated[
        Path | None,
        typer.Option(help="A folder of documents; default: Python's own documentation."),
    ] = None,
    home: Annotated[Path | None, typer.Option("--home", help="Default: ~/.reread-demo.")] = None,
    port: Annotated[int | None, typer.Option(help="Default: 8765, or a free one.")] = None,
    questions: Annotated[int, typer.Option(help="Questions asked before training.")] = QUESTIONS,
    leave: Annotated[bool, typer.Option("--leave", help="Stop instead of keep serving.")] = False,
) -> int:
    """One command: corpus, index, service, a question, one turn of the loop."""
    place = home or Path("~/.reread-demo").expanduser()
    wanted = port or free_port(settings_from(home=place).service.port)
    settings = settings_from(home=place, top_k=DEMO_TOP_K, port=wanted)
    console = make_console()
    interrupt_on_signals()
    made = home_of(settings)
    prepare_corpus(console, made, docs, sight_of_settings(settings))
    server = start_service(settings)
    try:
        wait_until_ready(settings, server)
        show_turn(console, settings, made, questions, FIRST_QUESTION if docs is None else None)
        address = f"http://127.0.0.1:{settings.service.port}"
        console.print(f"\nThe service is running. Open {address} in a browser, or ask:")
        console.print(f'  .venv/bin/reread ask --url {address} --home {made.root} "your question"')
        if not leave:
            console.print("Ctrl-C ends it.")
            return server.wait()
        return 0
    except KeyboardInterrupt:
        console.print("\nStopping.")
        return 0
    finally:
        stop_service(server)


def interrupt_on_signals() -> None:
    """Every request to end is a Ctrl-C: none may leave the service behind.

    SIGINT too, because a shell that starts a command in the background has it ignored.
    """

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def prepare_corpus(console: Console, home: Home, docs: Path | None, sight: Sees) -> None:
    """Passages and a BM25 generation, unless this home has them already for the same documents."""
    from command.demo.python_docs import python_documents
    from index_builder.build.generation import build_generation
    from index_builder.build.plan import Plan
    from index_builder.ingest.run import ingest

    console.rule("1. Documents to passages")
    with progress_bar(console, "Reading documents") as report:
        if docs is None:
            documents = python_documents()
            outcome = ingest(home, [], documents=documents, progress=report, sight=sight)
        else:
            outcome = ingest(home, [docs], progress=report, sight=sight)
    show_report(outcome)
    console.rule("2. A first index, without any model (BM25)")
    with progress_bar(console, "Building") as report:
        number = build_generation(home, Plan("bm25"), progress=report)
    console.print(f"Generation {number} is published.")


def show_turn(
    console: Console, settings: Settings, home: Home, count: int, first: str | None
) -> None:
    """Answer, log, distil, rebuild, swap - while questions keep coming."""
    from reread.artefacts.passages import open_corpus

    asked = sample_questions(open_corpus(home), count)
    if not asked:
        raise DemoFailed("The documents gave no questions to ask; give a folder with more text.")
    first = first or asked[0]
    console.rule("3. A question")
    show_answer(console, call(settings, None, "POST", "/answer", {"question": first}))
    console.rule(f"4. {len(asked)} questions, each answer's attention logged")
    audience = Audience(settings, asked)
    with progress_bar(console, "Asking") as report:
        audience.ask_all(report)
    console.print(audience.summary())
    console.rule("5. One turn of the loop, while questions are answered")
    before = ready_generation(settings)
    job = call(settings, None, "POST", "/admin/retrain", {"force": True, "epochs": 2})["job"]
    with audience.keep_asking():
        job = follow(console, settings, job["id"])
        if job["state"] != "done":
            raise DemoFailed(f"The retraining ended as {job['state']}: {job.get('error')}")
        wait_for_generation(settings, before)
    console.print(audience.summary())
    console.print(f"Generation {before} -> {ready_generation(settings)}; {explain(job)}")
    if said := in_words(job):
        console.print(said)
    console.rule("6. The first question again, with the retriever that taught itself")
    show_answer(console, call(settings, None, "POST", "/answer", {"question": first}))


def explain(job: dict[str, object]) -> str:
    """What the job says about itself, in one line."""
    metrics = job.get("metrics") or {}
    parts = [
        f"{name} {value:.3f}"
        for name, value in _flat("", metrics)
        if isinstance(value, float) and ("agreement" in name or "loss" in name)
    ]
    said = "; ".join(parts[:6]) or "trained on the log"
    after = metrics.get("after") if isinstance(metrics, dict) else None
    trained_on = isinstance(after, dict) and after.get("trained_on")
    return f"{said} (on questions it was trained on)" if trained_on else said


def in_words(job: Mapping[str, Any]) -> str:
    """What top_1_agreement means, with its values; empty where the job has none.

    >>> figures = {"before": {"top_1_agreement": 0.4}, "after": {"top_1_agreement": 0.55}}
    >>> in_words({"metrics": figures})[-54:]
    'leaned on most came first for 40, and now does for 55.'
    """
    metrics = job.get("metrics") or {}
    old, now = (metrics.get(name, {}).get("top_1_agreement") for name in ("before", "after"))
    if old is None or now is None:
        return ""
    return (
        f"That is: of 100 questions, the passage that the reader leaned on most came first "
        f"for {100 * old:.0f}, and now does for {100 * now:.0f}."
    )


def _flat(prefix: str, value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        return [(prefix, value)]
    return [x for k, v in value.items() for x in _flat(f"{prefix} {k}".strip(), v)]


def follow(console: Console, settings: Settings, job_id: str) -> dict[str, object]:
    """Poll the job over HTTP, showing its stages."""
    with progress_bar(console, "Retraining") as report:
        while True:
            body = call(settings, None, "GET", f"/admin/jobs/{job_id}")
            job: dict[str, object] = body.get("job", body)
            report(str(job.get("stage") or job["state"]), float(str(job.get("progress") or 0.0)))
            if job["state"] in ENDED:
                return job
            time.sleep(0.5)


def ready_generation(settings: Settings) -> int:
    """The generation that answers now."""
    return int(call(settings, None, "GET", "/readyz")["generation"])


def wait_for_generation(settings: Settings, before: int) -> None:
    """Until the service answers from another generation than `before`."""
    deadline = time.monotonic() + SETTLE_S
    while ready_generation(settings) == before:
        if time.monotonic() > deadline:
            raise DemoFailed(f"The service still answers from generation {before}; see its log.")
        time.sleep(0.2)


def start_service(settings: Settings) -> subprocess.Popen[bytes]:
    """`reread serve` as a child, its log in the home."""
    command = [
        sys.executable, "-m", "command", "serve", "--home", str(settings.home),
        "--port", str(settings.service.port), "--top-k", str(settings.service.top_k),
    ]  # fmt: skip
    log = Home(settings.home).service_output_file.open("ab")
    with log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ.copy())


def wait_until_ready(settings: Settings, server: subprocess.Popen[bytes]) -> None:
    """Until /readyz says so; raises DemoFailed with the end of the log if the child dies."""
    import httpx2

    deadline = time.monotonic() + START_S
    address = f"http://127.0.0.1:{settings.service.port}/readyz"
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            if httpx2.get(address, timeout=5, headers=key_header(settings)).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.3)
    log = Home(settings.home).service_output_file.read_text(encoding="utf-8", errors="replace")
    raise DemoFailed(f"The service did not become ready; its log ends with:\n{log[-1500:]}")


def stop_service(server: subprocess.Popen[bytes]) -> None:
    """SIGTERM, then wait for the drain."""
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else one the system chooses."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted
