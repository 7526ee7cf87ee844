"""`reread ingest --refit`: the remedy that status and service name, followed as it is given."""

import os
import subprocess
import sys
from pathlib import Path

from reread.home import Home
from tests.index_builder.verified import verify_here
from tests.worlds.ingested import WordSight
from tests.worlds.serving import running, until
from tests.worlds.tiny import make_reader

ROOT = Path(__file__).parent.parent.parent.parent
PAGE = "# Pumps\n\n" + "The valve of the small pump is closed by hand before it is cleaned. " * 40


def reread(home: Path, *command: str, code: int = 0, **environment: str) -> str:
    known = {name: one for name, one in os.environ.items() if not name.startswith("REREAD_")}
    known |= {"REREAD_HOME": str(home), "REREAD_THREADS": "1", "COLUMNS": "400"}
    done = subprocess.run(
        [sys.executable, "-m", "command", *command],
        cwd=ROOT, capture_output=True, text=True, env=known | environment, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_status_names_the_remedy_and_the_remedy_works(tmp_path: Path) -> None:
    page, home = tmp_path / "pumps.md", tmp_path / "home"
    page.write_text(PAGE)
    other = {"REREAD_READER": str(make_reader(tmp_path / "bytes"))}  # a token per byte
    reread(home, "ingest", str(page))
    assert "(218 tokens)" not in reread(home, "status")
    said = reread(home, "status", **other)
    assert "`reread ingest --refit` cuts them again, then `reread build`" in said
    assert "Name the files or folders" in reread(home, "ingest", code=2)
    page.unlink()  # the corpus is cut again, not the file
    reread(home, "ingest", "--refit", **other)
    reread(home, "build")
    assert "--refit" not in reread(home, "status", **other)


def test_a_service_says_it_where_readiness_is_asked(tmp_path: Path) -> None:
    from index_builder.build.generation import build_generation
    from index_builder.build.plan import Plan
    from index_builder.ingest.run import ingest, refit

    page, home = tmp_path / "pumps.md", Home(tmp_path / "home")
    page.write_text(PAGE)
    wide, narrow = WordSight("wide", 200), WordSight("narrow", 50)
    ingest(home, [page], sight=wide)
    build_generation(home, Plan("bm25", verify=verify_here))
    with running(home.root, None, sight=narrow) as service:
        until(lambda: service.client.get("/readyz").json()["warnings"] != [])
        [sentence] = service.client.get("/readyz").json()["warnings"]
        assert "'narrow'" in sentence and "`reread ingest --refit`" in sentence
        assert service.client.get("/info").json()["warnings"] == [sentence]
    refit(home, narrow)
    build_generation(home, Plan("bm25", verify=verify_here))
    with running(home.root, None, sight=narrow) as service:
        assert service.parts.unfit() is None and service.client.get("/readyz").json()["ready"]
