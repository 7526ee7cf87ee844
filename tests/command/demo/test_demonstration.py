"""The demonstration, on a small folder, as a process: its whole turn, and its end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from command.demo.demonstration import explain

PARTS = ("pump", "valve", "boiler", "filter", "motor", "gauge", "tank", "sensor", "hose", "fan")


def write_documents(folder: Path) -> None:
    folder.mkdir()
    for place, part in enumerate(PARTS):
        (folder / f"{part}.md").write_text(
            f"# The {part}\n\nThe {part} is checked by its operator every {place + 2} days.\n\n"
            f"A worn {part} was once replaced after {place + 20} hours of work.\n"
        )


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(text: str, log: Path, process: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.2)


@contextmanager
def demo(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """The demonstration on ten documents, its port and what it writes."""
    write_documents(folder / "docs")
    port, log = find_free_port(), folder / "demo.log"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for background jobs
    try:
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "command", "demo", "--docs", str(folder / "docs"),
                 "--home", str(folder / "home"), "--port", str(port), "--questions", "12"],
                stdout=stream, stderr=stream, env=os.environ | {"NO_COLOR": "1"},
            )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield process, port, log
    finally:
        process.kill()
        process.wait()


def ends_with_its_service(process: subprocess.Popen[bytes], port: int, number: int) -> None:
    assert httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    process.send_signal(number)
    assert process.wait(90) == 0
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"http://127.0.0.1:{port}/healthz")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_demo_turns_the_loop_and_ends_with_its_service(tmp_path: Path) -> None:
    """SIGINT sent to a background job left the service running on its port."""
    with demo(tmp_path) as (process, port, log):
        wait_for("Ctrl-C ends it", log, process, 600)
        assert "failed: 0" in log.read_text()
        assert "Generation 1 -> 2" in log.read_text()
        assert httpx2.get(f"http://127.0.0.1:{port}/readyz").json()["generation"] == 2
        ends_with_its_service(process, port, signal.SIGINT)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_demo_that_is_ended_in_the_middle_ends_its_service(tmp_path: Path) -> None:
    """SIGTERM left the service running on its port."""
    with demo(tmp_path) as (process, port, log):
        wait_for("3. A question", log, process, 600)
        ends_with_its_service(process, port, signal.SIGTERM)


def test_a_forced_rounds_figures_are_not_shown_as_held_out():
    """The demo forces its round, which trains on what it then measures."""
    metrics = {"after": {"top1_agreement": 0.9, "trained_on": True}}
    assert explain({"metrics": metrics}) == (
        "after top1_agreement 0.900 (on questions it was trained on)"
    )
    metrics["after"]["trained_on"] = False
    assert explain({"metrics": metrics}) == "after top1_agreement 0.900"
    assert explain({}) == "trained on the log"
