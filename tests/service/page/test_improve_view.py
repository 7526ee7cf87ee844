"""The view Improve in a real Chromium: a retraining as it goes, its gate, the generations."""

import re

from playwright.sync_api import Page, expect

from tests.worlds.browsing import (
    ANSWER,
    QUESTION,
    PlayedTrainer,
    objections,
    publish,
    unlock,
)
from tests.worlds.serving import Running

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
    expect(page.locator("#footer")).to_contain_text(f"generation {number},")  # by itself
    assert service.parts.pipeline.live.number == number
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
    assert objections(page) == []
    told = page.evaluate(
        """async () => {
            const { there } = await import("/page/generations.js");
            const other = { passages: [{ id: "a" }, { id: "b" }] };
            return [there("a", 0, other), there("b", 0, other), there("c", 0, other)];
        }"""
    )
    assert told == ["", "2nd there", "only here"]
