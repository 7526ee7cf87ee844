"""`reread train-teacher` as people call it: a folder that teaches, and that another call ends."""

import json
from pathlib import Path

import pytest

from command.__main__ import run
from reread.records import Passage
from tests.worlds.tiny import ANIMALS, make_encoder, make_passages
from trainer.teacher.cross_encoder import CrossEncoder


def write_data(folder: Path) -> tuple[Path, Path]:
    passages, questions = folder / "passages.jsonl", folder / "questions.jsonl"
    texts = [{"id": p.id, "title": "", "text": p.text} for p in make_passages()]
    asked = [
        {
            "question": f"where is the {passages_of(n).text}", "answers": [ANIMALS[n % 10]],
            "passage_id": passages_of(n).id, "split": "dev" if n > 15 else "train",
        }
        for n in range(20)
    ]  # fmt: skip
    passages.write_text("".join(json.dumps(one) + "\n" for one in texts))
    questions.write_text("".join(json.dumps(one) + "\n" for one in asked))
    return passages, questions


def passages_of(n: int) -> Passage:
    return make_passages()[10 * (n % 10) + n // 10]


def test_a_teacher_is_trained_by_one_command_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REREAD_THREADS", "1")
    passages, questions = write_data(tmp_path)
    output = tmp_path / "teacher"
    line = [
        "train-teacher", "--questions", str(questions), "--questions-split", "train",
        "--validation-split", "dev", "--passages", str(passages), "--output", str(output),
        "--base", str(make_encoder(tmp_path / "base")), "--home", str(tmp_path / "home"),
        "--device", "cpu", "--steps", "2", "--batch-questions", "4", "--negatives", "2",
        "--log-every", "1",
    ]  # fmt: skip
    assert run(line) == 0
    said = capsys.readouterr().out
    assert "16 of 16 questions have right and wrong passages." in said
    assert "of 4 questions (BM25:" in said and '"step": 2' in said
    scores = CrossEncoder.load(str(output), device="cpu").score(
        "where is the cat", [passages_of(0)]
    )
    assert len(scores) == 1
    assert run(line) == 0
    assert '"step"' not in capsys.readouterr().out  # done is done
    assert run([*line, "--seed", "1"]) == 2
    assert "holds a run with" in capsys.readouterr().err
