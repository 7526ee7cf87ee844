"""The page in a real Chromium: every view, no complaint in the console, nothing axe objects to."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.worlds.browsing import (
    PlayedTrainer,
    chromium,
    objections,
    publish,
    town_service,
    watched_page,
)
from tests.worlds.serving import Running, until

QUESTION = "wells of Turku"
ANSWER = "Turku has 4 wells. They"
REPORT = {
    "gate": {"accepted": True, "reason": "Better in 99% of resamples."},
    "before": {
        "ndcg": 0.71,
        "top_1_agreement": 0.5,
        "coverage_at_20": 0.9,
        "said": {"questions": 8, "recall_at": {"5": 0.5}},
    },
    "after": {
        "ndcg": 0.83,
        "top_1_agreement": 0.62,
        "coverage_at_20": 0.95,
        "said": {"questions": 8, "recall_at": {"5": 0.75}},
    },
    "log": {
        "feedback": {
            "judged_answers": 12,
            "outdated_answers": 2,
            "contested_questions": 1,
            "marked_questions": 5,
            "labelled_questions": 8,
        }
    },
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=20_000)  # a busy machine is not a broken page
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with town_service(tmp_path_factory.mktemp("towns")) as service:
        yield service


@pytest.fixture
def page(browser: Browser, service: Running) -> Iterator[Page]:
    with watched_page(browser, service.url) as watched:
        yield watched.page
    assert watched.complaints == []


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question", exact=True).fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()


def unlock(page: Page, key: str = "admin-secret") -> None:
    page.get_by_label("Admin key").fill(key)
    page.get_by_role("button", name="Use this key").click()


def test_an_answer_comes_with_its_span_and_bars(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("Key", exact=True)).to_be_hidden()  # none is needed here
    ask(page, QUESTION)
    expect(page.locator("#answer")).to_have_text(ANSWER)
    expect(page.locator("#passages mark")).to_have_text([ANSWER])  # they come with the whole
    card = page.locator("#passages > li").filter(has_text="Turku")
    expect(card.locator("mark")).to_have_count(1)
    shares = [one.get_attribute("aria-label") for one in page.locator("#passages .bar").all()]
    assert len(shares) == 8 and all(re.search(r"weight on this passage: \d", s) for s in shares)
    told = "Probably wrong (11 %): trust the passages, not the answer. Generation 2, "
    expect(page.locator("#sure")).to_contain_text(told)
    expect(page.locator("#answer")).to_have_class("doubtful")
    page.get_by_role("button", name="Show what the reader looked at").click()
    expect(page.locator(".token").first).to_be_visible()
    shades = [
        one.evaluate("e => [e.textContent, e.style.getPropertyValue('--weight')]")
        for one in card.locator(".token").all()
    ]
    assert shades[:4] == [["Turku", "80%"], ["has", "0%"], ["4", "0%"], ["wells.", "0%"]]
    assert card.locator(".text").inner_text() == "Turku has 4 wells. They are old and deep."
    assert objections(page) == []


def test_words_for_a_confidence_change_where_the_table_says(page: Page) -> None:
    """A bound belongs to the better word; by the table in docs/how-it-works.md."""
    page.goto("/")
    said = page.evaluate(
        """async confidences => {
            const { isDoubtful, sureness } = await import("/page/elements.js");
            return confidences.map(confidence => {
                const answer = { found: true, confidence };
                return [sureness(answer).split(" (")[0], isDoubtful(answer)];
            });
        }""",
        [1, 0.75, 0.7499, 0.45, 0.4499, 0.2, 0.1999, 0],
    )
    assert said == [
        ["Sure", False], ["Sure", False], ["Fairly sure", False], ["Fairly sure", False],
        ["Not sure", True], ["Not sure", True], ["Probably wrong", True], ["Probably wrong", True],
    ]  # fmt: skip


def test_examples_a_follow_up_and_what_was_asked_before(page: Page, service: Running) -> None:
    page.goto("/")
    examples = page.locator("#examples button")
    expect(examples).to_have_count(4)
    assert examples.first.inner_text() == "What is Oslo?"
    examples.first.click()
    expect(page.locator("#answer")).to_have_text("Oslo has 2 wells. They")
    page.get_by_label("as a follow-up to this answer").check()
    ask(page, "deep?")  # the echo reader counts the words of the first question too
    expect(page.locator("#asked")).to_have_text("deep?")
    expect(page.locator("#answer")).to_have_text("Oslo has 2 wells. They")
    page.reload()
    page.get_by_text("Earlier questions").click()
    page.get_by_role("button", name="What is Oslo?").click()
    expect(page.locator("#answer")).to_have_text("Oslo has 2 wells. They")
    page.get_by_role("button", name="Forget them").click()
    expect(page.locator("#past")).to_be_hidden()


def test_nothing_found_is_said_kindly(page: Page) -> None:
    page.goto("/")
    ask(page, "nothing stands here")
    expect(page.locator("#answer")).to_contain_text("do not seem to answer this")
    expect(page.get_by_role("heading", name="The nearest passages")).to_be_visible()
    expect(page.locator("#warnings")).to_contain_text("none was read")
    expect(page.locator("#sure")).to_contain_text("Nothing found")


def test_what_a_person_says_of_an_answer_is_kept(page: Page, service: Running) -> None:
    page.goto("/")
    ask(page, QUESTION)
    page.get_by_text("Put it right").click()
    page.get_by_label("The right answer").fill("five")
    page.get_by_text("Which passages hold the answer?").click()
    page.locator("#judge").get_by_label("Turku").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("Thank you")
    kept = service.parts.history._log.feedback_since(0)[-1]
    assert (kept.verdict, kept.answer, kept.passage_ids) == ("wrong", "five", ("guide.md.2",))
    ask(page, "wells of Riga")
    page.get_by_role("button", name="Right", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Thank you")
    assert service.parts.history._log.feedback_since(0)[-1].verdict == "correct"


def test_a_retraining_and_its_swap_under_the_open_page(page: Page, service: Running) -> None:
    page.goto("/#improve")
    expect(page.locator("#improve-body")).to_be_hidden()
    unlock(page)
    expect(page.get_by_role("button", name="Retrain now")).to_be_enabled()
    page.get_by_role("button", name="Retrain now").click()
    expect(page.locator("#job")).to_contain_text("Waiting for the trainer")
    trainer = PlayedTrainer(service)
    trainer.claim()
    trainer.report("training", 0.45)
    expect(page.locator("#job")).to_contain_text("training (step 3 of 5), 45 %")
    expect(page.get_by_label("Progress of the retraining")).to_have_attribute("value", "0.45")
    expect(page.get_by_role("button", name="Retrain now")).to_be_disabled()
    number = publish(service.home, metrics=REPORT)
    trainer.finish("done", generation=number, metrics=REPORT)
    expect(page.locator("#job")).to_contain_text(f"Done: generation {number} serves.")
    expect(page.locator("#job .figures")).to_contain_text("71 % → 83 %")
    expect(page.locator("#job")).to_contain_text(
        "In words: of 100 questions kept out of training, the passage that the reader leaned on "
        "most came first for 50, and now does for 62."
    )
    expect(page.locator("#job .figures")).to_contain_text("among 5 (8 questions)")
    expect(page.locator("#job .figures")).to_contain_text("50 % → 75 %")
    expect(page.locator("#job")).to_contain_text(
        "People judged 12 answers: marks teach 5 questions, 8 questions can measure; 2 set aside, "
        "as their documents changed, 1 question set aside, as people disagree."
    )
    until(lambda: service.parts.pipeline.live.number == number)
    page.reload()
    expect(page.locator("#generations tbody tr").first).to_contain_text("serves")
    expect(page.get_by_role("img", name=re.compile("Agreement with the reader"))).to_be_visible()
    assert objections(page) == []
    page.get_by_role("button", name="Activate generation 1").click()
    expect(page.locator("#generations tbody tr").last).to_contain_text("serves")
    assert service.parts.pipeline.live.number == 1
    page.get_by_role("button", name="Activate generation 2").click()
    expect(page.locator("#generations tbody tr").nth(1)).to_contain_text("serves")


def test_two_generations_side_by_side(page: Page, service: Running) -> None:
    page.goto("/#improve")
    unlock(page)
    page.get_by_label("Question to compare").fill(QUESTION)
    page.get_by_label("First generation").select_option("1")
    page.get_by_label("Second generation").select_option("2")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#compared .said")).to_have_text([ANSWER, ANSWER])
    expect(page.locator("#compared h3")).to_have_text(["Generation 1", "Generation 2"])


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
        place = page.get_by_role("button", name=re.compile("Activate generation")).first
        right = place.bounding_box()
        assert right is not None and right["x"] + right["width"] <= 360  # it was scrolled away
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
