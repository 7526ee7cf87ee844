"""The way of a new user on the page alone: an empty home, one's own notes, a second generation."""

import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.processes.walks.installation import ADMIN_KEY, Installation
from tests.worlds.browsing import ask, chromium, unlock, watched_page
from tests.worlds.tiny import make_reader

NOTES = {
    "backup": "Backups run every night at two. They are kept for thirty days in the vault.",
    "keys": "Keys are rotated every ninety days. The on-call engineer rotates them.",
    "release": "A release needs two reviews. It is announced on Tuesday.",
    "oncall": "The on-call week begins on Monday. The engineer carries the pager.",
    "vault": "The vault stands in Bergen. Only three people may open it.",
    "invoices": "Invoices are paid on the tenth. The office in Lund sends them.",
}
QUESTIONS = [  # each shares words with several notes: one passage alone has no order to learn
    "Which engineer rotates the keys or carries the pager?",
    "How long are backups kept in the vault?",
    "What happens on Monday, on Tuesday or on the tenth?",
]
START_MS, ROUND_MS = 180_000, 300_000


@pytest.fixture
def installation(tmp_path: Path, tiny_encoder: Path) -> Installation:
    return Installation(tmp_path, make_reader(tmp_path / "reader"), tiny_encoder)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_from_dropped_notes_to_a_second_generation(
    installation: Installation, tmp_path: Path
) -> None:
    files = []
    for name, text in NOTES.items():
        files.append(tmp_path / f"{name}.md")
        files[-1].write_text(f"# {name.title()}\n\n{text}\n", encoding="utf-8")
    process = installation.serve()
    try:
        url = f"http://127.0.0.1:{installation.port}"
        with chromium() as browser, watched_page(browser, url) as watched:
            watched.page.set_default_timeout(60_000)
            take_in(watched.page, files)
            ask_and_judge(watched.page)
            improve(watched.page)
        # Chromium's own words: nothing was published yet, and no key was given yet
        assert all("503" in one or "401" in one for one in watched.complaints)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0


def take_in(page: Page, files: list[Path]) -> None:
    page.goto("/")
    page.get_by_role("link", name="Add documents").click()
    page.locator("#files").set_input_files(files)
    unlock(page, ADMIN_KEY)
    expect(page.locator("#received .good")).to_have_count(len(files), timeout=START_MS)
    served = page.locator("#first")
    expect(served).to_contain_text("Generation 1 serves them now", timeout=START_MS)
    page.get_by_role("link", name="Ask something").click()


def ask_and_judge(page: Page) -> None:
    for question in QUESTIONS:
        ask(page, question)
        right = page.get_by_role("button", name="Right", exact=True)
        expect(right).to_be_visible(timeout=START_MS)
        right.click()
        expect(page.get_by_role("status").filter(has_text="Thank you")).to_be_visible()


def improve(page: Page) -> None:
    """The key is not asked for a second time."""
    page.get_by_role("link", name="Improve").click()
    page.get_by_role("button", name="Retrain now").click()
    expect(page.locator("#job")).to_contain_text("Not trained", timeout=START_MS)
    page.get_by_role("button", name="Retrain anyway").click()
    expect(page.locator("#job progress")).to_be_visible()
    expect(page.locator("#job")).to_contain_text("Done: generation 2 serves", timeout=ROUND_MS)
    expect(page.locator("#job")).to_contain_text("In words: of 100 questions")
    expect(page.locator("#generations tbody tr").first).to_contain_text("serves", timeout=60_000)
    expect(page.locator("#loop")).to_contain_text("skipped")  # the gate
    expect(page.get_by_role("img", name="Agreement with the reader")).to_be_visible()
    expect(page.locator("#chart")).to_contain_text("on questions trained on: 2.")
    expect(page.locator("#footer")).to_contain_text("generation 2,")
    page.get_by_role("link", name="Ask", exact=True).click()
    ask(page, QUESTIONS[0])
    expect(page.locator("#sure")).to_contain_text("Generation 2", timeout=START_MS)
