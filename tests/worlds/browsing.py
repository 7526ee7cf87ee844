"""A real Chromium over a real service: a home on disk, a trainer that can be played, a page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir
from reread.home import Home
from reread.log.jobs import JobBoard
from reread.records import Passage
from tests.worlds.serving import Running, running, until

QUESTION = "wells of Turku"
ANSWER = "Turku has 4 wells. They"  # by the echo reader
TOWNS = ["Oslo", "Bergen", "Turku", "Visby", "Tartu", "Riga", "Gdansk", "Lund"]
PASSAGES = [
    Passage(f"guide.md.{i}", town, f"{town} has {i + 2} wells. They are old and deep.", "guide.md")
    for i, town in enumerate(TOWNS)
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's own; a test without one is skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def town_service(folder: Path, **options: Any) -> Iterator[Running]:
    """Two generations of the same passages on disk; the second serves."""
    home = Home(folder / "home").create()
    with committed_dir(home.passages_dir / "1") as scratch:
        PassageStore.create(scratch, PASSAGES)
    for _ in range(2):
        publish(home)
    with running(home.root, None, **options) as service:
        until(lambda: service.parts.pipeline.live.number == 2)
        yield service


def publish(home: Home, metrics: dict[str, Any] | None = None) -> int:
    """One more generation that finds by words."""
    return build_generation(home, Plan("bm25", metrics=metrics or {}, verify=lambda *_: {}))


@dataclass
class Watched:
    """A page, and what its console complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@contextmanager
def watched_page(browser: Browser, url: str, **options: Any) -> Iterator[Watched]:
    """A fresh visitor's page of that service; its console must stay silent."""
    context = browser.new_context(base_url=url, **options)
    page = context.new_page()
    page.set_default_timeout(15_000)
    watched = Watched(page)
    page.on("console", watched.hear)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    yield watched
    context.close()


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question", exact=True).fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()


def unlock(page: Page, key: str = "admin-secret") -> None:
    page.get_by_label("Admin key").fill(key)
    page.get_by_role("button", name="Use this key").click()


def objections(page: Page) -> list[str]:
    """What axe finds inaccessible, with the first place of each."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


class PlayedTrainer:
    """What the trainer process does with a queued job, step by step and without a model."""

    def __init__(self, service: Running) -> None:
        assert isinstance(service.parts.jobs, JobBoard)
        self._board, self._clock = service.parts.jobs, service.parts.clock

    def claim(self) -> None:
        claimed = self._board.claim("played trainer", self._clock(), 60.0)
        assert claimed is not None
        self._job, self._fence = claimed

    def report(self, stage: str, progress: float) -> None:
        assert self._board.update(
            self._job.id, self._fence, stage=stage, progress=progress, now=self._clock()
        )

    def finish(self, state: str, **what: Any) -> None:
        assert self._board.finish(self._job.id, self._fence, state, now=self._clock(), **what)
