"""A tiny reader learns to point and to refuse; an interrupted training goes on to the same bits."""

import json
import math
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
from reread.reader.pointing.pointer import body_mask
from reread.reading import ReadRequest
from reread.records import Passage
from tests.reread.reader.tiny_pointing import save_tiny_pointing
from tests.trainer.reader.causal.test_training import rows
from trainer.reader.drawing.examples import read_sets
from trainer.reader.pointing.forward import decode, encode, losses_of, place_loss
from trainer.reader.pointing.line_ends import sees_line_ends
from trainer.reader.pointing.recipe import Stage, load_pointing_base, run_pointing
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
        model, tokenizer, read_sets([world / "colours.jsonl"]), {"colours": 1.0}, [Stage(training)],
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


def test_a_places_loss_is_that_of_a_slow_sum(world: Path) -> None:
    """-log of the sum, over right places, of p(begin) p(end | begin), both by plain softmax."""
    model, tokenizer = load_pointing_base(str(world / "base"), 0)
    drawer = PointDrawer(read_sets([world / "colours.jsonl"]), {"colours": 1.0}, tokenizer, 102)
    tasks = [one for step in range(6) for one in drawer.step(0, step, 300)]
    refused = next(one for one in tasks if one.kind == "none")
    task = next(one for one in tasks if one.kind != "none" and len(one.segments) > 1)
    twice = replace(task, begins=(task.begins[0], task.begins[0] + 1),
                    ends=(task.ends[0], task.ends[0] + 1))  # fmt: skip
    head = model.head
    for one in (task, twice, refused):
        lengths = [len(part.ids) for part in one.segments]
        states = torch.randn(sum(lengths), 32)
        body = body_mask(one.segments)
        logits = head.begin_logits(states, lengths, body).tolist()
        total = sum(math.exp(x) for x in logits)
        right = 0.0
        for begin, end in zip(one.begins, one.ends, strict=True):
            if begin >= len(states):
                right += math.exp(logits[begin]) / total
                continue
            row = head.end_logits(states, lengths, body, torch.tensor([begin]))[0].tolist()
            share = math.exp(row[end]) / sum(math.exp(x) for x in row)
            right += math.exp(logits[begin]) / total * share
        loss, _ = place_loss(head, states, one)
        assert float(loss.detach()) == pytest.approx(-math.log(right), rel=1e-4)


def test_a_stage_without_the_decoder_leaves_it_alone(world: Path, tmp_path: Path) -> None:
    model, tokenizer = load_pointing_base(str(world / "base"), 0)
    before = {name: one.clone() for name, one in model.reader.named_parameters()}
    near = replace(FAST, steps=3, answer_weight=0.0, passage_weight=0.0)
    lines: list[dict[str, float]] = []
    sets = read_sets([world / "colours.jsonl"])
    tasks = PointDrawer(sets, {"colours": 1.0}, tokenizer, 102).step(0, 3, 300)
    whole, near_only = (losses_of(model.reader, model.head, tasks, decoded=decoded)
                        for decoded in (True, False))  # fmt: skip
    assert float(near_only.point.detach()) == pytest.approx(float(whole.point.detach()), rel=1e-6)
    assert (float(near_only.answer), float(near_only.passage)) == (0.0, 0.0)
    run_pointing(model, tokenizer, sets, {"colours": 1.0}, [Stage(near), Stage(near)],
                 folder=tmp_path, report=lines.append)  # fmt: skip
    assert [(one["stage"], one["step"]) for one in lines] == [(1, 3), (2, 3)]
    saved = {name: one.to(torch.bfloat16) for name, one in before.items()}
    now = dict(model.reader.named_parameters())  # in bfloat16, as they were saved
    changed = {name for name, one in now.items() if not torch.equal(one, saved[name])}
    assert any("encoder" in name for name in changed)
    assert not [name for name in changed if "decoder" in name]


def test_a_stage_may_have_a_mix_of_its_own(world: Path, tmp_path: Path) -> None:
    """After one of refusals alone everything is refused, what the whole mix teaches too."""
    model, tokenizer = load_pointing_base(str(world / "base"), 0)
    colours = read_sets([world / "colours.jsonl"])["colours"]
    none = [replace(one, answers=(), positives=(), kind="none") for one in colours]
    stages = [Stage(replace(FAST, steps=40), mix={"none": 1.0})]
    with pytest.raises(BadRequest, match="none.jsonl"):
        run_pointing(model, tokenizer, {"colours": colours}, {"colours": 1.0}, stages,
                     folder=tmp_path / "lacking", report=lambda line: None)  # fmt: skip
    sets = {"colours": colours, "none": none}
    run_pointing(model, tokenizer, sets, {"colours": 1.0}, stages,
                 folder=tmp_path / "out", report=lambda line: None)  # fmt: skip
    reader = load_reader(str(tmp_path / "out"), dtype="float32")
    asked = [ReadRequest(one.question, one.passages) for one in colours[:10]]
    assert [one.answer for one in reader.read(asked)] == [""] * 10
    other = [replace(stages[0], mix={"none": 0.5, "colours": 0.5})]
    with pytest.raises(BadRequest, match=r"mix = \{'none': 1.0\} and this one has"):
        run_pointing(model, tokenizer, sets, {"colours": 1.0}, other,
                     folder=tmp_path / "out", report=lambda line: None)  # fmt: skip


def test_a_run_cut_in_its_second_stage_does_the_first_no_more(world: Path, tmp_path: Path) -> None:
    stages = [Stage(replace(FAST, steps=4, save_every=2, log_every=1)),
              Stage(replace(FAST, steps=5, save_every=2, log_every=1, seed=1))]  # fmt: skip
    sets = read_sets([world / "colours.jsonl"])

    class Stop(Exception):
        pass

    def run(folder: Path, stop: tuple[int, int] | None) -> list[tuple[float, float]]:
        seen: list[tuple[float, float]] = []

        def report(line: dict[str, float]) -> None:
            seen.append((line["stage"], line["step"]))
            if seen[-1] == stop:
                raise Stop

        model, tokenizer = load_pointing_base(str(world / "base"), 0)
        run_pointing(model, tokenizer, sets, {"colours": 1.0}, stages, folder=folder, report=report)
        return seen

    run(tmp_path / "whole", None)
    with pytest.raises(Stop):
        run(tmp_path / "parts", (2, 3))
    assert run(tmp_path / "parts", None) == [(2, 3), (2, 4), (2, 5)]
    for name in ("model.safetensors", "pointer.safetensors"):
        one, other = (load_file(tmp_path / part / name) for part in ("whole", "parts"))
        assert all(torch.equal(one[key], other[key]) for key in one)


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
    each = torch.einsum("hd,shd->sh", query, key).mean(dim=1).detach()
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
        run_pointing(model, tokenizer, sets, {"colours": 1.0}, [Stage(training)],
                     folder=tmp_path / "parts", report=stop)  # fmt: skip
    lines = train(world, tmp_path / "parts", training)
    assert [line["step"] for line in lines] == [4, 5, 6, 7, 8]
    for name in ("model.safetensors", "pointer.safetensors"):
        one, other = (load_file(tmp_path / part / name) for part in ("whole", "parts"))
        assert all(torch.equal(one[key], other[key]) for key in one)
    other = replace(training, head_rate=0.5, steps=2)
    with pytest.raises(BadRequest, match="head_rate = 0.02 and this one has 0.5") as refused:
        train(world, tmp_path / "parts", other)
    state = tmp_path / "parts" / "stage1" / "state"
    assert f"remove {state} to start anew" in str(refused.value)
    shutil.rmtree(state)  # the remedy, followed
    assert [line["step"] for line in train(world, tmp_path / "parts", other)] == [1, 2]


def test_a_state_of_the_form_before_is_refused_and_can_be_removed(
    world: Path, tmp_path: Path
) -> None:
    old = tmp_path / "stage1" / "state" / "3"
    old.mkdir(parents=True)
    (old / "progress.json").write_text('{"step": 3, "held": {}}')
    with pytest.raises(BadRequest, match="earlier version, whose runs cannot be gone on with"):
        train(world, tmp_path, replace(FAST, steps=1))
    shutil.rmtree(tmp_path / "stage1" / "state")
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
        [Stage(replace(FAST, steps=30))], folder=tmp_path / "out", report=lines.append,
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
    held = json.loads((out / "stage1" / "state" / "16" / "state.json").read_text())["held"]
    assert (held["head_rate"], held["encoder_rate"]) == (1e-3, 4e-3)  # a new head, not a taught one
    assert sees_line_ends(AutoTokenizer.from_pretrained(out)), "which its base's pieces drop"
    flags = ["calibrate", "--questions", world / "colours.jsonl", "--reader", out, "--json",
             "--home", tmp_path / "none"]  # fmt: skip
    assert main([str(one) for one in flags]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert 0 <= figures["refuse_below"] <= 1 and figures["auroc_right"] > 0.5
    assert load_reader(str(out), dtype="float32").notes.calibration is not None
    notes = out / "reader.json"
    stale = json.loads(notes.read_text()) | {"weights": "0" * 64}
    for text in (json.dumps(stale), "{"):
        notes.write_text(text)
        assert main([str(one) for one in flags]) == 1
        told = " ".join(capsys.readouterr().err.split())
        assert "remove the file" in told and "then calibrate" in told
        notes.unlink()  # the remedy, followed
        assert main([str(one) for one in flags]) == 0
        capsys.readouterr()


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
