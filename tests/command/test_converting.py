"""`reread convert`: a published checkpoint becomes a folder the other commands take."""

import json

import pytest
import torch

from command.__main__ import run
from reread.artefacts.generation import Generation
from reread.home import Home
from reread.reader.reader import Reader
from tests.trainer.fid.test_reader import Runs
from tests.trainer.fid.test_retriever import token_ids
from tests.worlds.fid_checkpoints import (
    BERT_CONFIG,
    T5_CONFIG,
    SlowRetriever,
    bert_tokenizer,
    reader_weights,
    retriever_weights,
    t5_tokenizer,
    write_checkpoint,
)


def test_a_converted_retriever_builds_and_searches(tmp_path):
    source = write_checkpoint(tmp_path / "nq", retriever_weights(), BERT_CONFIG, bert_tokenizer())
    out, home = tmp_path / "retriever", ["--home", str(tmp_path / "home")]
    assert run(["convert", "retriever", str(source), "--output", str(out)]) == 0
    letters = "abcdefghijkl"
    lines = [json.dumps({"id": one, "title": one, "text": f"{one} {one}"}) for one in letters]
    (tmp_path / "d.jsonl").write_text("\n".join(lines))
    assert run(["ingest", str(tmp_path / "d.jsonl"), *home]) == 0
    assert run(["build", "--retriever", "dense", "--model", str(out), *home]) == 0
    generation = Generation.open(Home(tmp_path / "home"), 1, dtype="float32")
    (hits,) = generation.search(["c d"], 5)
    slow = SlowRetriever(retriever_weights())
    asked = slow.embed(token_ids("question: c d", 10), 10)
    for hit, passage in zip(hits, generation.passages.get([hit.row for hit in hits]), strict=True):
        text = f"title: {passage.title} context: {passage.text}"
        expected = asked @ slow.embed(token_ids(text, 30), 30)
        assert hit.score == pytest.approx(expected, rel=1e-2)  # a build may encode in bfloat16
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_converted_reader_loads_and_its_losses_are_said(tmp_path, capsys):
    source = write_checkpoint(tmp_path / "nq", reader_weights(), T5_CONFIG, t5_tokenizer())
    out = tmp_path / "reader"
    assert run(["convert", "reader", str(source), "--output", str(out)]) == 0
    said = capsys.readouterr().out
    assert "left out decoder.block.0.layer.1.EncDecAttention.relative_attention_bias" in said
    assert f"REREAD_READER={out}" in said
    assert Reader.load(str(out), device="cpu").info()["family"] == "t5"
    assert run(["convert", "reader", str(source), "--output", str(out)]) == 2
    assert "exists; choose another --output" in capsys.readouterr().err


def test_refusals_are_one_sentence_and_exit_code_1(tmp_path, capsys):
    source = write_checkpoint(tmp_path / "nq", reader_weights(), T5_CONFIG, t5_tokenizer())
    torch.save({"x": Runs(tmp_path / "trap")}, source / "pytorch_model.bin")
    for kind in ("reader", "retriever"):
        arguments = ["convert", kind, str(tmp_path / "absent"), "--output", str(tmp_path / "o")]
        assert run(arguments) == 1
        assert "is not a folder" in capsys.readouterr().err
    assert run(["convert", "reader", str(source), "--output", str(tmp_path / "o")]) == 1
    complaint = capsys.readouterr().err
    assert "would run code" in complaint and complaint.strip().count("\n") == 0
    assert not (tmp_path / "trap").exists() and not (tmp_path / "o").exists()
