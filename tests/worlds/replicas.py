"""Two replicas and a trainer on one Redis and one home, with Redis and a replica killed under load.

    python -m tests.worlds.replicas [--seconds 600] [--seed 0] [--folder DIR]

Prints one JSON object: answers acknowledged, those of them that the log lost or holds twice, those
that another replica cannot show, and how many records the last round trained on; ends with 1 where
anything was lost, doubled or not trained on. The models are tiny and random, all else is real.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir
from reread.home import Home
from reread.log.redis.attention_log import RedisAttentionLog
from reread.log.redis.connection import RedisConnection
from reread.records import Passage
from tests.worlds.redis_server import RedisServer, free_port
from tests.worlds.tiny import make_encoder, make_reader

ROOT = Path(__file__).parents[2]
ADMIN = {"Authorization": "Bearer replicas-admin"}
START_S = 180.0
COLOURS = ["red", "blue", "green", "old", "new", "fast", "slow", "near", "far", "high"]
ANIMALS = ["cat", "dog", "fox", "owl", "bee", "ant", "elk", "yak", "hen", "cow"]


@dataclass
class Outcome:
    acknowledged: int = 0
    logged: int = 0
    lost: int = 0  # acknowledged, and not in the log
    doubled: int = 0
    unseen: int = 0  # acknowledged, and unknown to a replica asked for it
    trained: int = 0  # records of the last round, each once
    left_out: dict[str, int] = field(default_factory=dict)
    redis_kills: int = 0
    replica_kills: int = 0
    failures: dict[str, int] = field(default_factory=dict)  # what clients saw meanwhile
    generation: list[int] = field(default_factory=list)  # of each replica at the end

    @property
    def is_sound(self) -> bool:
        whole = self.trained + sum(self.left_out.values()) == self.logged
        return whole and not (self.lost or self.doubled or self.unseen) and self.trained > 0


class Process:
    """One of ours, killed and started again at the same address."""

    def __init__(self, arguments: list[str], environment: dict[str, str], output: Path) -> None:
        self._arguments, self._environment, self._output = arguments, environment, output
        self.start()

    def start(self) -> None:
        with self._output.open("ab") as output:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "command", *self._arguments],
                cwd=ROOT, env=self._environment, stdout=output, stderr=output,
            )  # fmt: skip

    def kill(self) -> None:
        self.child.kill()
        self.child.wait()


class Cluster:
    def __init__(self, folder: Path, closing: ExitStack) -> None:
        self.home = make_home(folder)
        self.redis = RedisServer(folder / "redis")
        closing.callback(self.redis.kill)
        environment = environment_of(folder, self.home, self.redis.url)
        self.ports = [free_port(), free_port()]
        self.replicas = [
            Process(
                ["serve", "--no-trainer", "--port", str(port)], environment, folder / f"{port}.log"
            )
            for port in self.ports
        ]
        self.trainer = Process(["trainer"], environment, folder / "trainer.log")
        for one in (*self.replicas, self.trainer):
            closing.callback(one.kill)
        for place in (0, 1):
            until(lambda place=place: self.is_ready(place), START_S)

    def url(self, place: int) -> str:
        return f"http://127.0.0.1:{self.ports[place]}"

    def is_ready(self, place: int) -> bool:
        return self.readiness(place).get("ready", False) is True

    def readiness(self, place: int) -> dict[str, Any]:
        try:
            body: dict[str, Any] = httpx2.get(f"{self.url(place)}/readyz", timeout=10).json()
        except (httpx2.HTTPError, ValueError):
            return {}
        return body

    def retrain(self) -> dict[str, Any]:
        """A forced round to its end; its job."""
        until(lambda: all(self.settled(one) for one in (0, 1)), START_S)
        time.sleep(2.0)  # the files of killed replicas are looked for, too
        params = {"force": True, "epochs": 1}
        response = httpx2.post(
            f"{self.url(1)}/admin/retrain", json=params, headers=ADMIN, timeout=30
        )
        id = response.json()["job"]["id"]
        until(lambda: self.job(id)["state"] not in ("queued", "running"), 2 * START_S)
        return self.job(id)

    def settled(self, place: int) -> bool:
        """Ready, and nothing waits to be sent to Redis."""
        body = self.readiness(place)
        return bool(body.get("ready")) and not any("wait in" in one for one in body["warnings"])

    def job(self, id: str) -> dict[str, Any]:
        url = f"{self.url(0)}/admin/jobs/{id}"  # another replica than the one that was asked
        try:
            body: dict[str, Any] = httpx2.get(url, headers=ADMIN, timeout=10).json()["job"]
        except (httpx2.HTTPError, ValueError, KeyError):
            return {"state": "queued"}
        return body


def run(folder: Path, seconds: float, seed: int = 0, pause_s: float = 0.0) -> Outcome:
    """With `pause_s` between a client's questions: without any they take a whole processor."""
    outcome, stop = Outcome(), threading.Event()
    acknowledged: list[str] = []
    with ExitStack() as closing:
        cluster = Cluster(folder, closing)
        asking = [
            threading.Thread(
                target=ask,
                args=(cluster, place, turn, stop, acknowledged, outcome.failures, pause_s),
            )
            for place in (0, 1)
            for turn in (0, 1)
        ]
        for one in asking:
            one.start()
        injure(cluster, seconds, random.Random(seed), outcome)
        stop.set()
        for one in asking:
            one.join(60)
        for place in (0, 1):
            until(lambda place=place: cluster.is_ready(place), START_S)
        job = cluster.retrain()
        judge(cluster, acknowledged, job, outcome)
    return outcome


def ask(
    cluster: Cluster,
    place: int,
    turn: int,
    stop: threading.Event,
    acknowledged: list[str],
    failures: dict[str, int],
    pause_s: float,
) -> None:
    """Questions of one client, no two alike; only a 200 counts as acknowledged."""
    number = 0
    with httpx2.Client(base_url=cluster.url(place), timeout=30) as client:
        while not stop.is_set():
            number += 1
            colour, animal = COLOURS[number % 10], ANIMALS[number // 10 % 10]
            question = f"where is the {colour} {animal} of {place}{turn}x{number}"
            try:
                response = client.post("/answer", json={"question": question, "top_k": 4})
            except httpx2.HTTPError as error:
                kind = type(error).__name__
                failures[kind] = failures.get(kind, 0) + 1
                time.sleep(0.2)
                continue
            if response.status_code == 200:
                acknowledged.append(response.json()["id"])
                stop.wait(pause_s)
            else:
                kind = str(response.status_code)
                failures[kind] = failures.get(kind, 0) + 1
                time.sleep(0.2)


def injure(cluster: Cluster, seconds: float, chance: random.Random, outcome: Outcome) -> None:
    """Redis and the second replica in turns; each comes back after a moment."""
    deadline = time.monotonic() + seconds
    kill_redis = True
    while time.monotonic() < deadline:
        time.sleep(chance.uniform(2.0, 5.0))
        if kill_redis:
            cluster.redis.kill()
            outcome.redis_kills += 1
            time.sleep(chance.uniform(0.2, 3.0))
            cluster.redis.restart()
        else:
            cluster.replicas[1].kill()
            outcome.replica_kills += 1
            time.sleep(chance.uniform(0.0, 1.0))
            cluster.replicas[1].start()
            until(lambda: cluster.is_ready(1), START_S)
        kill_redis = not kill_redis


def judge(cluster: Cluster, acknowledged: list[str], job: dict[str, Any], outcome: Outcome) -> None:
    assert job["state"] == "done", job
    log = RedisAttentionLog(RedisConnection(cluster.redis.url, "replicas"))
    ids = Counter(one.id for one in log.read_since(0, 1_000_000))
    outcome.acknowledged, outcome.logged = len(acknowledged), ids.total()
    outcome.lost = len(set(acknowledged) - set(ids))
    outcome.doubled = sum(count - 1 for count in ids.values())
    outcome.trained = job["metrics"]["records"]
    outcome.left_out = job["metrics"]["log"]["dropped"]
    shown = acknowledged[:: max(1, len(acknowledged) // 50)]
    with httpx2.Client(timeout=30) as client:
        outcome.unseen = sum(
            client.get(f"{cluster.url(place)}/relevance/{id}").status_code != 200
            for id in shown
            for place in (0, 1)
        )
    number = job["generation"]
    until(
        lambda: all(cluster.readiness(one).get("generation") == number for one in (0, 1)), START_S
    )
    outcome.generation = [cluster.readiness(one)["generation"] for one in (0, 1)]


def make_home(folder: Path) -> Home:
    """A corpus and a generation that searches by words; each of its words is in several texts."""
    home = Home(folder / "home").create()
    texts = [f"the {colour} {animal} is near" for colour in COLOURS for animal in ANIMALS]
    with committed_dir(home.passages_dir / "1") as scratch:
        passages = [Passage(f"p{i}", text.split()[2], text) for i, text in enumerate(texts)]
        PassageStore.create(scratch, passages)
    build_generation(home, Plan("bm25", verify=lambda *_: {}))
    return home


def environment_of(folder: Path, home: Home, redis_url: str) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("REREAD_")}
    return clean | {
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "REREAD_HOME": str(home.root),
        "REREAD_READER": str(make_reader(folder / "reader")),
        "REREAD_RETRIEVER": str(make_encoder(folder / "encoder")),
        "REREAD_REDIS_URL": redis_url,
        "REREAD_REDIS_NAMESPACE": "replicas",
        "REREAD_ADMIN_KEY": "replicas-admin",
        "REREAD_MAX_ANSWER_TOKENS": "4",
        "REREAD_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def until(condition: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.worlds.replicas")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="kept; none: a temporary one")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        outcome = run(given.folder or Path(temporary), given.seconds, given.seed)
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
    return 0 if outcome.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
