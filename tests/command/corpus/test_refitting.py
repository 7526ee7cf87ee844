"""`reread ingest --refit`: the remedy that status and service name, followed as it is given."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from command.__main__ import run
from reread.home import Home
from tests.index_builder.verified import verify_here
from tests.worlds.ingested import WordSight
from tests.worlds.serving import running, until
from tests.worlds.tiny import make_reader

PAGE = "# Pumps\n\n" + "The valve of the small pump is closed by hand before it is cleaned. " * 40


@pytest.fixture
def reread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """What a command says, once it has ended with its code; a reader may be named."""
    for name in (one for one in os.environ if one.startswith("REREAD_")):
        monkeypatch.delenv(name)
    for name, value in (("HOME", tmp_path / "home"), ("THREADS", 1)):
        monkeypatch.setenv(f"REREAD_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "400")

    def call(*command: str, code: int = 0, reader: Path | None = None) -> str:
        with monkeypatch.context() as patch:
            if reader is not None:
                patch.setenv("REREAD_READER", str(reader))
            assert run(command) == code
        told = capsys.readouterr()
        return " ".join((told.out + told.err).split())

    return call


def test_status_names_the_remedy_and_the_remedy_works(
    tmp_path: Path, reread: Callable[..., str]
) -> None:
    page = tmp_path / "pumps.md"
    page.write_text(PAGE)
    other = make_reader(tmp_path / "bytes")  # a token per byte
    reread("ingest", str(page))
    assert "(218 tokens)" not in reread("status")
    said = reread("status", reader=other)
    assert "`reread ingest --refit` cuts them again, then `reread build`" in said
    assert "Name the files or folders" in reread("ingest", code=2)
    page.unlink()  # the corpus is cut again, not the file
    reread("ingest", "--refit", reader=other)
    reread("build")
    assert "--refit" not in reread("status", reader=other)


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
