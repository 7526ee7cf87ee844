"""`reread distill` from the command line: a run, the same again, another one refused."""

import json
from pathlib import Path

import pytest

from command.__main__ import run
from tests.worlds.iterating import make_asked, make_world
from tests.worlds.tiny import make_passages


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("REREAD_HOME", raising=False)
    make_world(tmp_path / "world")
    with (tmp_path / "questions.jsonl").open("w") as stream:
        for n, one in enumerate(make_asked(12)):
            entry = {
                "id": one.label.id, "question": one.label.question, "document": one.document,
                "answers": one.label.answers, "split": "dev" if n % 3 == 0 else "train",
            }  # fmt: skip
            stream.write(json.dumps(entry) + "\n")
    with (tmp_path / "passages.jsonl").open("w") as stream:
        for p in make_passages():
            stream.write(json.dumps({"id": p.id, "title": p.title, "text": p.text}) + "\n")
    return tmp_path


def distill(files: Path, *more: str) -> int:
    return run(
        [
            "distill", "--questions", str(files / "questions.jsonl"), "--questions-split", "train",
            "--validation-split", "dev", "--passages", str(files / "passages.jsonl"),
            "--home", str(files / "home"), "--reader", str(files / "world/reader"),
            "--encoder", str(files / "world/encoder"), "--output", str(files / "run"),
            "--depth", "4", "--iterations", "1", "--reader-steps", "2", "--reader-batch", "2",
            "--segment-tokens", "64", "--epochs", "1", "--no-bf16", "--threads", "1", *more,
        ]
    )  # fmt: skip


def test_a_run_from_files_and_the_same_command_again(
    files: Path, capsys: pytest.CaptureFixture[str]
):
    assert distill(files) == 0
    shown = capsys.readouterr().out
    assert "R@100" in shown and "iteration-0/retriever" in shown.replace("\n", "")
    output = files / "run"
    lines = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in lines] == [0, 1]
    assert (
        lines[0]["retrieved"]["questions"] == 4
        and lines[0]["scores"]["agreement"]["questions"] == 8
    )
    assert (output / "iterations.svg").exists() and (output / "iterations.png").exists()
    config = json.loads((output / "config.json").read_text())
    assert config["settings"]["reader.steps"] == 2 and config["data"]["passages"] == 100
    before = (output / "iteration-1/reader/step.json").stat().st_mtime_ns
    assert distill(files) == 0
    assert (output / "iteration-1/reader/step.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("more", "taught"), [((), "late"), (("--interaction", "pooled"), "pooled")]
)
def test_from_words_the_student_compares_token_by_token_unless_told_otherwise(
    files: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], taught: str
):
    assert distill(files, *more) == 0
    assert f"({taught})" in capsys.readouterr().out
    saved = json.loads((files / "run/iteration-0/retriever/reread_retriever.json").read_text())
    assert saved["interaction"] == taught


def test_what_is_wrong_is_one_sentence(files: Path, capsys: pytest.CaptureFixture[str]):
    assert distill(files, "--iterations", "0") == 0
    capsys.readouterr()
    assert distill(files, "--iterations", "0", "--seed", "3") == 1
    assert "seed was 0 and is now 3" in capsys.readouterr().err
    (files / "passages.jsonl").write_text('{"id": "1", "title": "", "text": "other"}\n')
    assert distill(files, "--iterations", "0") == 1
    assert "files was" in capsys.readouterr().err
    assert distill(files, "--start", "dpr") == 2
    assert "bm25, untrained, encoder, given" in capsys.readouterr().err
    assert distill(files, "--device", "tpu-9000") == 2
    assert "Unknown device 'tpu-9000'" in capsys.readouterr().err
    assert distill(files, "--objective", "kld") == 2
    said = capsys.readouterr().err.replace("\n", " ")
    assert "use one of kl, mse, margin, emdr2, soft_labels" in said
    assert "a teacher is a setting of its own: attention, ppmean, loop" in said
    assert distill(files, "--aggregation", "median") == 2
    assert "max_tokens" in capsys.readouterr().err
    assert distill(files, "--interaction", "early") == 2
    assert "Unknown interaction 'early'; use one of pooled, late" in capsys.readouterr().err
    assert distill(files, "--validation-split", "train") == 2
    assert "the same" in capsys.readouterr().err


def test_the_papers_presets_are_changed_by_single_flags(files: Path):
    """Offline runs had the reader's optimizer, schedule and last weights, whatever was asked."""
    small = ("--reader-eval-every", "1", "--reader-passages", "3", "--batch-questions", "4")
    presets = ("--reader-preset", "base", "--retriever-preset", "paper")
    assert distill(files, *presets, *small, "--learning-rate", "1e-3") == 0
    held = json.loads((files / "run/config.json").read_text())["settings"]
    reader = {n: held[f"reader.{n}"] for n in ("optimizer", "schedule", "beta2", "eval_every")}
    assert reader == {"optimizer": "adam", "schedule": "constant", "beta2": 0.999, "eval_every": 1}
    assert (held["reader.steps"], held["reader.batch"], held["reader.passages"]) == (2, 2, 3)
    assert (held["reader.learning_rate"], held["reader.warmup_steps"]) == (1e-4, 0)
    distil = {n: held[f"distil.{n}"] for n in ("schedule", "weight_decay", "flat_epochs")}
    assert distil == {"schedule": "constant", "weight_decay": 0.0, "flat_epochs": 2}
    assert (held["distil.epochs"], held["distil.learning_rate"]) == (1, 1e-3)  # as given
    assert (held["distil.teacher_temperature"], held["distil.batch_questions"]) == (1.0, 4)
    assert (held["pooling"], held["unit_vectors"], held["depth"]) == ("cls", False, 4)
    step = json.loads((files / "run/iteration-0/reader/step.json").read_text())
    assert step["best"]["step"] in (1, 2)
    saved = json.loads((files / "run/iteration-0/retriever/reread_retriever.json").read_text())
    assert (saved["pooling"], saved["normalize"], saved["interaction"]) == ("cls", False, "pooled")
    assert distill(files, "--retriever-preset", "papers") == 2
