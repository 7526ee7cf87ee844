"""A running home is copied and comes back: nothing acknowledged before the copy is missing."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from command.upkeep.copies import load, save
from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from reread.artefacts.passages import PassageStore
from reread.artefacts.publication import activate, current
from reread.commit import committed_dir
from reread.errors import Conflict, CorruptArtefact
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.log.changes import ChangeList
from reread.records import Passage
from tests.worlds.serving import ADMIN, Running, running, until


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    home = Home(tmp_path / "home").create()
    for edition in (1, 2):
        with committed_dir(home.passages_dir / str(edition)) as scratch:
            towns = [Passage(f"t{i}", f"Town {i}", f"Edition{edition}: {i} wells.") for i in (1, 2)]
            PassageStore.create(scratch, towns)
        build_generation(home, Plan("bm25", verify=lambda *_: {}))
    activate(home, 1)
    (home.root / "reread.toml").write_text("top_k = 3\n")
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        yield service


def test_a_home_is_copied_while_its_service_writes(service: Running, tmp_path: Path) -> None:
    document = {"documents": [{"id": "new", "title": "Port", "text": "The port has a crane."}]}
    assert service.client.post("/documents", json=document, headers=ADMIN).status_code == 200
    acknowledged, stop = list[str](), Event()

    def ask() -> None:
        while not stop.is_set():
            acknowledged.append(service.ask(question="wells").json()["id"])

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        until(lambda: len(acknowledged) > 20)
        before = set(acknowledged)
        save(service.home, tmp_path / "backup")
        stop.set()
        for one in asking:
            one.result(20)
    restored = Home(tmp_path / "again")
    load(tmp_path / "backup", restored)
    published = current(restored)
    assert published is not None and (published.number, published.choice) == (1, 1)
    log = SqliteAttentionLog(restored.log_file)
    kept = {one.id for one in log.read_since(0, 100_000)}
    log.close()
    assert before <= kept <= set(acknowledged)
    changes = ChangeList(restored.changes_file)
    assert [one.document for one in changes.since(0)] == ["new"]
    changes.close()
    assert (restored.root / "reread.toml").read_text() == "top_k = 3\n"
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    with running(restored.root, None) as again:
        until(lambda: again.parts.pipeline.live.number == 1)
        assert again.ask(question="crane of the port").json()["passages"][0]["id"] == "new"
        assert again.client.get(f"/relevance/{min(before)}").status_code == 200
        assert again.client.post("/admin/generations/2/activate", headers=ADMIN).status_code == 200


def test_nothing_is_removed_while_it_is_copied(service: Running, tmp_path: Path) -> None:
    save(service.home, tmp_path / "backup")
    assert not (tmp_path / "backup" / "SERVICE").exists()
    with pytest.raises(Conflict):
        save(service.home, tmp_path / "backup")  # never over another


def test_a_damaged_backup_and_a_full_home_are_refused(service: Running, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    save(service.home, backup)
    with pytest.raises(Conflict, match="is not empty|is running"):
        load(backup, service.home)
    damaged = tmp_path / "damaged"
    shutil.copytree(backup, damaged)
    [corpus] = [one for one in (damaged / "passages" / "1").iterdir() if one.suffix == ".arrow"]
    content = bytearray(corpus.read_bytes())
    content[-1] ^= 1
    corpus.write_bytes(content)
    with pytest.raises(CorruptArtefact, match=corpus.name):
        load(damaged, Home(tmp_path / "again"))
    (damaged / "BACKUP").unlink()
    with pytest.raises(CorruptArtefact, match="BACKUP is missing"):
        load(damaged, Home(tmp_path / "again"))
    assert not (tmp_path / "again").exists()


def test_a_restoration_that_was_killed_is_begun_again(service: Running, tmp_path: Path) -> None:
    save(service.home, tmp_path / "backup")
    again = Home(tmp_path / "again").create()
    (again.root / ".restoring").write_text("")
    (again.passages_dir / "1").mkdir()
    (again.passages_dir / "1" / "torn").write_text("half")
    os.makedirs(again.log_dir, exist_ok=True)
    load(tmp_path / "backup", again)
    assert not (again.passages_dir / "1" / "torn").exists()
    assert not (again.root / ".restoring").exists()
    assert current(again) == current(service.home)
