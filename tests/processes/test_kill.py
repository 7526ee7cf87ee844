"""SIGKILL at the worst moments: the job ends `done` all the same, and publishes once."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from reread.artefacts.checkpoints import write_checkpoint
from reread.artefacts.publication import activate, current
from reread.home import Home, numbers
from reread.processes import PARENT_GONE, is_alive
from tests.worlds.small_builder import build
from tests.worlds.tiny import make_encoder
from tests.worlds.training import (
    ROOT,
    job_of,
    make_home,
    make_parts,
    request,
    trainer_process,
    trainer_thread,
    wait_for,
    wait_for_end,
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"))


def finish(home: Home, encoder: Path, job_id: str) -> None:
    """A fresh trainer brings the job to its end, with one published generation in all."""
    with trainer_thread(make_parts(home, encoder)):
        job = wait_for_end(home, job_id)
    assert (job.state, job.error) == ("done", None)
    assert numbers(home.checkpoints_dir) == [1]
    assert numbers(home.generations_dir) == [1]
    serving = current(home)
    assert serving is not None and serving.number == job.generation == 1


@pytest.mark.parametrize("point", ["K1", "finish"])
def test_killed_at_a_failpoint(tmp_path: Path, encoder: Path, point: str) -> None:
    home = make_home(tmp_path, records=30)
    job_id = request(home)
    with trainer_process(home, encoder, REREAD_FAILPOINT=point) as trainer:
        assert trainer.wait(240) == 137
    assert job_of(home, job_id).state == "running"
    assert numbers(home.generations_dir) == ([1] if point == "finish" else [])
    finish(home, encoder, job_id)


def test_killed_while_training(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=100)
    job_id = request(home, epochs=15)
    with trainer_process(home, encoder) as trainer:
        wait_for(lambda: job_of(home, job_id).progress > 0.22)
        trainer.kill()
    assert job_of(home, job_id).stage == "training"
    finish(home, encoder, job_id)


def test_killed_while_building_takes_the_builder_along(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=30)
    job_id = request(home)
    with trainer_process(home, encoder, ["--hold", "60"]) as trainer:
        wait_for(lambda: (tmp_path / "builder.pid").exists())
        trainer.kill()
    builder = int((tmp_path / "builder.pid").read_text())
    wait_for(lambda: not is_running(builder), timeout_s=5)
    assert numbers(home.checkpoints_dir) == [1]
    finish(home, encoder, job_id)


def is_running(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


PARENT = """
import subprocess, sys, time
code = "import sys, time; from reread.processes import watch_parent; " \\
       "watch_parent(int(sys.argv[1]), every_s=0.1); time.sleep(60)"
import os
child = subprocess.Popen([sys.executable, "-c", code, str(os.getpid())])
print(child.pid, flush=True)
time.sleep(60)
"""


def test_ends_with_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.5)
    assert is_running(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not is_running(child), timeout_s=5)


def test_a_trainer_whose_parent_is_gone_ends_before_it_loads_anything(tmp_path: Path) -> None:
    """It watched only once its libraries were loaded, half a minute later on a busy machine."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    done = subprocess.run(
        [sys.executable, "-m", "command", "trainer", "--home", str(tmp_path),
         "--parent-pid", str(gone.pid)],
        cwd=ROOT, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == PARENT_GONE
    assert not list(tmp_path.rglob("trainer.pid"))


def test_a_rollback_during_a_retrain_stays(tmp_path: Path, encoder: Path) -> None:
    """Defect: the job's publication undid what a person had chosen while it ran."""
    home = make_home(tmp_path, records=30)
    job_id = request(home)
    with trainer_process(home, encoder, ["--hold", "60"]):
        wait_for(lambda: job_of(home, job_id).stage == "building")
    write_checkpoint(home, Saved(), 0, {}, {})
    build(home, 2, 0)
    activate(home, 1)
    with trainer_thread(make_parts(home, encoder)):
        job = wait_for_end(home, job_id)
    assert job.state == "failed"
    assert job.error is not None and "activated by a person" in job.error
    serving = current(home)
    assert serving is not None and (serving.number, numbers(home.generations_dir)) == (1, [1, 2])


@pytest.mark.slow
def test_a_stopped_trainer_s_builder_publishes_nothing(tmp_path: Path, encoder: Path) -> None:
    """Defect: it went on, and after SIGCONT there were two generations from one checkpoint."""
    home = make_home(tmp_path, records=30)
    job_id = request(home)
    with trainer_process(home, encoder, ["--hold", "60"]) as stale:
        wait_for((home.root / "builder.pid").exists)
        wait_for(lambda: (home.root / "builder.pid").read_text())
        builder = int((home.root / "builder.pid").read_text())
        stale.send_signal(signal.SIGSTOP)
        wait_for(lambda: not is_alive(builder), timeout_s=15)
        finish(home, encoder, job_id)
        stale.send_signal(signal.SIGCONT)
        time.sleep(1.5)
    assert (numbers(home.checkpoints_dir), numbers(home.generations_dir)) == ([1], [1])


class Saved:
    def save(self, folder: Path) -> None:
        folder.mkdir()
