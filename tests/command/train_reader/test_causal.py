"""`reread train-reader` for language models, as people call it."""

import json
from pathlib import Path

import pytest

from command.__main__ import run
from reread.reader.causal.loading import load_causal
from reread.reading import ReadRequest
from reread.records import Passage
from tests.reread.reader.causal.tiny_causal import save_tiny_causal


@pytest.fixture(autouse=True)
def one_thread(monkeypatch) -> None:
    monkeypatch.setenv("REREAD_THREADS", "1")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "colours.jsonl"
    line = {
        "kind": "span", "question": "Which colour has the fox?", "answers": ["red"],
        "passages": [{"title": "", "text": "The fox is red."}, {"title": "", "text": "Rain."}],
        "positives": [0],
    }  # fmt: skip
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    return path


def train(tmp_path: Path, questions: Path, *flags: object) -> int:
    return run(
        [
            "train-reader", "--questions", str(questions), "--output", str(tmp_path / "out"),
            "--home", str(tmp_path / "home"), "--device", "cpu", *map(str, flags),
        ]
    )  # fmt: skip


def test_a_llama_of_ones_own_becomes_a_reader_and_goes_on(tmp_path: Path, questions: Path, capsys):
    base = save_tiny_causal(tmp_path / "base")
    flags = ("--base", base, "--steps", 3, "--log-every", 1, "--no-bf16")
    assert train(tmp_path, questions, *flags) == 0
    said = capsys.readouterr().out
    assert said.count('tune: {"step"') == 3 and "REREAD_READER=" in said.replace("\n", "")
    reader = load_causal(str(tmp_path / "out"), device="cpu", dtype="float32")
    passages = (Passage("1", "", "The fox is red."),)
    assert reader.read([ReadRequest("Which colour has the fox?", passages)])[0].scores
    assert train(tmp_path, questions, *flags) == 0  # all steps done: nothing is learnt again
    assert '"step"' not in capsys.readouterr().out


def test_fids_json_trains_it_too(tmp_path: Path):
    path = tmp_path / "fid.json"
    ctxs = [{"id": "1", "title": "", "text": "The fox is red."},
            {"id": "2", "title": "", "text": "Rain fell."}]  # fmt: skip
    path.write_text(json.dumps([{"question": "Which?", "answers": ["red"], "ctxs": ctxs}]))
    base = save_tiny_causal(tmp_path / "base")
    assert train(tmp_path, path, "--base", base, "--steps", 1, "--no-bf16") == 0


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--starter-causal",), "docs.jsonl, others.jsonl, squadlike.jsonl and colours was given"),
        (("--starter-causal", "--steps", 3), "`steps` is fixed in the starter's recipe"),
        (("--starter", "--starter-small"), "--starter and --starter-small name two readers"),
        (("--base", "BASE", "--pointing"), "which copies its answers as it is; --pointing is for"),
        (("--base", "BASE", "--dropout", "0.1"), "`dropout` has no use there"),
        (("--dropout", "0.1"), "`dropout` is fixed in the starter reader's stages"),
        (("--base", "BASE", "--steps", "0"), "steps is 0; it must be at least 1"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    tmp_path: Path, questions: Path, capsys, flags: tuple[object, ...], said: str
):
    base = save_tiny_causal(tmp_path / "base")
    given = [base if one == "BASE" else one for one in flags]
    assert train(tmp_path, questions, *given) != 0
    captured = capsys.readouterr()
    spoken = " ".join((captured.out + captured.err).split())
    assert said in spoken and "Traceback" not in spoken
