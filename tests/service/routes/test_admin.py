"""Retraining jobs, the readiness page of versions, and the generations of a real home."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from reread.artefacts.passages import PassageStore
from reread.artefacts.publication import publish
from reread.commit import committed_dir
from reread.home import Home
from reread.records import Passage
from service.assembly import versions
from tests.worlds.fakes import Shelf, WordGeneration
from tests.worlds.serving import ADMIN, Running, assert_problem, running, until


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Running]:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf) as service:
        yield service


def retrain(service: Running, **params: Any) -> Any:
    return service.client.post("/admin/retrain", json=params, headers=ADMIN)


def test_a_second_retrain_joins_the_first(idle: Running) -> None:
    first = retrain(idle, epochs=2, force=True)
    assert first.status_code == 202
    job = first.json()["job"]
    assert (job["state"], job["params"]) == ("queued", {"epochs": 2, "force": True})
    with ThreadPoolExecutor(10) as pool:
        others = list(pool.map(lambda _: retrain(idle).json()["job"]["id"], range(50)))
    assert set(others) == {job["id"]}
    listed = idle.client.get("/admin/jobs", headers=ADMIN).json()["jobs"]
    assert [one["id"] for one in listed] == [job["id"]]
    one = idle.client.get(f"/admin/jobs/{job['id']}", headers=ADMIN).json()
    assert one.pop("job") == one == listed[0]
    assert sorted(one) == [
        "created_s", "error", "generation", "id", "metrics", "params", "progress", "stage",
        "state", "updated_s",
    ]  # fmt: skip


def test_a_cancelled_job_makes_room_for_the_next(idle: Running) -> None:
    job = retrain(idle).json()["job"]
    cancelled = idle.client.post(f"/admin/jobs/{job['id']}/cancel", headers=ADMIN).json()
    assert cancelled["job"]["state"] == "cancelled"
    assert retrain(idle).json()["job"]["id"] != job["id"]


def test_retrain_needs_no_body(idle: Running) -> None:
    assert idle.client.post("/admin/retrain", headers=ADMIN).status_code == 202


def test_retrain_refuses_what_the_trainer_does_not_know(idle: Running) -> None:
    assert_problem(retrain(idle, epoch=2), 422, "Unknown trainer setting epoch")
    assert_problem(retrain(idle, force="yes"), 422, "force is 'yes'")
    headers = {**ADMIN, "Content-Type": "application/json"}
    for content in (b'{"epochs": NaN}', b'{"objective": "\\ud800"}', b"[1]", b'"x"'):
        response = idle.client.post("/admin/retrain", content=content, headers=headers)
        assert_problem(response, 422)
    assert idle.client.get("/admin/jobs", headers=ADMIN).json() == {"jobs": []}


def test_admin_routes_need_the_admin_key(idle: Running) -> None:
    for method, path in (
        ("POST", "/admin/retrain"),
        ("GET", "/admin/jobs"),
        ("GET", "/admin/jobs/x"),
        ("POST", "/admin/jobs/x/cancel"),
        ("GET", "/admin/generations"),
        ("POST", "/admin/generations/1/activate"),
    ):
        for headers in ({}, {"Authorization": "Bearer admin-secreT"}):
            assert_problem(idle.client.request(method, path, headers=headers), 401, "admin.key")


def test_unknown_jobs_are_404(idle: Running) -> None:
    assert_problem(idle.client.get("/admin/jobs/x", headers=ADMIN), 404, "no job 'x'")
    assert_problem(idle.client.post("/admin/jobs/x/cancel", headers=ADMIN), 404, "no job 'x'")


def test_info_names_versions_models_and_processes(idle: Running) -> None:
    info = idle.client.get("/info").json()
    assert {"python", "torch", "transformers", "faiss"} <= set(info["versions"])
    assert info["versions"] == versions()
    about = {"name": "echo", "folder": None, "fast_path": "none", "generation": None}
    assert info["reader"] == about
    assert (info["generation"], info["fast_path"]) == (1, "none")
    assert info["pids"] == {"service": os.getpid(), "trainer": 4711}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Generation 1 over edition 1 of six towns, generation 2 over edition 2; 2 is published."""
    home = Home(tmp_path_factory.mktemp("built")).create()
    for edition in (1, 2):
        with committed_dir(home.passages_dir / str(edition)) as scratch:
            PassageStore.create(scratch, towns(edition))
        build_generation(home, Plan("bm25", verify=lambda *_: {}))
    return home


def towns(edition: int) -> list[Passage]:
    return [
        Passage(f"t{i}", f"Town {i}", f"Edition{edition} counts {i} wells in town number{i}.")
        for i in range(6)
    ]


@pytest.fixture
def real(built: Home, tmp_path: Path) -> Iterator[Running]:
    root = tmp_path / "home"
    shutil.copytree(built.root, root)
    with running(root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 2)
        yield service


def activate(service: Running, number: int) -> Any:
    return service.client.post(f"/admin/generations/{number}/activate", headers=ADMIN)


def test_generations_are_listed_and_rolled_back(real: Running) -> None:
    before = real.client.get("/admin/generations", headers=ADMIN).json()
    assert before["serving"] == 2
    assert [(g["generation"], g["current"], g["corpus"]) for g in before["generations"]] == [
        (1, False, 1),
        (2, True, 2),
    ]
    assert "files" not in before["generations"][0]
    assert activate(real, 1).json() == {"generation": 1, "serving": 1, "warnings": []}
    body = real.ask(question="wells in town number3").json()
    assert body["generation"] == 1
    assert body["passages"][0]["text"] == "Edition1 counts 3 wells in town number3."
    after = real.client.get("/admin/generations", headers=ADMIN).json()["generations"]
    assert [(g["current"], g["pinned"]) for g in after] == [(True, True), (False, False)]
    assert activate(real, 2).json()["serving"] == 2


def test_an_unknown_generation_is_a_404(real: Running) -> None:
    assert_problem(activate(real, 9), 404, "no generation 9")
    assert_problem(activate(real, "x"), 422, "number")  # type: ignore[arg-type]
    assert real.client.get("/readyz").json()["generation"] == 2


def test_an_earlier_answer_finds_its_texts_in_its_own_corpus(real: Running) -> None:
    activate(real, 1)
    old = real.ask(question="wells in town number3", top_k=2).json()
    activate(real, 2)
    kept = real.client.get(f"/relevance/{old['id']}").json()
    assert kept["passages"] == old["passages"] and kept["generation"] == 1
    assert "Edition1" in kept["passages"][0]["text"]


def test_swapping_real_generations_under_load_never_mixes_them(real: Running) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(real.ask, question="wells in town number3") for _ in range(60)]
        for turn in range(12):
            assert activate(real, 1 + turn % 2).json()["serving"] == 1 + turn % 2
        bodies = [one.result().json() for one in asked]
    for body in bodies:
        assert all(f"Edition{body['generation']} " in p["text"] for p in body["passages"])


@pytest.mark.parametrize("name", ["lexical/data.csc.index.npy", "lexical/vocabulary.json"])
def test_a_flipped_byte_is_seen_and_the_old_generation_serves(real: Running, name: str) -> None:
    activate(real, 1)
    path = real.home.generations_dir / "2" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert_problem(activate(real, 2), 409, "Generation 2", name)
    assert real.ask().json()["generation"] == 1
    publish(real.home, 2)  # damaged only after it was published
    until(lambda: real.client.get("/readyz").json()["warnings"])
    ready = real.client.get("/readyz")
    assert ready.status_code == 200
    assert "Generation 2 was refused" in ready.json()["warnings"][0]
    assert name in ready.json()["warnings"][0]
    assert real.ask().json()["generation"] == 1


def test_the_real_retriever_is_named(real: Running) -> None:
    assert real.client.get("/info").json()["retriever"]["kind"] == "bm25"


def test_a_number_of_260_digits_is_a_wrong_request(real: Running) -> None:
    """Defect: it was an internal error; and the missing generation's problem had an empty type."""
    path = f"/admin/generations/{'9' * 260}/activate"
    assert_problem(real.client.post(path, headers=ADMIN), 422)
    missing = real.client.post("/admin/generations/99/activate", headers=ADMIN)
    assert assert_problem(missing, 404)["type"] == "urn:reread:problem:missing-generation"


def test_readiness_is_red_when_nothing_can_be_logged(tmp_path: Path) -> None:
    """Case disk-full-and-read-only: it stayed green, and also with a log that was gone."""
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path / "home", shelf) as service:
        assert service.client.get("/readyz").status_code == 200
        log = service.home.log_file
        log.rename(tmp_path / "aside")
        response = service.client.get("/readyz")
        assert response.status_code == 503
        assert "cannot be logged" in response.json()["missing"][0]
        assert service.ask().status_code == 507
        (tmp_path / "aside").rename(log)
        assert service.client.get("/readyz").status_code == 200
        assert service.ask().status_code == 200


@pytest.mark.parametrize("how", ["damaged", "torn", "removed"])
def test_an_older_generation_that_stands_in_is_told(built: Home, tmp_path: Path, how: str) -> None:
    """Defect: after a fall-back readiness was green without a word."""
    home = Home(tmp_path / "home")
    shutil.copytree(built.root, home.root)
    if how == "damaged":
        path = home.generations_dir / "2" / "lexical" / "vocabulary.json"
        path.write_bytes(path.read_bytes()[:-1])
        said = "Generation 1 answers in the place of generation 2, which is published"
    else:
        home.current_file.unlink() if how == "removed" else home.current_file.write_bytes(b"{")
        said = "the pinned or the newest sound generation answers instead"
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == (1 if how == "damaged" else 2))
        ready = service.client.get("/readyz")
        assert ready.status_code == 200
        for warnings in (ready.json()["warnings"], service.client.get("/info").json()["warnings"]):
            assert any(said in one for one in warnings), warnings
        assert activate(service, 1).json()["serving"] == 1  # what the words advise
        assert service.client.get("/readyz").json()["warnings"] == []
