"""The whole circle with real processes over HTTP: ask, log, distil, publish, swap, roll back, stop.

The models are tiny and random, so nothing is said here about quality; everything else is real.
"""

import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from command.__main__ import run
from reread.records import Passage
from tests.processes.walks.installation import Installation
from tests.worlds.tiny import make_reader

QUESTIONS = [f"Which capital lies on river {n}?" for n in range(30)]  # words of three passages


@pytest.fixture(scope="module")
def tiny_reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_reader(tmp_path_factory.mktemp("tiny_reader"))


@pytest.fixture
def installation(tmp_path: Path, tiny_reader: Path, tiny_encoder: Path) -> Installation:
    return Installation(tmp_path, tiny_reader, tiny_encoder)


@pytest.fixture
def corpus_file(tmp_path: Path, twelve_passages: list[Passage]) -> Path:
    path = tmp_path / "corpus.jsonl"
    lines = [json.dumps({"id": p.id, "title": p.title, "text": p.text}) for p in twelve_passages]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_loop_from_an_empty_home_to_rollback(installation: Installation, corpus_file: Path):
    process = installation.serve()
    try:
        refused = installation.ask("Anything?")
        assert refused.status_code == 503 and "reread" in refused.json()["detail"]

        assert installation.command("ingest", str(corpus_file)).returncode == 0
        assert installation.command("build").returncode == 0
        installation.until(lambda: installation.generation() == 1, 60)

        first = installation.ask(QUESTIONS[0]).json()
        assert len(first["passages"]) >= 2 and first["generation"] == 1  # those that share words
        logged = installation.client.get(f"/relevance/{first['id']}").json()
        assert [p["attention"] for p in logged["passages"]] == [
            p["attention"] for p in first["passages"]
        ]

        answers = ask_under_load(
            installation, during=lambda: installation.until_ended(installation.retrain())
        )
        assert {status for status, _ in answers} == {200}
        assert {body["generation"] for _, body in answers} == {1, 2}
        installation.until(lambda: installation.generation() == 2, 60)

        swap_to_a_net_and_back(installation)
        status = json.loads(installation.command("status", "--json").stdout)
        assert status["current"] == 2 and status["generations"] == [1, 2, 3]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", installation.port))

    process = installation.serve()
    try:
        installation.until(lambda: installation.generation() == 2, 60)
        kept = installation.client.get(f"/relevance/{first['id']}")
        assert kept.status_code == 200 and kept.json()["question"] == QUESTIONS[0]
    finally:
        trainer = installation.client.get("/info").json()["pids"]["trainer"]
        process.kill()  # no chance to say goodbye: the trainer must notice by itself
        process.wait(10)
        if trainer:
            installation.until(lambda: not is_alive(trainer), 60)


def ask_under_load(installation: Installation, during) -> list[tuple[int, dict]]:
    """Ask at concurrency 4 while `during` runs, until what its job published answers.

    With pauses: without any, a trainer that gives way to answers gets little of two cores.
    """
    answers: list[tuple[int, dict]] = []
    stop = threading.Event()

    def loop(offset: int) -> None:
        turn = offset
        while not stop.is_set():
            response = installation.ask(QUESTIONS[turn % len(QUESTIONS)])
            answers.append((response.status_code, response.json()))
            turn += 1
            stop.wait(0.4)

    threads = [threading.Thread(target=loop, args=(7 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1.0)
        job = during()
        assert job["state"] == "done", job["error"]
        installation.until(lambda: installation.generation() == job["generation"], 60)
        time.sleep(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    return answers


def swap_to_a_net_and_back(installation: Installation) -> None:
    """A transformer's generation gives way to a CNN's and comes back under load, nothing lost."""
    assert installation.student() == "transformer"
    there = ask_under_load(installation, during=lambda: teach_a_net_over_a_kill(installation))
    assert installation.student() == "cnn"
    back = ask_under_load(installation, during=lambda: roll_back(installation))
    assert installation.student() == "transformer"
    for answers in (there, back):
        assert {status for status, _ in answers} == {200}
        assert {body["generation"] for _, body in answers} == {2, 3}
    for _, body in [*there, *back]:
        kept = installation.client.get(f"/relevance/{body['id']}").json()
        assert (kept["question"], kept["generation"]) == (body["question"], body["generation"])


def teach_a_net_over_a_kill(installation: Installation) -> dict:
    """SIGKILL the trainer while it works; the job must end as done all the same."""
    job = installation.retrain(teacher="attention", student="cnn", objective="soft_labels")
    installation.until(lambda: installation.job(job)["state"] == "running", 60)
    os.kill(installation.client.get("/info").json()["pids"]["trainer"], signal.SIGKILL)
    ended = installation.until_ended(job, 400)
    kinds = [ended["metrics"][when]["costs"]["student"] for when in ("before", "after")]
    assert kinds == ["transformer", "cnn"]  # for people to weigh
    return ended


def roll_back(installation: Installation) -> dict:
    assert installation.command("rollback").returncode == 0
    return {"state": "done", "generation": 2}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_taken_port_is_one_sentence(installation: Installation):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", installation.port))
        taken.listen()
        done = installation.command("serve")
    assert done.returncode == 1
    assert str(installation.port) in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("build",), 1, "reread ingest"),
        (("ingest", "/no/such/folder"), 2, "/no/such/folder"),
        (("build", "--retriever", "magic"), 2, "bm25, dense, late"),
        (("rollback",), 1, "no generation"),
        (("ask", "Anybody?"), 1, "reread serve"),
        (("evaluate", "--questions", "/no/such.jsonl"), 2, "/no/such.jsonl"),
    ],
)
def test_mistakes_get_a_sentence_and_a_code(
    installation: Installation,
    arguments: tuple[str, ...],
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    assert run(list(arguments)) == code
    complaint = capsys.readouterr().err
    assert words in complaint.replace("\n", " ") and "Traceback" not in complaint


def test_a_mistake_is_what_the_process_ends_with(installation: Installation):
    done = installation.command("unknown-command")
    assert done.returncode == 2
    assert "unknown-command" in done.stderr and "Traceback" not in done.stderr


def test_unknown_model_without_network(installation: Installation, corpus_file: Path):
    installation.environment["REREAD_READER"] = "nobody/no-such-reader"
    installation.environment["HF_HUB_OFFLINE"] = "1"
    done = installation.command("serve")
    assert done.returncode == 1
    assert "REREAD_READER" in done.stderr and "Traceback" not in done.stderr
