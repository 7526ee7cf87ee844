"""The images, the compose file and the manifests, parsed: what they promise holds in what they say.

No container engine is needed or used.
"""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from command.settings import load_settings
from tests.docker.compose_file import read_compose
from tests.docker.image_file import chain, copied, read_image, read_stages

ROOT = Path(__file__).parents[2]
COMPOSE = read_compose(ROOT / "docker-compose.yml")
IMAGES = ("service", "trainer", "index_builder")
OURS = [name for name, one in COMPOSE.containers.items() if one.built is not None]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def dockerfile(name: str) -> Path:
    return ROOT / "docker" / f"{name}.Dockerfile"


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize(("target", "extras"), [("cpu", "cpu,redis"), ("cuda", "gpu,redis")])
def test_an_image_holds_wheels_and_no_root(name: str, target: str, extras: str) -> None:
    image = read_image(dockerfile(name), target)
    said = chain(read_stages(dockerfile(name)), target)
    assert image.user == "10001:10001" and "COPY" not in {word for word, _ in said}
    assert "HEALTHCHECK" in {word for word, _ in said} and image.stop_signal == "SIGTERM"
    assert "--no-index --find-links /wheels" in image.runs[-1]
    assert f'"reread[{extras}]=={VERSION}"' in image.runs[-1]  # the version that is built here
    assert re.search(rf"^FROM runtime AS {target}$", dockerfile(name).read_text("utf-8"), re.M)
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-\S+", read_stages(dockerfile(name))["runtime"].base)
    assert len(image.command) >= 3


@pytest.mark.parametrize("name", IMAGES)
def test_what_an_image_copies_is_there_and_reaches_the_build(name: str) -> None:
    names = [one for sources, _ in copied(dockerfile(name), "sources") for one in sources]
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert len(names) == 10
    for one in names:
        assert (ROOT / one).exists() and f"!{one}" in allowed


@pytest.mark.parametrize("name", OURS)
def test_a_process_of_the_compose_file_is_confined_and_may_finish(name: str) -> None:
    container = COMPOSE.containers[name]
    assert container.is_read_only and container.user == "10001:10001"
    assert container.drops_capabilities and container.memory_bytes > 0
    assert re.fullmatch(rf"reread-[a-z_-]+:{re.escape(VERSION)}", container.image)
    assert container.stop_grace_s > load_settings({}, {}).service.drain_s


def test_redis_keeps_what_it_acknowledged_and_evicts_nothing() -> None:
    redis = COMPOSE.containers["redis"]
    options = dict(zip(redis.command[1::2], redis.command[2::2], strict=True))
    assert options == {"--appendonly": "yes", "--maxmemory-policy": "noeviction"}
    assert [(one.source, one.target, one.read_only) for one in redis.volumes] == [
        ("redis", "/data", False)
    ]
    assert re.fullmatch(r"redis:\d+\.\d+\.\d+-\w+", redis.image)


def test_documents_are_read_only_and_the_service_waits_for_its_generation() -> None:
    documents = {one.target: one for one in COMPOSE.containers["index_builder"].volumes}
    assert documents["/documents"].read_only and documents["/documents"].source == "./documents"
    for name in ("service", "trainer"):
        assert COMPOSE.containers[name].needs == {
            "index_builder": "service_completed_successfully", "redis": "service_healthy",
        }  # fmt: skip
    assert COMPOSE.containers["service"].ports == (("127.0.0.1:8765", 8765),)
    order = [one.name for one in COMPOSE.started()]
    assert order.index("redis") < order.index("service") and "service-gpu" not in order


def test_keys_come_from_files_and_every_variable_is_known(tmp_path: Path) -> None:
    (tmp_path / "admin_key").write_text("top\n")
    (tmp_path / "query_keys").write_text("a, b\n")
    for name in OURS:
        container = COMPOSE.containers[name]
        given = {
            key: value.replace("/run/secrets", str(tmp_path))
            for key, value in container.environment.items()
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
        images = {one.image for one in COMPOSE.containers.values()}
        assert container["image"] in images


def test_the_unit_gives_the_drain_its_time() -> None:
    unit = (ROOT / "docker" / "reread.service").read_text(encoding="utf-8")
    assert int(re.findall(r"TimeoutStopSec=(\d+)", unit)[0]) > 20
    assert "ProtectSystem=strict" in unit and "StateDirectory=reread" in unit
