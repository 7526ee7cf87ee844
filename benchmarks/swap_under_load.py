"""Questions at a fixed concurrency while a retrain and swap happens in a running service.

    python benchmarks/swap_under_load.py --questions q.jsonl --key-file HOME/admin.key
        [--url http://127.0.0.1:8765] [--count 500] [--concurrency 8] [--retrain-after 100]

Prints answers by generation, failures and latencies; exits 1 if any request failed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx2

from reread.questions import read_questions


def main() -> int:
    options = parse()
    questions = [one.question for one in read_questions(options.questions, "dev")]
    header = {"Authorization": f"Bearer {options.key_file.read_text().strip()}"}
    client = httpx2.Client(base_url=options.url, timeout=300, headers=header)
    answers: Counter[int] = Counter()
    failures: list[str] = []
    seconds: list[float] = []
    lock = threading.Lock()
    numbers = iter(range(options.count))
    began = time.monotonic()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            start = time.monotonic()
            response = client.post(
                "/answer",
                json={"question": questions[number % len(questions)], "top_k": options.top_k},
            )
            with lock:
                seconds.append(time.monotonic() - start)
                if response.status_code == 200:
                    answers[response.json()["generation"]] += 1
                else:
                    failures.append(f"{response.status_code} {response.text[:200]}")
            if number == options.retrain_after:
                client.post("/admin/retrain", json={"force": True, "epochs": 1}).raise_for_status()

    threads = [threading.Thread(target=work) for _ in range(options.concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job = max(client.get("/admin/jobs").json()["jobs"], key=lambda one: one["created_s"])
    print(
        json.dumps(
            {
                "answered_by_generation": dict(sorted(answers.items())),
                "failed": len(failures),
                "first_failure": failures[:1],
                "job": job["state"],
                "median_s": round(statistics.median(seconds), 2),
                "p99_s": round(statistics.quantiles(seconds, n=100)[98], 2),
                "total_s": round(time.monotonic() - began, 1),
            },
            indent=1,
        )
    )
    return 1 if failures else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--url", default="http://127.0.0.1:8765")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--top-k", type=int, default=5)
    parser.add_argument("--retrain-after", type=int, default=100)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
