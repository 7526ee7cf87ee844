"""The images, the compose file and the manifests, parsed: what they promise holds in what they say.

No container engine is needed or used.
"""

import json
import re
from pathlib import Path

import pytest
import yaml

from command.settings import load_settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
IMAGES = ("service", "trainer", "index_builder")
OURS = [name for name in COMPOSE["services"] if name != "redis"]


def dockerfile(name: str) -> str:
    return (ROOT / "docker" / f"{name}.Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_holds_wheels_and_no_root(name: str) -> None:
    text = dockerfile(name)
    cuda, cpu = text[text.index("AS cuda\n") :], text[text.index("AS cpu\n") :]
    for final in (cuda[: cuda.index("FROM runtime AS cpu")], cpu):
        assert "--no-index --find-links /wheels" in final
        assert "USER 10001:10001" in final and "HEALTHCHECK" in final
        assert "COPY" not in final
        assert len(json.loads(final.strip().splitlines()[-1].removeprefix("CMD "))) >= 3
    assert re.search(r"^ARG BASE_IMAGE=python:\d+\.\d+\.\d+-", text, re.MULTILINE)
    assert ":latest" not in text


@pytest.mark.parametrize("name", IMAGES)
def test_what_an_image_copies_is_there_and_reaches_the_build(name: str) -> None:
    copied = [
        one for line in re.findall(r"^COPY (.*)$", dockerfile(name), re.MULTILINE)
        for one in line.split()[:-1]
    ]  # fmt: skip
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert len(copied) == 10
    for one in copied:
        assert (ROOT / one).exists() and f"!{one}" in allowed


@pytest.mark.parametrize("name", OURS)
def test_a_process_of_the_compose_file_is_confined_and_may_finish(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True and service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"] and "mem_limit" in service and "restart" in service
    assert re.fullmatch(r"reread-[a-z_-]+:\d+\.\d+\.\d+", service["image"])
    settings = load_settings({}, {})
    assert int(service["stop_grace_period"].removesuffix("s")) > settings.service.drain_s
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert f" AS {service['build']['target']}\n" in dockerfile(Path(
        service["build"]["dockerfile"]).name.removesuffix(".Dockerfile"))  # fmt: skip


def test_redis_keeps_what_it_acknowledged_and_evicts_nothing() -> None:
    redis = COMPOSE["services"]["redis"]
    command = redis["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert redis["volumes"] == ["redis:/data"]
    assert re.fullmatch(r"redis:\d+\.\d+\.\d+-\w+", redis["image"])


def test_documents_are_read_only_and_the_service_waits_for_its_generation() -> None:
    services = COMPOSE["services"]
    assert "./documents:/documents:ro" in services["index_builder"]["volumes"]
    for name in ("service", "trainer"):
        wanted = services[name]["depends_on"]
        assert wanted["index_builder"]["condition"] == "service_completed_successfully"
        assert wanted["redis"]["condition"] == "service_healthy"
    assert services["service"]["ports"] == ["127.0.0.1:8765:8765"]


def test_keys_come_from_files_and_every_variable_is_known(tmp_path: Path) -> None:
    (tmp_path / "admin_key").write_text("top\n")
    (tmp_path / "query_keys").write_text("a, b\n")
    for name in OURS:
        given = {
            key: str(value).replace("/run/secrets", str(tmp_path))
            for key, value in COMPOSE["services"][name]["environment"].items()
        }
        settings = load_settings({"home": tmp_path}, given)
        assert (settings.service.admin_key, settings.service.query_keys) == ("top", ("a", "b"))
        assert settings.machine.redis_url == "redis://redis:6379/0"


def test_the_manifest_names_the_same_images_and_outlasts_the_drain() -> None:
    parts = list(yaml.safe_load_all((ROOT / "docker" / "kubernetes.yaml").read_text("utf-8")))
    pods = {one["metadata"]["name"]: one["spec"] for one in parts if one["kind"] == "Deployment"}
    assert (pods["reread-service"]["replicas"], pods["reread-trainer"]["replicas"]) == (2, 1)
    for spec in pods.values():
        pod = spec["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] > load_settings({}, {}).service.drain_s
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        images = {one["image"] for one in COMPOSE["services"].values()}
        assert container["image"] in images


def test_the_unit_gives_the_drain_its_time() -> None:
    unit = (ROOT / "docker" / "reread.service").read_text(encoding="utf-8")
    assert int(re.findall(r"TimeoutStopSec=(\d+)", unit)[0]) > 20
    assert "ProtectSystem=strict" in unit and "StateDirectory=reread" in unit
