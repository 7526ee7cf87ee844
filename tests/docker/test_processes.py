"""The compose file's commands as processes, from an installed wheel: an answer, a swap, the end.

What is run is what the file says, read by tests/docker/compose_file.py; no engine is needed.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.docker.compose_file import read_compose
from tests.docker.composed import Composed, lacking
from tests.docker.installed import install
from tests.worlds.serving import until

ROOT = Path(__file__).parents[2]
DOCUMENTS = {
    "lisbon.md": "# Lisbon\n\nThe Belem tower of Lisbon was completed in 1519.",
    "porto.md": "# Porto\n\nThe Clerigos tower of Porto was completed in 1763 by Nicolau Nasoni.",
    "coimbra.md": "# Coimbra\n\nThe university of Coimbra keeps bats that eat the insects.",
    "faro.md": "# Faro\n\nThe old town of Faro is reached through the Arco da Vila.",
}
ADMIN = {"Authorization": "Bearer the-admin"}
READER = {"Authorization": "Bearer somebody"}


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    gone = lacking(os.environ)
    if gone is not None:
        pytest.skip(gone)
    compose = read_compose(ROOT / "docker-compose.yml")
    folder = tmp_path_factory.mktemp("composed")
    service = compose.containers["service"].build
    programs = install(ROOT / service["dockerfile"], service["target"], folder / "image")
    project = Composed(compose, folder, programs)
    write_documents(project)
    write_secrets(project)
    try:
        yield project
    finally:
        project.kill()


def write_documents(project: Composed) -> None:
    folder = project.project / "documents"
    folder.mkdir(parents=True)
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")


def write_secrets(project: Composed) -> None:
    keys = {"admin_key": "the-admin\n", "query_keys": "somebody\n"}
    assert sorted(keys) == sorted(project.compose.secrets)
    for name, text in keys.items():
        file = project.project / project.compose.secrets[name]
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o400)


def ask(project: Composed, question: str) -> dict[str, Any]:
    body = {"question": question, "top_k": 2}
    response = httpx2.post(
        f"{project.url('service')}/answer", json=body, headers=READER, timeout=120
    )
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def retrained(project: Composed) -> dict[str, Any]:
    """A forced round's job at its end."""
    url = project.url("service")
    params = {"force": True, "epochs": 1}
    asked = httpx2.post(f"{url}/admin/retrain", json=params, headers=ADMIN, timeout=60)
    assert asked.status_code == 202, asked.text
    place = f"{url}/admin/jobs/{asked.json()['job']['id']}"
    deadline = time.monotonic() + 400.0
    while True:
        job: dict[str, Any] = httpx2.get(place, headers=ADMIN, timeout=60).json()["job"]
        if job["state"] not in ("queued", "running"):
            return job
        assert time.monotonic() < deadline, job
        time.sleep(1.0)


def readiness(project: Composed) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{project.url('service')}/readyz", timeout=60).json()
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_compose_file_runs_to_an_answer_a_swap_and_an_orderly_end(composed: Composed) -> None:
    assert composed.up() == ["redis", "index_builder", "service", "trainer"]
    assert composed.code("index_builder") == 0
    assert installed_from(composed).is_relative_to(composed.folder)

    first = ask(composed, "When was the Belem tower completed?")
    assert (first["generation"], first["found"]) == (1, True)
    assert first["passages"][0]["title"] == "Lisbon" and "1519" in first["answer"]
    ask(composed, "Who completed the Clerigos tower?")
    unkeyed = httpx2.post(
        f"{composed.url('service')}/answer", json={"question": "Faro"}, timeout=60
    )
    assert unkeyed.status_code == 401

    job = retrained(composed)
    assert (job["state"], job["generation"], job["metrics"]["records"]) == ("done", 2, 2), job
    until(lambda: readiness(composed).get("generation") == 2, 90.0)
    assert ask(composed, "When was the Belem tower completed?")["generation"] == 2

    assert composed.inside("index_builder", ["sh", "-c", "cat /documents/faro.md"]) == 0
    for path in ("/documents/new.md", "/documents/faro.md"):
        assert composed.inside("index_builder", ["sh", "-c", f"echo x >> {path}"]) != 0

    ended = composed.down()
    assert list(ended) == ["trainer", "service", "redis"]
    for name, (code, seconds) in ended.items():
        assert code == 0 and seconds < composed.compose.containers[name].stop_grace_s, ended
        assert composed.peak_bytes[name] < composed.compose.containers[name].memory_bytes
    check_second_start(composed, first["id"])


def check_second_start(project: Composed, answer_id: str) -> None:
    """Defect: the one-shot of a second `up` put words in the place of what had been taught."""
    assert project.up() == ["redis", "index_builder", "service", "trainer"]
    until(lambda: readiness(project).get("generation") == 2, 60.0)  # started is not yet ready
    place = f"{project.url('service')}/relevance/{answer_id}"
    assert httpx2.get(place, headers=READER, timeout=60).status_code == 200  # Redis kept its log
    assert all(code == 0 for code, _ in project.down().values())


def installed_from(project: Composed) -> Path:
    """Where the service's container has the package from."""
    container = project.compose.containers["service"]
    said = ["python", "-c", "import reread, service; print(service.__file__)"]
    text = subprocess.check_output(
        project.command_of(container, said), cwd=project.folder,
        env=project.environment_of(container), text=True,
    )  # fmt: skip
    return Path(text.strip())
