"""What a round reads of the log, and what people said about it."""

from pathlib import Path

from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.records import AnswerRecord, Feedback, LoggedPassage
from tests.worlds.tiny import make_passages
from trainer.loop.window import read_window


def test_the_latest_verdict_of_each_answer_decides(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    passages = make_passages()
    with committed_dir(home.passages_dir / "1") as scratch:
        PassageStore.create(scratch, passages)
    log = SqliteAttentionLog(home.log_file)
    read = tuple(LoggedPassage(row, passages[row].id, 1.0, float(-row)) for row in range(4))
    log.append(
        [
            AnswerRecord(name, f"where is {name}", "x", 0.5, read, 1, 1, "r", 0.0)
            for name in ("old", "praised", "blamed", "forgiven", "silent")
        ]
    )
    for name, verdict in (
        ("old", "wrong"), ("forgiven", "wrong"), ("blamed", "correct"), ("blamed", "wrong"),
        ("praised", "correct"), ("forgiven", "correct"),
    ):  # fmt: skip
        log.append_feedback(Feedback(name, verdict, None, (), 0.0))
    window = read_window(home, log, limit=4, seen=3, check=lambda: None)
    kept = [example.question for example in window.selection.examples]
    assert kept == ["where is praised", "where is forgiven", "where is silent"]
    assert window.selection.dropped == {"its answer was marked wrong": 1}
    assert (window.records, window.new, window.cursor) == (4, 2, 5)
    assert window.feedback == {
        "judged_answers": 3, "outdated_answers": 0, "contested_questions": 0,
        "marked_questions": 0, "labelled_questions": 2,
    }  # fmt: skip
    log.close()
