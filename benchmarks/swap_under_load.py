"""Questions at a fixed concurrency while a retrain and swap happens in a running service.

    python benchmarks/swap_under_load.py --questions q.jsonl --key-file HOME/admin.key
        [--url http://127.0.0.1:8765] [--count 500] [--concurrency 8] [--retrain-after 100]

Asks at least `count` questions, and goes on until the new generation has answered `--after-swap`
of them. Afterwards every answer's passages are searched again in the generation it named: another
result would mean that an answer mixed two generations. Prints answers by generation, failures and
latencies; exits 1 if any request failed or any answer was mixed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from evaluation.questions import read_questions

GIVE_UP_S = 900.0


@dataclass
class Outcome:
    """What came back: (question, generation, passage ids) of each answer, failures, seconds."""

    answers: list[tuple[str, int, list[str]]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def after_swap(self) -> int:
        """Answers from the newest generation, once there are two."""
        generations = [generation for _, generation, _ in self.answers]
        first = min(generations, default=0)
        return sum(generation > first for generation in generations)


def main() -> int:
    options = parse()
    questions = [one.question for one in read_questions(options.questions, "dev")]
    header = {"Authorization": f"Bearer {options.key_file.read_text().strip()}"}
    client = httpx2.Client(base_url=options.url, timeout=300, headers=header)
    began = time.monotonic()
    outcome = put_under_load(client, questions, options)
    total = time.monotonic() - began
    mixed = find_mixed(client, outcome, options.top_k)
    job = max(client.get("/admin/jobs").json()["jobs"], key=lambda one: one["created_s"])
    print(json.dumps(summarise(outcome, mixed, job["state"], total), indent=1))
    return 1 if outcome.failures or mixed else 0


def put_under_load(
    client: httpx2.Client, questions: list[str], options: argparse.Namespace
) -> Outcome:
    """`concurrency` threads, each asking one question after the other."""
    outcome, lock, asked = Outcome(), threading.Lock(), 0
    deadline = time.monotonic() + GIVE_UP_S

    def take() -> int | None:
        nonlocal asked
        with lock:
            enough = asked >= options.count and outcome.after_swap() >= options.after_swap
            if enough or time.monotonic() > deadline:
                return None
            asked += 1
            return asked - 1

    def work() -> None:
        while (number := take()) is not None:
            question = questions[number % len(questions)]
            start = time.monotonic()
            response = client.post("/answer", json={"question": question, "top_k": options.top_k})
            with lock:
                outcome.seconds.append(time.monotonic() - start)
                if response.status_code == 200:
                    body = response.json()
                    ids = [passage["id"] for passage in body["passages"]]
                    outcome.answers.append((question, body["generation"], ids))
                else:
                    outcome.failures.append(f"{response.status_code} {response.text[:200]}")
            if number == options.retrain_after:
                job = {"force": True, "epochs": 1}
                client.post("/admin/retrain", json=job).raise_for_status()

    threads = [threading.Thread(target=work) for _ in range(options.concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcome


def find_mixed(client: httpx2.Client, outcome: Outcome, top_k: int) -> list[str]:
    """Questions whose passages are not what the named generation finds; newest one served last."""
    mixed: list[str] = []
    for generation in sorted({generation for _, generation, _ in outcome.answers}):
        client.post(f"/admin/generations/{generation}/activate").raise_for_status()
        while client.get("/readyz").json()["generation"] != generation:
            time.sleep(0.1)
        for question, named, ids in outcome.answers:
            if named == generation:
                found = client.get("/search", params={"q": question, "top_k": top_k}).json()
                if [passage["id"] for passage in found["passages"]] != ids:
                    mixed.append(question)
    return mixed


def summarise(outcome: Outcome, mixed: list[str], job: str, total_s: float) -> dict[str, object]:
    generations = Counter(generation for _, generation, _ in outcome.answers)
    return {
        "answered_by_generation": dict(sorted(generations.items())),
        "failed": len(outcome.failures),
        "first_failure": outcome.failures[:1],
        "mixed": len(mixed),
        "job": job,
        "median_s": round(statistics.median(outcome.seconds), 2),
        "p99_s": round(statistics.quantiles(outcome.seconds, n=100)[98], 2),
        "total_s": round(total_s, 1),
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--url", default="http://127.0.0.1:8765")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--top-k", type=int, default=20)
    parser.add_argument("--retrain-after", type=int, default=100)
    parser.add_argument("--after-swap", type=int, default=50)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
