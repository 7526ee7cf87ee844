"""What was answered from a removed document leaves the log, and nothing else does."""

from pathlib import Path

import pytest

from reread.log.attention_log import SqliteAttentionLog
from reread.records import AnswerRecord, Feedback, LoggedPassage

CANARY = "kanarienvogel-7731"


def record(id: str, passage: str, *, row: int | None = 0, answer: str = CANARY) -> AnswerRecord:
    text = None if row is not None else "own"
    one = LoggedPassage(row, passage, 1.0, 0.5, text, text)
    return AnswerRecord(id, "q?", answer, 0.9, (one,), 1, 1, "reader", 0.0)


@pytest.fixture
def log(tmp_path: Path):
    opened = SqliteAttentionLog(tmp_path / "attention.db")
    yield opened
    opened.close()


def test_answers_and_corrections_from_removed_passages_are_blank_the_rest_stays(log, tmp_path):
    records = [record(f"r{n}", f"p{n % 4}") for n in range(1200)]  # more than one transaction
    log.append(records)
    log.append_feedback(Feedback("r1", "partial", f"rather {CANARY}", ("p1",), 0.0))
    log.append_feedback(Feedback("r2", "partial", "kept", ("p2",), 0.0))
    assert log.forget({"p1", "p3"}) == 600
    for n, one in enumerate(log.read_since(0, 2000)):
        assert one.answer == ("" if n % 2 else CANARY)
        assert (one.id, one.passages, one.confidence) == (f"r{n}", records[n].passages, 0.9)
    assert [log.feedback(id)[0].answer for id in ("r1", "r2")] == [None, "kept"]
    assert log.forget({"p1", "p3"}) == 0


def test_no_byte_of_a_forgotten_answer_is_left_after_compact(log, tmp_path):
    log.append([record("a", "p1", answer=f"{CANARY} " * 2000), record("b", "p2", answer="stays")])
    log.forget({"p1"})
    assert log.compact()
    assert not any(CANARY.encode() in one.read_bytes() for one in tmp_path.iterdir())
    assert log.get("b").answer == "stays"


def test_a_callers_own_passage_of_the_same_id_is_not_the_documents(log):
    log.append([record("a", "own.0", row=None)])
    assert log.forget({"own.0"}) == 0


def test_ids_with_quotes_and_other_letters_are_found(log):
    log.append([record("a", 'größe "x"\\1'), record("b", "größe")])
    assert log.forget({'größe "x"\\1'}) == 1


def test_a_correction_goes_also_where_nothing_had_been_answered(log):
    """The answer was refused and a person typed one: it stayed when its document was removed."""
    log.append([record("a", "p1", answer=""), record("b", "p2", answer="")])
    for id in ("a", "b"):
        log.append_feedback(Feedback(id, "wrong", f"it is {CANARY}", (), 0.0))
    assert log.forget({"p1"}) == 1
    assert [log.feedback(id)[0].answer for id in ("a", "b")] == [None, f"it is {CANARY}"]
    assert log.forget({"p1"}) == 0
