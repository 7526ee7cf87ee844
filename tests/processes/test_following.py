"""`reread ingest --watch`, `--sync` and `reread remove` as processes beside a running service."""

import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reread.artefacts.documents import documents_of
from reread.artefacts.passages import open_corpus
from reread.home import Home
from tests.processes.walks.installation import ROOT, Installation
from tests.worlds.tiny import make_reader

FOLLOWS_S, LATEST_S = 5.0, 60.0
START_S = 120.0


@pytest.fixture
def installation(tmp_path: Path, tiny_encoder: Path) -> Installation:
    return Installation(tmp_path, make_reader(tmp_path / "reader"), tiny_encoder)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


def write(docs: Path, name: str, animal: str) -> Path:
    path = docs / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# {name}\n\nThe {animal} sleeps in the stable behind the mill.\n")
    return path


def sources(installation: Installation, animal: str) -> list[str]:
    """Where the service has passages with this word from, as it shows them."""
    body = installation.client.get("/search", params={"q": f"the {animal}", "top_k": 50}).json()
    return sorted(one["source"] for one in body["passages"] if animal in one["text"])


@contextmanager
def watching(installation: Installation, docs: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, from when it says that it watches."""
    process = subprocess.Popen(
        [sys.executable, "-m", "command", "ingest", "--watch", str(docs)],
        cwd=ROOT, env=installation.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Watching for changes" in line:
                break
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


@contextmanager
def serving(installation: Installation, docs: Path) -> Iterator[None]:
    assert installation.command("ingest", str(docs)).returncode == 0
    assert installation.command("build").returncode == 0
    process = installation.serve("--no-trainer")
    try:
        installation.until(lambda: installation.generation() == 1, START_S)
        yield
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_watched_folder_is_followed_also_over_a_kill(installation: Installation, docs: Path):
    """Within 5 s, as the middle one of all that are waited for: other tests have a core too."""
    gone, kept = write(docs, "gone", "alpaca"), write(docs, "kept", "wombat")
    took_s: list[float] = []

    def follows(animal: str, *names: str) -> None:
        began = time.monotonic()
        installation.until(lambda: sources(installation, animal) == sorted(names), LATEST_S)
        took_s.append(time.monotonic() - began)

    with serving(installation, docs):
        follows("alpaca", "gone.md")
        with watching(installation, docs) as watch:
            time.sleep(1)  # until the system's watch stands
            new = write(docs, "new", "okapi")
            follows("okapi", "new.md")
            write(docs, "new", "quagga")
            follows("quagga", "new.md")
            follows("okapi")
            new.rename(docs / "renamed.md")
            follows("quagga", "renamed.md")
            write(docs / "part", "inner", "numbat")
            follows("numbat", "part/inner.md")
            (docs / "part").rename(docs / "moved")
            follows("numbat", "moved/inner.md")
            shutil.rmtree(docs / "moved")
            follows("numbat")
            os.kill(watch.pid, signal.SIGKILL)
            watch.wait()
        gone.unlink()
        write(docs, "late", "quokka")
        assert sources(installation, "alpaca") == ["gone.md"]  # nobody follows now
        with watching(installation, docs):
            follows("alpaca")
            follows("quokka", "late.md")
        kept.unlink()
        synced = installation.command("ingest", "--sync", str(docs))
        assert synced.returncode == 0, synced.stderr
        follows("wombat")
        [late] = [one for one in ids(installation) if one.startswith("late-")]
        assert installation.command("remove", late).returncode == 0
        follows("quokka")
        assert installation.command("remove", late).returncode == 1
        assert installation.command("build").returncode == 0
        installation.until(lambda: installation.generation() == 2, 60)
        follows("quagga", "renamed.md")
        assert statistics.median(took_s) < FOLLOWS_S, took_s
        assert [one.partition("-")[0] for one in ids(installation)] == ["renamed"]


def ids(installation: Installation) -> list[str]:
    listed = installation.client.get("/documents").json()["documents"]
    return [str(one["id"]) for one in listed]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_ingest_killed_anywhere_leaves_nothing_half(installation: Installation, docs: Path):
    draw = random.Random(3)
    for n in range(300):
        write(docs, f"page{n}", f"animal{n}")
    home = Home(installation.home)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "command", "ingest", "--sync", str(docs)],
            cwd=ROOT, env=installation.environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(draw.uniform(1.0, 6.0))
        process.kill()
        process.wait()
        if any(home.passages_dir.glob("[0-9]*")):
            held = titles(home)
            assert held == sorted(one.stem for one in docs.iterdir()) or len(held) == 300
        (docs / f"page{draw.randrange(300)}.md").unlink(missing_ok=True)
        write(docs, f"more{draw.randrange(100)}", "okapi")
    done = installation.command("ingest", "--sync", str(docs))
    assert done.returncode == 0, done.stderr
    assert titles(home) == sorted(one.stem for one in docs.iterdir())
    assert not [one.name for one in home.passages_dir.iterdir() if one.name.startswith(".")]


def titles(home: Home) -> list[str]:
    return sorted(one.title for one in documents_of(open_corpus(home)))
