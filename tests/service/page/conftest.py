"""One Chromium for all tests of the page, and one service of towns for each file of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.worlds.browsing import chromium, town_service, watched_page
from tests.worlds.serving import Running


@pytest.fixture(scope="package")  # Playwright's loop runs in this thread: no asyncio beside it
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=60_000)  # a busy machine is not a broken page
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with town_service(tmp_path_factory.mktemp("towns")) as service:
        yield service


@pytest.fixture
def page(browser: Browser, service: Running) -> Iterator[Page]:
    """A fresh visitor's page; its console must stay silent."""
    with watched_page(browser, service.url) as watched:
        yield watched.page
    assert watched.complaints == []
