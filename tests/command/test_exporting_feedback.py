"""`reread export feedback` on a real home: what people said, as FiD, SQuAD and BEIR have it."""

import json
from pathlib import Path

import pytest

from command.__main__ import run
from evaluation.formats.beir import read_beir
from evaluation.questions import read_questions
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.records import AnswerRecord, Feedback, LoggedPassage
from trainer.fid.files import read_scored_questions

TEXTS = ["Paris lies on the Seine.", "Berlin lies on the Spree.", "Rome lies on the Tiber."]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    lines = [json.dumps({"id": f"d{n}", "title": f"T{n}", "text": t}) for n, t in enumerate(TEXTS)]
    (tmp_path / "d.jsonl").write_text("\n".join(lines))
    assert run(["ingest", str(tmp_path / "d.jsonl"), "--home", str(tmp_path / "home")]) == 0
    home = Home(tmp_path / "home")
    log = SqliteAttentionLog(home.log_file)
    read = tuple(LoggedPassage(n, f"d{n}", 1.0, 2.0 - n) for n in range(3))
    asked = {"right": "Seine", "corrected": "Seine", "silent": "Seine", "elsewhere": "Seine"}
    log.append(
        [
            AnswerRecord(id, f"{id}?", answer, 0.5, read, 1, 1, "r", 0.0)
            for id, answer in asked.items()
        ]
    )
    log.append_feedback(Feedback("right", "correct", None, ("d0",), 0.0))
    log.append_feedback(Feedback("corrected", "wrong", "the spree", ("d1",), 0.0))
    log.append_feedback(Feedback("elsewhere", "wrong", "in the Po", (), 0.0))
    log.close()
    return home


def export(home: Home, form: str, output: Path) -> int:
    return run(
        ["export", "feedback", "--format", form, "--output", str(output), "--home", str(home.root)]
    )


def test_fid_has_what_was_read_with_the_marks_in_its_scores(home: Home, tmp_path: Path) -> None:
    assert export(home, "fid", tmp_path / "f.json") == 0
    right, corrected = read_scored_questions(tmp_path / "f.json").entries
    assert (right.question, right.answers, right.passage_ids) == ("right?", ("Seine",), ("d0",))
    assert right.scores == (2.0, 1.0, 0.0)
    assert (corrected.answers, corrected.passage_ids) == (("the spree",), ("d1",))
    assert corrected.scores == (1.0, 2.0, 0.0)
    assert [one.text for one in corrected.passages] == TEXTS


def test_squad_has_answers_where_they_stand(home: Home, tmp_path: Path, capsys) -> None:
    assert export(home, "squad", tmp_path / "s.json") == 0
    assert "1 have no passage that squad needs" in capsys.readouterr().out
    data = json.loads((tmp_path / "s.json").read_text())["data"]
    found = {
        qa["question"]: (paragraph["context"], qa["answers"][0])
        for article in data
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    }
    assert found == {
        "right?": (TEXTS[0], {"text": "Seine", "answer_start": 18}),
        "corrected?": (TEXTS[1], {"text": "the Spree", "answer_start": 15}),
    }


def test_beir_has_the_marks_as_qrels(home: Home, tmp_path: Path) -> None:
    assert export(home, "beir", tmp_path / "beir") == 0
    queries = read_beir(tmp_path / "beir")
    assert [(one.question, one.passage_ids) for one in queries] == [
        ("right?", ("d0",)), ("corrected?", ("d1",)),
    ]  # fmt: skip
    assert len((tmp_path / "beir/corpus.jsonl").read_text().splitlines()) == 3


def test_questions_are_what_evaluate_and_calibrate_read(home: Home, tmp_path: Path) -> None:
    assert export(home, "questions", tmp_path / "q.jsonl") == 0
    asked = {
        one.question: (one.answers, one.passage_ids) for one in read_questions(tmp_path / "q.jsonl")
    }
    assert asked == {
        "right?": (("Seine",), ("d0",)),
        "corrected?": (("the spree",), ("d1",)),
        "elsewhere?": (("in the Po",), ()),
    }


def test_nothing_said_and_another_form_are_refused_in_a_sentence(
    home: Home, tmp_path: Path, capsys
) -> None:
    assert export(home, "csv", tmp_path / "x") == 2
    assert "choose fid, squad, beir, questions" in capsys.readouterr().err
    changed = [json.dumps({"id": f"d{n}", "text": f"New text {n}."}) for n in range(3)]
    (tmp_path / "d.jsonl").write_text("\n".join(changed))
    assert run(["ingest", str(tmp_path / "d.jsonl"), "--home", str(home.root)]) == 0
    assert export(home, "fid", tmp_path / "f.json") == 2
    assert "(3 words are of documents changed since)" in " ".join(capsys.readouterr().err.split())
