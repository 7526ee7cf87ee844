"""What nobody wants kept is not kept, and the loop says what that costs it."""

from pathlib import Path
from typing import Any

import pytest

from reread.errors import BadRequest
from reread.log.attention_log import SqliteAttentionLog
from reread.log.retention import DAY_S, Retention
from reread.records import AnswerRecord
from service.settings import ServiceSettings
from tests.worlds.browsing import town_service
from tests.worlds.serving import Running
from trainer.examples import UNTOLD
from trainer.loop.window import LogWindow, find_shortage, read_window
from trainer.settings import TrainerSettings

QUESTION = "how many wells has Visby of the zahnradbahn"
OWN = [{"title": "Meinung", "text": "Visby of the zahnradbahn has no wells at all."}]
WORDS = (b"zahnradbahn", b"Meinung", b"vierzehn", b"They are old")  # asked, given, typed, answered


def used(service: Running) -> list[AnswerRecord]:
    """A question asked twice, once otherwise spelled, and of a passage of one's own; corrected."""
    bodies: list[dict[str, Any]] = [
        {"question": QUESTION},
        {"question": f"  {QUESTION.upper()} "},
        {"question": QUESTION, "passages": OWN},
    ]
    for body in bodies:
        told = service.client.post("/answer", json=body).json()
        assert told["answer"] and told["question"] == body["question"].strip()
        said = {"answer_id": told["id"], "verdict": "wrong", "answer": "vierzehn"}
        assert service.client.post("/feedback", json=said).status_code == 200
        shown = service.client.get(f"/relevance/{told['id']}").json()["passages"]
        assert [one["relevance"] for one in shown] == [one["relevance"] for one in told["passages"]]
    return service.parts.history._log.read_since(0, 10)


def words_in(folder: Path) -> list[tuple[str, bytes]]:
    files = [one for one in folder.rglob("*") if one.is_file()]
    return [(one.name, word) for one in files for word in WORDS if word in one.read_bytes()]


def window_of(service: Running) -> LogWindow:
    log = SqliteAttentionLog(service.home.log_file)
    window = read_window(service.home, log, limit=100, seen=0, check=lambda: None)
    log.close()
    return window


@pytest.mark.parametrize("kept", ["hashed", "none"])
def test_questions_are_logged_hashed_or_not_at_all(tmp_path: Path, kept: str) -> None:
    with town_service(tmp_path, log_questions=kept) as service:
        first, again, own = used(service)
        assert words_in(service.home.log_dir) == []
        assert first.question == again.question == own.question and not first.words
        assert len(first.question) == (76 if kept == "hashed" else 0)
        [said] = service.parts.history._log.feedback(first.id)
        assert (said.verdict, said.answer) == ("wrong", None)
        warnings = service.client.get("/readyz").json()["warnings"]
        assert [one for one in warnings if "nothing is learnt from them" in one]
        window = window_of(service)
        assert window.selection.dropped == {UNTOLD: 3}
        refusal = find_shortage(window, TrainerSettings(), force=True)
        assert refusal is not None and UNTOLD in refusal
        on = {"input": "and Oslo?", "previous_response_id": f"resp_{first.id}"}
        assert service.client.post("/v1/responses", json=on).status_code == 404
        overview = service.parts.history.overview()
        assert (overview.answers, overview.unsure) == (3, [])
    with town_service(tmp_path / "other", log_questions=kept) as other:
        elsewhere = used(other)[0].question
        assert (elsewhere == first.question) == (kept == "none")  # a key of each home


def test_words_leave_the_log_when_their_days_are_over(tmp_path: Path) -> None:
    with town_service(tmp_path, log_days=30) as service:
        records = used(service)
        assert records[0].words and {word for _, word in words_in(service.home.log_dir)}
        log, now_s = service.parts.history._log, records[0].created_s
        Retention(log, 30, lambda: now_s + 29 * DAY_S).look()
        assert all(one.words for one in log.read_since(0, 10))
        Retention(log, 30, lambda: now_s + 31 * DAY_S).look()
        assert [one.words for one in log.read_since(0, 10)] == [False] * 3
        assert words_in(service.home.log_dir) == []
        late = {"answer_id": records[0].id, "verdict": "correct", "answer": "vierzehn"}
        assert service.client.post("/feedback", json=late).status_code == 200
        assert words_in(service.home.log_dir) == []
        assert window_of(service).selection.dropped == {UNTOLD: 3}


def test_a_setting_that_is_none_is_refused() -> None:
    wrong: dict[str, Any]
    for wrong in ({"log_questions": "some"}, {"log_days": -1}):
        with pytest.raises(BadRequest, match=f"{next(iter(wrong))} is .*choose"):
            ServiceSettings(**wrong)
