"""The view Ask in a real Chromium: the answer, its passages, and what a person says of it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.worlds.browsing import ANSWER, QUESTION, ask, objections
from tests.worlds.serving import Running


def test_an_answer_comes_with_its_span_and_bars(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("Key", exact=True)).to_be_hidden()  # none is needed here
    ask(page, QUESTION)
    expect(page.locator("#answer")).to_have_text(ANSWER)
    expect(page.locator("#passages mark")).to_have_text([ANSWER])  # they come with the whole
    card = page.locator("#passages li").first  # wherever search found it
    expect(card).to_contain_text("Turku")
    expect(card).to_contain_text("holds the answer")
    expect(page.locator("#passages li:visible")).to_have_count(3)
    expect(page.locator("#others > summary")).to_have_text("5 more that were found")
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
    expect(page.locator("#passages li:visible")).to_have_count(8)
    assert objections(page) == []


def test_the_passage_with_the_answer_is_the_first_card_and_the_bars_tell_the_others_apart(
    page: Page,
) -> None:
    """Defect: the answer stood in the last of ten cards, and nine bars said 0.0 % alike."""
    page.goto("/")
    told = page.evaluate(
        """async () => {
            const { showPassages } = await import("/page/passages.js");
            const attention = [-13, -6.5, -14.5, -3.9, -4.9];
            const whole = attention.map(Math.exp).reduce((sum, one) => sum + one);
            const passages = attention.map((one, i) => (
                { id: `p${i}`, title: `A > ${i}`, text: "three are kept", attention: one,
                  relevance: Math.exp(one) / whole, source: "guide.pdf#page=3" }));
            showPassages({ passages, spans: [{ passage: "p4", start: 0, end: 5 }] });
            document.getElementById("result").hidden = false;
            const said = selector => [...document.querySelectorAll(selector)];
            return {
                titles: said("#passages .title").map(one => one.textContent),
                source: said("#passages .title + .soft")[0].textContent.trim(),
                labels: said("#passages .bar").map(one => one.ariaLabel.split(": ")[1]),
                pale: said("#passages .behind").map(one => one.style.getPropertyValue("--share")),
            };
        }"""
    )
    assert told["titles"] == ["5. A › 4", "4. A › 3", "2. A › 1", "1. A › 0", "3. A › 2"]
    assert told["source"] == "guide.pdf, page 3"
    assert told["labels"] == [
        "26 %, score -4.9", "69 %, score -3.9", "5.1 %, score -6.5", "< 0.1 %, score -13.0",
        "< 0.1 %, score -14.5",
    ]  # fmt: skip
    widths = [float(one.removesuffix("%")) for one in told["pale"]]
    assert widths == pytest.approx([90.57, 100, 75.47, 14.15], abs=0.01)  # the least one has none


def test_tokens_are_found_across_the_blanks_of_a_table(page: Page) -> None:
    """Defect: behind a gap wider than twelve blanks no token was shaded any more."""
    page.goto("/")
    shaded = page.evaluate(
        """async () => {
            const { shaded } = await import("/page/elements.js");
            const text = "seals.py" + " ".repeat(20) + "İce, Sealed\\nJSON";
            const tokens = ["what", "?", "▁seal", "s", ".", "py", "▁<unk>", ",", "Ġsealed",
                "##json"];
            const pieces = shaded(text, tokens.map((one, i) => [one, i]), 0, 10);
            return pieces.filter(one => one.textContent && one.className === "token")
                .map(one => [one.textContent, Number(one.title)]);
        }"""
    )
    assert shaded == [
        ["seal", 2], ["s", 3], [".", 4], ["py", 5], [",", 7], ["Sealed", 8], ["JSON", 9],
    ]  # fmt: skip


def test_words_for_a_confidence_change_where_the_table_says(page: Page) -> None:
    """A bound belongs to the better word; by the table in docs/how-it-works.md."""
    page.goto("/")
    said = page.evaluate(
        """async confidences => {
            const { isDoubtful, sureness } = await import("/page/elements.js");
            return confidences.map(confidence => {
                const answer = { found: true, confidence };
                return [sureness(answer).split(")")[0], isDoubtful(answer)];
            });
        }""",
        [1, 0.75, 0.7499, 0.45, 0.4499, 0.2, 0.1999, 0],
    )
    assert said == [
        ["Sure (100 %", False], ["Sure (75 %", False],
        ["Fairly sure (74 %", False], ["Fairly sure (45 %", False],
        ["Not sure (44 %", True], ["Not sure (20 %", True],
        ["Probably wrong (19 %", True], ["Probably wrong (0.0 %", True],
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
    expect(page.locator("#judge")).to_contain_text("Is it right that they do not?")
    expect(page.locator("#passages .bar")).to_have_count(0)  # nothing was read: nothing to weigh
    expect(page.get_by_role("button", name="Show what the reader looked at")).to_be_hidden()


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
