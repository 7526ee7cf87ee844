"""`reread report` on a real home with two generations, looked at in a real Chromium."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from command.__main__ import run
from tests.worlds.browsing import (
    PlayedTrainer,
    chromium,
    objections,
    publish,
    town_service,
    watched_page,
)
from tests.worlds.serving import ADMIN, Running, until

METRICS = {
    "gate": {"accepted": True, "reason": "Better."},
    "before": {"ndcg": 0.71}, "after": {"ndcg": 0.83},
    "training": {"questions": 40, "seconds": 12.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Questions asked, some judged, and a third generation by a played retraining."""
    with town_service(tmp_path_factory.mktemp("towns")) as service:
        for number, town in enumerate(["Oslo", "Bergen", "Turku", "Visby", "Tartu", "<b>Riga"]):
            told = service.ask(question=f"wells of {town}", top_k=4).json()
            verdict = "wrong" if number % 3 == 2 else "correct"
            said = {"answer_id": told["id"], "verdict": verdict}
            assert service.client.post("/feedback", json=said).status_code == 200
        service.ask(question="nothing stands here")
        service.client.post("/admin/retrain", json={}, headers=ADMIN)
        trainer = PlayedTrainer(service)
        trainer.claim()
        number = publish(service.home, metrics=METRICS)
        trainer.finish("done", generation=number, metrics=METRICS)
        until(lambda: service.parts.pipeline.live.number == number)
        yield service


@pytest.fixture(scope="module")
def report(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("report") / "report.html"
    assert run(["report", "--home", str(service.home.root), "--output", str(output)]) == 0
    return output


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_the_page_says_how_the_home_stands(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert "generation 3" in text and "<dd>7</dd>" in text  # answers
    assert "generation 2 71%" in text and "generation 3 83%" in text  # the chart in words
    assert "6 questions of the log, searched with generation 2 and with 3" in text
    assert "wells of &lt;b&gt;Riga" in text and "<b>Riga" not in text
    assert "marked wrong" in text and "nothing found" in text
    assert "guide.md" in text
    assert "0 of 8 passages (0%) were in no answer" in text
    assert "read and answer" in text and "Better." in text
    for outside in ("http://", "https://", "<script", "src="):
        assert outside not in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_is_readable_in_both_themes_and_on_a_telephone(
    browser: Browser, report: Path, scheme: str, width: int
) -> None:
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    with watched_page(browser, report.as_uri(), **options) as watched:
        watched.page.goto(report.as_uri())
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
        assert objections_without_policy(watched, report) == []
    assert watched.complaints == []


def objections_without_policy(watched, report: Path) -> list[str]:
    """axe is a script and the page lets none run, so it looks at a copy without that line."""
    text = report.read_text(encoding="utf-8")
    begin = text.index('<meta http-equiv="Content-Security-Policy"')
    copy = report.with_name("copy.html")
    copy.write_text(text[:begin] + text[text.index(">", begin) + 1 :], encoding="utf-8")
    watched.page.goto(copy.as_uri())
    return objections(watched.page)


def test_a_home_without_answers_has_a_report_too(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Moss\n\nMoss is green.")
    home = ["--home", str(tmp_path / "home")]
    assert run(["ingest", str(tmp_path / "a.md"), *home]) == 0
    output = tmp_path / "r.html"
    assert run(["report", "--output", str(output), *home]) == 0
    text = output.read_text(encoding="utf-8")
    assert "nothing yet" in text and "1 of 1 passages (100%)" in text
    assert "There is no earlier generation to compare with yet." in text


def test_a_damaged_generation_is_said_and_the_rest_is_there(
    service: Running, tmp_path: Path
) -> None:
    from command.report.reporting import learnt

    record = service.parts.history._log.read_since(0, 1)[0]
    broken = replace(service.home, root=tmp_path)
    told, why = learnt(broken, [record], {}, 10)
    assert told is None and why == "There is no earlier generation to compare with yet."
