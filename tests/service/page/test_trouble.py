"""What goes wrong under an open page is said where the person is, and nothing typed is lost."""

from pathlib import Path
from shutil import rmtree

import httpx2
from playwright.sync_api import Browser, Page, Route, expect

from service.http.key_file import KeyFile
from tests.worlds.browsing import (
    ANSWER,
    QUESTION,
    PlayedTrainer,
    ask,
    objections,
    publish,
    town_service,
    unlock,
    watched_page,
)
from tests.worlds.serving import Running, running, until


def answers(service: Running) -> bool:
    try:
        return service.client.get("/healthz").status_code == 200
    except httpx2.TransportError:
        return False


def is_on_screen(page: Page, selector: str) -> bool:
    place = page.locator(selector).bounding_box()
    size = page.viewport_size
    assert place is not None and size is not None
    return place["y"] >= 0 and place["y"] + place["height"] <= size["height"]


def test_a_service_that_starts_again_under_the_page_goes_on(
    browser: Browser, tmp_path: Path
) -> None:
    with town_service(tmp_path) as service, watched_page(browser, service.url) as watched:
        page = watched.page
        page.goto("/#improve")
        unlock(page)
        expect(page.get_by_role("button", name="Retrain now")).to_be_enabled()
        page.get_by_label("Question to compare").fill(QUESTION)
        port = int(service.url.rsplit(":", 1)[1])
        service.parts.presence.draining.set()
        until(lambda: not answers(service), 30)
        page.get_by_role("button", name="Retrain now").click()
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        with running(service.home.root, None, port=port):
            page.get_by_role("button", name="Compare").click()
            expect(page.locator("#compared .said")).to_have_text([ANSWER, ANSWER])
            page.get_by_role("button", name="Retrain now").click()
            expect(page.locator("#job")).to_contain_text("Waiting for the trainer")
            expect(page.get_by_role("alert")).to_be_hidden()


def test_a_generation_that_is_pruned_while_it_is_compared(browser: Browser, tmp_path: Path) -> None:
    with town_service(tmp_path) as service, watched_page(browser, service.url) as watched:
        page = watched.page
        page.goto("/#improve")
        unlock(page)
        page.get_by_label("First generation").select_option("1")
        page.get_by_label("Second generation").select_option("2")
        page.get_by_label("Question to compare").fill(QUESTION)
        rmtree(service.home.generations_dir / "1")
        page.get_by_role("button", name="Compare").click()
        left = page.locator("#compared > div").first
        expect(left).to_contain_text("Generation 1 is not kept; those kept: 2.")
        expect(page.locator("#compared .said")).to_have_text([ANSWER])
        expect(page.get_by_label("Question to compare")).to_have_value(QUESTION)
    assert all("404" in one for one in watched.complaints)


def test_a_key_that_is_taken_away_under_the_page(browser: Browser, service: Running) -> None:
    with watched_page(browser, service.url) as watched:
        keys = KeyFile(service.home.keys_file)
        key = keys.add("short-lived", "admin", 0.0)
        page = watched.page
        page.goto("/#improve")
        unlock(page, key)
        page.get_by_label("Question to compare").fill(QUESTION)
        keys.remove("short-lived")
        page.get_by_role("button", name="Retrain now").click()
        expect(page.get_by_role("alert")).to_contain_text("not the right one, or not any more")
        expect(page.get_by_label("Admin key")).to_be_focused()
        unlock(page)
        expect(page.get_by_label("Question to compare")).to_have_value(QUESTION)
        expect(page.get_by_role("button", name="Retrain now")).to_be_enabled()
    assert all("401" in one for one in watched.complaints)


def test_feedback_on_an_answer_that_this_home_does_not_know(
    browser: Browser, service: Running
) -> None:
    """The page remembers answers of the home before, at the same address."""
    with watched_page(browser, service.url) as watched:
        page = watched.page
        page.goto("/")
        ask(page, QUESTION)
        expect(page.locator("#answer")).to_have_text(ANSWER)
        page.evaluate(
            "localStorage.setItem('reread.past', "
            'localStorage.getItem(\'reread.past\').replace(/"id":"[0-9a-f]{32}"/, '
            '\'"id":"00000000000000000000000000000000"\'))'
        )
        page.reload()
        page.get_by_text("Earlier questions").click()
        page.get_by_role("button", name=QUESTION).click()
        page.get_by_text("Put it right").click()
        page.get_by_label("The right answer").fill("five")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_contain_text("There is no answer '0000")
        assert is_on_screen(page, "#notice")
        expect(page.get_by_label("The right answer")).to_have_value("five")
    assert all("404" in one for one in watched.complaints)


def without_trainer(route: Route) -> None:
    """What a service says beside which no trainer runs; the world's says that one does."""
    said = route.fetch()
    route.fulfill(response=said, json={**said.json(), "pids": {"service": 1, "trainer": None}})


def test_too_few_questions_are_no_refusal_and_one_press_goes_on(
    browser: Browser, tmp_path: Path
) -> None:
    """Defect: the page said the gate had refused, and named a setting of the command line."""
    with town_service(tmp_path) as service, watched_page(browser, service.url) as watched:
        page = watched.page
        page.route("**/info", without_trainer)
        page.goto("/#improve")
        unlock(page)
        page.get_by_role("button", name="Retrain now").click()
        waiting = "Waiting for the trainer (none runs beside this service: start reread trainer)"
        expect(page.locator("#job")).to_contain_text(waiting)
        trainer = PlayedTrainer(service)
        trainer.claim()
        trainer.finish("rejected", error="The log holds 3 new ones.", metrics={"records": 3})
        expect(page.locator("#job")).to_contain_text("Not trained: what serves stays.")
        page.get_by_role("button", name="Retrain anyway").click()
        expect(page.locator("#job")).to_contain_text("Waiting for the trainer")
        newest = service.parts.jobs.list()[0]
        assert (newest.state, newest.params) == ("queued", {"force": True})
    assert watched.complaints == []


def test_files_dropped_on_an_empty_home_are_followed_until_they_serve(
    browser: Browser, tmp_path: Path
) -> None:
    """Defect: they were taken, and nothing said that a command had to be typed in a terminal."""
    notes = [tmp_path / "kyiv.md", tmp_path / "lviv.md"]
    notes[0].write_text("# Kyiv\n\nKyiv has a funicular.")
    notes[1].write_text("# Lviv\n\nLviv has a citadel.")
    with (
        running(tmp_path / "home", None) as service,
        watched_page(browser, service.url) as watched,
    ):
        page = watched.page
        page.goto("/")
        expect(page.locator("#examples")).to_contain_text("Drop files on the page")
        assert objections(page) == []
        page.get_by_role("link", name="Add documents").click()
        page.locator("#files").set_input_files(notes)
        expect(page.locator("#received")).to_contain_text("all 2 files are")
        unlock(page)  # what was dropped is sent by itself
        expect(page.locator("#received .good")).to_have_text(["added: 1 passage"] * 2)
        expect(page.locator("#first")).to_contain_text("the first generation is being made")
        publish(service.home)
        expect(page.locator("#first")).to_contain_text("Generation 1 serves them now.")
        expect(page.locator("#footer")).to_contain_text("generation 1")
        expect(page.locator("#tally")).to_have_text("2 files taken in: 2 passages.")
        page.get_by_role("link", name="Ask something").click()
        ask(page, "funicular of Kyiv")
        expect(page.locator("#answer")).to_have_text("Kyiv has a funicular.")
        page.get_by_role("link", name="Improve").click()
        expect(page.locator("#compare-note")).to_contain_text("one generation so far")
        expect(page.get_by_role("button", name="Compare")).to_be_hidden()
    assert all("503" in one or "401" in one for one in watched.complaints)
