"""A home that the version before the rooms wrote opens, answers, learns and goes back."""

import json
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from command.__main__ import run
from reread.artefacts.checkpoints import latest_checkpoint
from reread.artefacts.manifest import read_manifest
from reread.artefacts.publication import current
from reread.home import Home, numbers
from reread.log.attention_log import SqliteAttentionLog
from reread.log.jobs import JobBoard
from reread.reader.reader import Reader
from tests.worlds.serving import Running, running, until
from tests.worlds.training import make_parts, request, trainer_thread, wait_for_end

ARCHIVE = Path(__file__).parent / "before_rooms.tar.xz"
MOST_BYTES = 300_000


@pytest.fixture
def world(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def expected(world: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((world / "expected.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def service(world: Path) -> Iterator[Running]:
    reader = Reader.load(str(world / "reader"), device="cpu", max_answer_tokens=4)
    with running(world / "home", None, reader, device="cpu") as made:
        until(lambda: made.parts.pipeline.live.number == 2)
        yield made


def test_the_archive_stays_small() -> None:
    assert ARCHIVE.stat().st_size < MOST_BYTES


def test_what_it_holds_is_all_there(world: Path, expected: dict[str, Any]) -> None:
    home = Home(world / "home")
    published, newest = current(home), latest_checkpoint(home)
    assert published is not None and published.number == 2
    assert newest is not None and (newest.number, newest.cursor) == (1, 6)
    assert [read_manifest(home.generations_dir / n).retriever for n in ("1", "2")] == [
        "bm25", "late",
    ]  # fmt: skip
    log = SqliteAttentionLog(home.log_file)
    try:
        for body in expected["answers"]:
            record = log.get(body["id"])
            assert record is not None
            assert (record.question, record.answer) == (body["question"], body["answer"])
            assert [one.id for one in record.passages] == [p["id"] for p in body["passages"]]
            logged = [one.attention for one in record.passages]
            assert logged == pytest.approx([p["attention"] for p in body["passages"]])
    finally:
        log.close()
    board = JobBoard(home.jobs_file)
    assert [(job.state, job.generation) for job in board.list()] == [("queued", None)]
    board.close()


def test_it_answers_as_it_did(service: Running, expected: dict[str, Any]) -> None:
    assert service.client.get("/readyz").json()["generation"] == 2
    for body in expected["answers"][:3]:
        again = service.client.get(f"/relevance/{body['id']}").json()
        assert again["question"] == body["question"]
        assert [p["attention"] for p in again["passages"]] == pytest.approx(
            [p["attention"] for p in body["passages"]]
        )
    found = service.client.get("/search?q=What+is+said+of+Owls&top_k=4").json()
    before = [p["id"] for p in expected["search"]["passages"]]
    now = [p["id"] for p in found["passages"]]  # what has nothing to do with it is left out now
    assert now and now == [id for id in before if id in now]
    assert any("Owls" in p["text"] for p in found["passages"])
    answer = service.client.post("/answer", json={"question": "What is said of Owls?"})
    assert answer.status_code == 200 and answer.json()["generation"] == 2


SHARED = (  # each with words of several passages: one passage alone teaches nothing
    "Which capital lies on a river?", "What is the capital of Germany or Italy?",
    "What is made with water?", "What does rust in water?", "What is played by two people?",
)  # fmt: skip


@pytest.mark.slow
def test_it_is_taught_further_and_goes_back(world: Path, service: Running) -> None:
    home = Home(world / "home")
    builder = [sys.executable, "-m", "index_builder", "build", "--home", str(home.root)]
    parts = make_parts(home, Path("encoder"), epochs=1)
    parts = replace(parts, build_command=[*builder, "--device", "cpu"])
    joined = request(home, force=True)  # the one that was interrupted, which is done in no time
    with trainer_thread(parts):
        left = wait_for_end(home, joined)
        assert (left.state, left.error, left.generation) == ("done", None, 2)
        for question in SHARED:
            assert service.client.post("/answer", json={"question": question}).status_code == 200
        job = wait_for_end(home, request(home, force=True), timeout_s=240)
    assert (job.state, job.error, job.generation) == ("done", None, 3)
    assert read_manifest(home.generations_dir / "3").retriever == "late"
    assert numbers(home.generations_dir) == [1, 2, 3]
    for wanted in (2, 1):
        assert run(["rollback", "--home", str(home.root)]) == 0
        published = current(home)
        assert published is not None and published.number == wanted
