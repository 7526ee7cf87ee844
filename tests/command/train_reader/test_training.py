"""`reread train-reader` as people call it: presets, the best reader, one-sentence errors."""

import json
from pathlib import Path

import pytest
from transformers import AutoModelForSeq2SeqLM

from command.__main__ import run
from reread.reader.reader import Reader
from tests.worlds.reader_training import make_reader_examples, make_t5, make_tokenizer
from trainer.reader.files import read_reader_examples, read_validation
from trainer.reader.validation import best_reader


@pytest.fixture(autouse=True)
def one_thread(monkeypatch) -> None:
    """Threads that wait for one another are slow on a busy machine, and tiny models need none."""
    monkeypatch.setenv("REREAD_THREADS", "1")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    make_t5().save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def write_fid(path: Path, count: int, seed: int = 0, **changed: object) -> Path:
    """FiD's JSON: one array, `ctxs` in retrieval order."""
    entries = [
        {
            "question": one.question, "answers": list(one.answers),
            "ctxs": [{"id": p.id, "title": p.title, "text": p.text} for p in one.passages],
            **changed,
        }
        for one in make_reader_examples(count, seed)
    ]  # fmt: skip
    path.write_text(json.dumps(entries))
    return path


def train(tmp_path: Path, *flags: object) -> int:
    questions = tmp_path / "train.json"
    if not questions.exists():
        write_fid(questions, 12)
    return run(
        [
            "train-reader", "--questions", str(questions), "--output", str(tmp_path / "out"),
            "--home", str(tmp_path / "home"), "--device", "cpu", *map(str, flags),
        ]
    )  # fmt: skip


@pytest.mark.slow
def test_a_preset_with_small_values_ends_with_the_best_reader(
    tmp_path: Path, base: Path, capsys
) -> None:
    validation = write_fid(tmp_path / "validation.json", 5, seed=3)
    flags = (
        "--preset", "base", "--base", base, "--steps", 4, "--batch-size", 4, "--passages", 2,
        "--accumulation", 2, "--checkpointing", "--no-bf16", "--eval-every", 2, "--log-every", 1,
        "--validation", validation, "--learning-rate", 0.01, "--dropout", 0,
        "--encoder-learning-rate", 0.001, "--freeze-encoder-layers", 1, "--warmup-steps", 1,
    )  # fmt: skip
    assert train(tmp_path, *flags) == 0
    told = capsys.readouterr().out
    assert "12 questions from" in told and '"em"' in told
    best = best_reader(tmp_path / "out" / "tune")
    assert best is not None and best.step in (2, 4)
    assert f"step {best.step}, exact match" in told.replace("\n", " ")
    final = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "out").state_dict()
    kept = AutoModelForSeq2SeqLM.from_pretrained(best.folder).state_dict()
    assert all((final[name] == kept[name]).all() for name in kept)
    start = AutoModelForSeq2SeqLM.from_pretrained(base).state_dict()
    frozen = "encoder.block.0.layer.0.SelfAttention.q.weight"
    assert (final[frozen] == start[frozen]).all()
    assert not (final[frozen.replace("block.0", "block.1")] == start[
        frozen.replace("block.0", "block.1")]).all()  # fmt: skip
    Reader.load(str(tmp_path / "out"))

    assert train(tmp_path, *flags, "--learning-rate", 0.02) == 2
    assert "holds a run with learning_rate = 0.01 and this one has 0.02" in one_line(capsys)


def one_line(capsys) -> str:
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--preset", "huge"], "The preset 'huge' is not known; choose one of base, large."),
        (["--optimizer", "sgd"], "The optimizer 'sgd' is not known; choose one of adam, adamw."),
        (["--schedule", "cosine"], "choose one of constant, linear."),
        (["--accumulation", "0"], "accumulation is 0; it must be at least 1."),
        (["--accumulation", "9"], "8 questions cannot be cut into 9 micro-batches"),
        (["--cloze-share", "0.5"], "needs plain text; add --texts"),
        (["--optimizer", "adam", "--weight-decay", "0.1"], "no effect with adam"),
        (["--freeze-encoder-layers", "7"], "7 encoder layers cannot be frozen: the reader has 2."),
    ],
)
def test_wrong_values_end_with_one_sentence(
    tmp_path: Path, base: Path, capsys, flags: list[str], sentence: str
) -> None:
    assert train(tmp_path, "--base", base, "--steps", 1, *flags) == 2
    told = one_line(capsys)
    assert sentence in told
    assert "Traceback" not in told and told.count(". ") == 0


def test_the_starter_takes_no_values_of_a_tuning_run(tmp_path: Path, capsys) -> None:
    assert train(tmp_path, "--steps", 5) == 2
    assert "`steps` is fixed in the starter reader's stages" in one_line(capsys)


def test_validation_without_answers_is_refused_by_its_number(
    tmp_path: Path, base: Path, capsys
) -> None:
    path = tmp_path / "validation.jsonl"
    entry = {"question": "who?", "ctxs": [{"text": "somebody"}]}
    good = {**entry, "answers": ["I"]}
    path.write_text(f"{json.dumps(good)}\n{json.dumps(entry)}\n")
    assert train(tmp_path, "--base", base, "--steps", 1, "--validation", path) == 2
    assert "validation.jsonl, line 2 cannot validate: `answers` must be" in one_line(capsys)


def test_validation_keeps_every_passage_and_answer_in_order(tmp_path: Path) -> None:
    """Training leaves out other passages that answer; validation and the paper's way must not."""
    contexts = [
        {"id": str(i), "title": "", "text": text}
        for i, text in enumerate(["Paris it is", "Rome", "in Paris", "Oslo"])
    ]
    entry = {"question": "where?", "answers": ["Paris", "paris"], "target": "Paris",
             "passage_id": "2", "ctxs": contexts}  # fmt: skip
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(entry) + "\n")
    (question,) = read_validation(path, 3)
    assert [one.id for one in question.passages] == ["0", "1", "2"]
    assert question.answers == ("Paris", "paris")
    (drawn,) = read_reader_examples(path).examples
    assert ([p.id for p in drawn.passages], drawn.positives) == (["1", "2", "3"], (1,))
    (kept,) = read_reader_examples(path, keep_all=True).examples
    assert ([p.id for p in kept.passages], kept.positives) == (["0", "1", "2", "3"], (0, 2))
    assert kept.answers == ("Paris",)
