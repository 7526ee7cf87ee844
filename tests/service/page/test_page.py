"""The page as a whole in a real Chromium: keys, keyboard, themes and narrow screens."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.worlds.browsing import (
    ANSWER,
    QUESTION,
    ask,
    objections,
    town_service,
    unlock,
    watched_page,
)
from tests.worlds.serving import Running


def test_a_wrong_admin_key_is_asked_for_again(browser: Browser, service: Running) -> None:
    """A refused request is an error in Chromium's console; nothing else may stand there."""
    with watched_page(browser, service.url) as watched:
        page = watched.page
        page.goto("/#improve")
        unlock(page, "an old key")
        expect(page.get_by_label("Admin key")).to_be_focused()
        expect(page.get_by_role("alert")).to_contain_text("not the right one")
        unlock(page)
        expect(page.get_by_role("heading", name="Generations", exact=True)).to_be_visible()
    assert all("401" in one for one in watched.complaints)


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("Question", exact=True)).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Wrong")).to_be_visible()
    for _ in range(4):  # button, follow-up, Right, Wrong
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Wrong")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_at_360_pixels(browser: Browser, service: Running, scheme: str) -> None:
    """Nothing is wider than the screen, and contrast holds in either theme."""
    small = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
    with watched_page(browser, service.url, **small) as watched:
        page = watched.page
        page.goto("/")
        ask(page, QUESTION)
        expect(page.locator("#answer")).to_have_text(ANSWER)
        assert objections(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.goto("/#improve")
        unlock(page)
        expect(page.get_by_role("heading", name="The log")).to_be_visible()
        page.locator("#generations td:nth-child(2)").first.evaluate(
            "one => { one.textContent = 'token by token'; }"  # the longest there is
        )
        table = page.locator(".scroll")  # the button was scrolled away, or half of it
        assert table.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert objections(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.get_by_role("button", name="Change between light and dark").click()
        other = "dark" if scheme == "light" else "light"
        assert page.locator("html").get_attribute("data-theme") == other


def test_a_service_that_goes_away_is_said_and_nothing_is_lost(
    browser: Browser, tmp_path: Path
) -> None:
    with town_service(tmp_path) as service, watched_page(browser, service.url) as watched:
        page = watched.page
        page.goto("/")
        page.get_by_label("Question", exact=True).fill(QUESTION)
        service.parts.presence.draining.set()
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text(re.compile("stopping|does not answer"))
        expect(page.get_by_label("Question", exact=True)).to_have_value(QUESTION)


def test_a_key_is_asked_for_only_where_one_is_needed(browser: Browser, tmp_path: Path) -> None:
    with town_service(tmp_path, query_keys=("letmein",)) as service:
        with watched_page(browser, service.url) as watched:
            page = watched.page
            page.goto("/")
            page.get_by_label("Key", exact=True).fill("letmein")
            page.get_by_role("button", name="Use this key").click()
            ask(page, QUESTION)
            expect(page.locator("#answer")).to_have_text(ANSWER)
        assert all("401" in one for one in watched.complaints)
