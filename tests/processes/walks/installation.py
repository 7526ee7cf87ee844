"""One home, its environment, and the commands a person would type."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parents[3]
ADMIN_KEY = "loop-admin"
ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}


class Installation:
    def __init__(self, root: Path, reader: Path, encoder: Path) -> None:
        self.home = root / "home"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("REREAD_")} | {
            "HOME": str(root),
            "PYTHONPATH": str(ROOT),
            "REREAD_HOME": str(self.home),
            "REREAD_READER": str(reader),
            "REREAD_RETRIEVER": str(encoder),
            "REREAD_ADMIN_KEY": ADMIN_KEY,
            "REREAD_PORT": str(self.port),
            "REREAD_MAX_ANSWER_TOKENS": "4",
            "REREAD_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "command", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=180,
        )  # fmt: skip

    def serve(self, *flags: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "command", "serve", *flags], cwd=ROOT, env=self.environment
        )
        self.until(self.answers_health, 120)
        return process

    def answers_health(self) -> bool:
        try:
            return self.client.get("/healthz").status_code == 200
        except httpx2.TransportError:
            return False

    def generation(self) -> int | None:
        return self.client.get("/readyz").json()["generation"]

    def ask(self, question: str) -> httpx2.Response:
        return self.client.post("/answer", json={"question": question, "top_k": 4})

    def job(self, id: str) -> dict[str, Any]:
        body = self.client.get(f"/admin/jobs/{id}", headers=ADMIN).json()
        return body.get("job", body)

    def student(self) -> str | None:
        return self.client.get("/info").json()["retriever"]["student"]

    def retrain(self, **wanted: object) -> str:
        response = self.client.post(
            "/admin/retrain", json={"force": True, "epochs": 1, **wanted}, headers=ADMIN
        )
        assert response.status_code == 202, response.text
        return response.json()["job"]["id"]

    def until_ended(self, id: str, limit_s: float = 180) -> dict[str, Any]:
        ended = ("done", "failed", "rejected", "cancelled")
        self.until(lambda: self.job(id)["state"] in ended, limit_s)
        return self.job(id)

    @staticmethod
    def until(condition: Callable[[], object], limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(0.1)
