"""A tiny reader learns to point and to refuse; an interrupted training goes on to the same bits."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoTokenizer,
    BartForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.modeling_outputs import BaseModelOutput

from command.__main__ import run as main
from reread.errors import BadRequest
from reread.reader.loading import load_reader
from reread.reading import ReadRequest
from reread.records import Passage
from tests.reread.reader.tiny_pointing import save_tiny_pointing
from tests.trainer.reader.causal.test_training import rows
from trainer.reader.drawing.examples import read_sets
from trainer.reader.pointing.forward import decode, encode, losses_of
from trainer.reader.pointing.recipe import load_pointing_base, run_pointing
from trainer.reader.pointing.settings import PointTraining
from trainer.reader.pointing.tasks import PointDrawer

FAST = PointTraining(
    40, encoder_rate=4e-3, decoder_rate=4e-3, head_rate=2e-2, warmup_steps=3, tokens=400,
    dropout=0.0, bf16=False, log_every=10, save_every=15,
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pointing")
    save_tiny_pointing(root / "base", head=False)
    lines = [json.dumps(one) for one in rows()]
    (root / "colours.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def train(world: Path, folder: Path, training: PointTraining = FAST) -> list[dict[str, float]]:
    model, tokenizer = load_pointing_base(str(world / "base"), training.seed)
    lines: list[dict[str, float]] = []
    run_pointing(
        model, tokenizer, read_sets([world / "colours.jsonl"]), {"colours": 1.0}, training,
        folder=folder, report=lines.append,
    )  # fmt: skip
    return lines


def test_it_learns_to_point_and_to_refuse(world: Path, tmp_path: Path) -> None:
    lines = train(world, tmp_path, replace(FAST, steps=120))
    assert lines[-1]["point"] < 0.3 * lines[0]["point"]
    assert lines[-1]["answer"] < lines[0]["answer"]
    assert lines[-1]["exact"] > 0.8 and lines[-1]["right_first"] > 0.8
    reader = load_reader(str(tmp_path), dtype="float32")
    fox, rain = Passage("1", "", "The fox is blue."), Passage("2", "", "Rain fell on day 12.")
    known, unknown = reader.read([
        ReadRequest("Which colour has the fox?", (rain, fox)),
        ReadRequest("Which colour has the fox?", (rain, Passage("3", "", "Rain fell on day 40."))),
    ])  # fmt: skip
    assert (known.answer, known.found, known.spans[0].passage) == ("blue", True, "1")
    assert fox.text[known.spans[0].start : known.spans[0].end] == "blue"
    assert (unknown.answer, unknown.found) == ("", False)


def test_losses_are_those_of_single_questions(world: Path) -> None:
    """A step of several questions gives the mean of each alone: padding and neighbours say
    nothing."""
    model, tokenizer = load_pointing_base(str(world / "base"), 0)
    model.eval()
    sets = read_sets([world / "colours.jsonl"])
    tasks = PointDrawer(sets, {"colours": 1.0}, tokenizer, 102).step(0, 3, 300)
    whole = losses_of(model.reader, model.head, tasks)
    alone = [losses_of(model.reader, model.head, [one]) for one in tasks]
    mean = sum(float(one.point.detach()) for one in alone) / len(alone)
    assert float(whole.point.detach()) == pytest.approx(mean, rel=1e-4)
    tokens = [len(one.target) for one in tasks]
    answer = sum(float(one.answer.detach()) * n for one, n in zip(alone, tokens, strict=True))
    assert float(whole.answer.detach()) == pytest.approx(answer / sum(tokens), rel=1e-4)


def test_the_decoders_loss_and_scores_are_the_stock_models(world: Path) -> None:
    """One question by transformers' own forward pass: its loss, and q.k of the first step."""
    model, tokenizer = load_pointing_base(str(world / "base"), 0)
    model.eval()
    sets = read_sets([world / "colours.jsonl"])
    drawn = PointDrawer(sets, {"colours": 1.0}, tokenizer, 102).step(0, 3, 300)
    task = next(one for one in drawn if len(one.target) > 1 and len(one.segments) > 1)
    states = encode(model.reader, [one.ids for one in task.segments])
    answer, scores = decode(model.reader, [torch.cat(states)], [task])
    stock = BartForConditionalGeneration.from_pretrained(world / "base", dtype=torch.float32).eval()
    alone = [
        stock.get_encoder()(input_ids=torch.tensor([one.ids])).last_hidden_state[0]
        for one in task.segments
    ]
    fused = torch.cat(alone)[None]
    labels = torch.tensor([task.target])
    output = stock(encoder_outputs=BaseModelOutput(fused), labels=labels,
                   decoder_input_ids=torch.tensor([[101, *task.target[:-1]]]))  # fmt: skip
    assert float(answer.detach()) == pytest.approx(float(output.loss.detach()), rel=1e-4)
    cross = stock.get_decoder().layers[0].encoder_attn
    heard: list[torch.Tensor] = []
    cross.q_proj.register_forward_hook(lambda module, given, query: heard.append(query))
    stock(encoder_outputs=BaseModelOutput(fused), decoder_input_ids=torch.tensor([[101]]))
    query = heard[0].view(4, 8) * 8**-0.5
    key = cross.k_proj(fused)[0].view(-1, 4, 8)
    each = torch.einsum("hd,shd->sh", query, key).mean(dim=1)
    wanted = [float(part.mean()) for part in each.split([len(one.ids) for one in task.segments])]
    assert scores.tolist() == pytest.approx(wanted, abs=1e-4)


def test_an_interrupted_run_goes_on_to_the_same_bits(world: Path, tmp_path: Path) -> None:
    train(world, tmp_path / "whole", replace(FAST, steps=8, save_every=3))

    class Stop(Exception):
        pass

    def stop(line: dict[str, float]) -> None:
        if line["step"] == 5:
            raise Stop

    model, tokenizer = load_pointing_base(str(world / "base"), 0)
    sets = read_sets([world / "colours.jsonl"])
    training = replace(FAST, steps=8, save_every=3, log_every=1)
    with pytest.raises(Stop):
        run_pointing(model, tokenizer, sets, {"colours": 1.0}, training,
                     folder=tmp_path / "parts", report=stop)  # fmt: skip
    lines = train(world, tmp_path / "parts", training)
    assert [line["step"] for line in lines] == [4, 5, 6, 7, 8]
    for name in ("model.safetensors", "pointer.safetensors"):
        one, other = (load_file(tmp_path / part / name) for part in ("whole", "parts"))
        assert all(torch.equal(one[key], other[key]) for key in one)
    other = replace(training, head_rate=0.5, steps=2)
    with pytest.raises(BadRequest, match="head_rate = 0.02 and this one has 0.5") as refused:
        train(world, tmp_path / "parts", other)
    state = tmp_path / "parts" / "state"
    assert f"remove {state} to start anew" in str(refused.value)
    shutil.rmtree(state)  # the remedy, followed
    assert [line["step"] for line in train(world, tmp_path / "parts", other)] == [1, 2]


def test_a_state_of_the_form_before_is_refused_and_can_be_removed(
    world: Path, tmp_path: Path
) -> None:
    old = tmp_path / "state" / "3"
    old.mkdir(parents=True)
    (old / "progress.json").write_text('{"step": 3, "held": {}}')
    with pytest.raises(BadRequest, match="earlier version, whose runs cannot be gone on with"):
        train(world, tmp_path, replace(FAST, steps=1))
    shutil.rmtree(tmp_path / "state")
    train(world, tmp_path, replace(FAST, steps=1))


def test_a_t5_learns_to_point(world: Path, tmp_path: Path) -> None:
    """Its tokenizers have no separator to end an answer with, which BERT's have."""
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(world / "base")
    tokenizer.sep_token = None
    model = T5ForConditionalGeneration(T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=48, num_layers=1, num_heads=4,
        dropout_rate=0.0, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    ))  # fmt: skip
    model.save_pretrained(tmp_path / "t5")
    tokenizer.save_pretrained(tmp_path / "t5")
    pointing, pieces = load_pointing_base(str(tmp_path / "t5"), 0)
    lines: list[dict[str, float]] = []
    run_pointing(
        pointing, pieces, read_sets([world / "colours.jsonl"]), {"colours": 1.0},
        replace(FAST, steps=30), folder=tmp_path / "out", report=lines.append,
    )  # fmt: skip
    assert lines[-1]["point"] < 0.7 * lines[0]["point"]
    reader = load_reader(str(tmp_path / "out"), dtype="float32")
    fox = Passage("1", "", "The fox is blue.")
    (found,) = reader.read([ReadRequest("Which colour has the fox?", (fox,))])
    assert found.draft in (*fox.text.split(), "yes", "no") or found.draft in fox.text


def test_by_command_and_calibrated_without_a_home(world: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    flags = ["train-reader", "--base", world / "base", "--pointing", "--questions",
             world / "colours.jsonl", "--output", out, "--steps", 16, "--learning-rate", 4e-3,
             "--warmup-steps", 3, "--no-bf16", "--log-every", 8]  # fmt: skip
    assert main([str(one) for one in flags]) == 0
    assert "REREAD_READER=" in capsys.readouterr().out.replace("\n", "")
    flags = ["calibrate", "--questions", world / "colours.jsonl", "--reader", out, "--json",
             "--home", tmp_path / "none"]  # fmt: skip
    assert main([str(one) for one in flags]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert 0 <= figures["refuse_below"] <= 1 and figures["auroc_right"] > 0.5
    assert load_reader(str(out), dtype="float32").notes.calibration is not None


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--pointing",), "--pointing teaches a reader to point and needs"),
        (("--starter",), "docs.jsonl, others.jsonl, squadlike.jsonl and colours was given"),
        (("--starter", "--steps", "3"), "`steps` is fixed in the starter's recipe"),
        (("--base", "/nowhere", "--pointing"), "'/nowhere' could not be loaded"),
    ],
)
def test_what_cannot_be_is_one_sentence(world: Path, tmp_path: Path, capsys, flags, said) -> None:
    given = ["train-reader", "--questions", str(world / "colours.jsonl"), "--output",
             str(tmp_path / "out"), *flags]  # fmt: skip
    assert main(given) != 0
    captured = capsys.readouterr()
    spoken = " ".join((captured.out + captured.err).split())
    assert said in spoken and "Traceback" not in spoken
