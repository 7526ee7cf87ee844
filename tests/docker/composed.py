"""The containers of a compose file as processes: started, asked for their health and stopped.

Follows the file alone: commands, environment, order, health checks, read-only volumes, secrets,
dropped capabilities, stop signal and grace. A path inside a container is put for a folder of its
own, a port inside for a free one; all containers are this user, for another one may not read the
interpreter. Memory limits are read back at the end and images are not made.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from service.settings import ServiceSettings
from tests.docker.compose_file import Compose, Container
from tests.worlds.redis_server import free_port

HEALTHY_S, DONE_S = 400.0, 400.0  # on a busy machine; an engine would wait as long as it takes
LISTENERS = {  # first words of a command -> its flag for a port, and the one it has without
    ("redis-server",): ("--port", 6379),
    ("redis-cli",): ("-p", 6379),
    ("reread", "serve"): ("--port", ServiceSettings().port),
}
CONFINED = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]


class Composed:
    """A project: its volumes, its folder of documents and secrets, and what runs."""

    def __init__(self, compose: Compose, folder: Path, programs: Path) -> None:
        self.compose, self.folder, self._programs = compose, folder, programs
        self.project = folder / "project"
        self._ports: dict[tuple[str, int], int] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self.peak_bytes: dict[str, int] = {}

    def up(self) -> list[str]:
        """Start what is not running, as `docker compose up` does; the names in their order."""
        started = []
        for container in self.compose.started():
            for name, condition in container.needs.items():
                self._await(self.compose.containers[name], condition)
            child = self._children.get(container.name)
            if child is None or child.poll() is not None:
                self.start(container)
                started.append(container.name)
        for container in self.compose.started():
            if container.health is not None:
                self._await(container, "service_healthy")
        return started

    def start(self, container: Container) -> None:
        with self.log_file(container.name).open("ab") as output:
            self._children[container.name] = subprocess.Popen(
                self.command_of(container, container.command),
                cwd=self._root(container), env=self.environment_of(container),
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def down(self) -> dict[str, tuple[int, float]]:
        """Stop what was started last first; exit code and seconds of each that was running."""
        ended = {}
        for container in reversed(self.compose.started()):
            child = self._children[container.name]
            if child.poll() is not None:
                continue
            self._measure(container.name)
            began_s = time.monotonic()
            child.send_signal(signal.Signals[container.stop_signal])
            code = child.wait(container.stop_grace_s)
            ended[container.name] = (code, time.monotonic() - began_s)
        return ended

    def kill(self) -> None:
        for child in self._children.values():
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        for container in self.compose.started():
            for volume in container.volumes:
                writable(self.place(container, volume.target))

    def url(self, name: str) -> str:
        """Where a container's first published port is reached."""
        container = self.compose.containers[name]
        address, inside = container.ports[0]
        return f"http://{address.rpartition(':')[0]}:{self._port(name, inside)}"

    def code(self, name: str) -> int | None:
        return self._children[name].poll()

    def inside(self, name: str, command: Sequence[str], timeout_s: float = 60.0) -> int:
        """Run a command as `docker compose exec` does; its exit code."""
        container = self.compose.containers[name]
        done = subprocess.run(
            self.command_of(container, command), cwd=self._root(container),
            env=self.environment_of(container), timeout=timeout_s, capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode

    def command_of(self, container: Container, command: Sequence[str]) -> list[str]:
        words = [self._translated(container, word) for word in command]
        for first, (flag, port) in LISTENERS.items():
            if tuple(words[: len(first)]) == first:
                words[len(first) : len(first)] = [flag, str(self._port(container.name, port))]
        confined = container.drops_capabilities and os.geteuid() == 0
        return [*CONFINED, *words] if confined else words

    def environment_of(self, container: Container) -> dict[str, str]:
        """What the file and the image say, and nothing of this process but where programs are."""
        said = {k: self._translated(container, v) for k, v in container.environment.items()}
        return {"PATH": f"{self._programs}:{os.environ['PATH']}", **said}

    def place(self, container: Container, path: str) -> Path:
        """The folder or file that stands for a path inside."""
        return Path(self._translated(container, path))

    def log_file(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _await(self, container: Container, condition: str) -> None:
        if condition == "service_completed_successfully":
            code = self._children[container.name].wait(DONE_S)
            assert code == 0, self.log_file(container.name).read_text()
            return
        assert condition == "service_healthy" and container.health is not None, condition
        check, deadline = container.health, time.monotonic() + HEALTHY_S
        while not self._is_well(container.name, check.command, check.timeout_s):
            said = self.log_file(container.name)
            assert self.code(container.name) is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(min(1.0, check.interval_s))

    def _is_well(self, name: str, command: Sequence[str], timeout_s: float) -> bool:
        try:
            return self.inside(name, command, timeout_s) == 0
        except subprocess.TimeoutExpired:
            return False

    def _root(self, container: Container) -> Path:
        """Where it starts: an image's own folder, which holds nothing; Redis's is its volume."""
        if container.built is None:
            return self.place(container, container.volumes[0].target)
        root = self.folder / "roots" / container.name
        root.mkdir(parents=True, exist_ok=True)
        return root

    def _translated(self, container: Container, text: str) -> str:
        """Paths and addresses inside a container -> those of this machine, in one pass."""
        places = self._places(container)
        paths = "|".join(re.escape(one) for one in sorted(places, key=len, reverse=True))
        names = "|".join(self.compose.containers)
        pattern = (
            rf"(?<![\w./-])(?P<path>{paths})(?![\w.-])|(?P<host>{names}|127\.0\.0\.1):(?P<port>\d+)"
        )

        def replaced(found: re.Match[str]) -> str:
            if found["path"]:
                return str(places[found["path"]])
            name = container.name if found["host"] == "127.0.0.1" else found["host"]
            return f"127.0.0.1:{self._port(name, int(found['port']))}"

        return re.sub(pattern, replaced, text)

    def _places(self, container: Container) -> dict[str, Path]:
        places = {f"/run/secrets/{one}": self.project / self.compose.secrets[one]
                  for one in container.secrets}  # fmt: skip
        for path in container.tmpfs:
            places[path] = self.folder / "tmpfs" / container.name / path.strip("/")
            places[path].mkdir(parents=True, exist_ok=True)
        for volume in container.volumes:
            named = volume.source in self.compose.volumes
            above = self.folder / "volumes" if named else self.project
            places[volume.target] = above / volume.source
            places[volume.target].mkdir(parents=True, exist_ok=True)
            if volume.read_only:
                read_only(places[volume.target])
        return places

    def _port(self, name: str, inside: int) -> int:
        return self._ports.setdefault((name, inside), free_port())

    def _measure(self, name: str) -> None:
        """The most memory that the process and those it started have taken at once, at most."""
        first = psutil.Process(self._children[name].pid)
        family = [first, *first.children(recursive=True)]
        self.peak_bytes[name] = sum(peak_of(one.pid) for one in family)


def peak_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def read_only(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def writable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)


def lacking(environment: Mapping[str, str]) -> str | None:
    """What this machine has not that running the file needs."""
    wanted = ["redis-server", "redis-cli", *(["setpriv"] if os.geteuid() == 0 else [])]
    gone = [one for one in wanted if shutil.which(one, path=environment["PATH"]) is None]
    return f"not installed: {', '.join(gone)}" if gone else None
