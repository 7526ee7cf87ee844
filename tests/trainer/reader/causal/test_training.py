"""Training a tiny causal reader: it learns, it can be killed, and it ends with the same weights."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from reread.errors import BadRequest
from reread.reader.causal.loading import load_causal
from reread.reader.confidence import read_notes
from reread.reading import ReadRequest
from reread.records import Passage
from tests.reread.reader.causal.tiny_causal import save_tiny_causal
from trainer.reader.causal.recipe import (
    STARTER_STAGES,
    plain_stage,
    require_sets,
    run_causal_stages,
    save_causal_reader,
    with_values,
)
from trainer.reader.causal.settings import CausalTraining
from trainer.reader.causal.tasks import CausalTask, TaskDrawer
from trainer.reader.drawing.drawing import Drawing, crop
from trainer.reader.drawing.examples import make_reading_example, read_reading_examples, read_sets

ROOT = Path(__file__).parents[4]
COLOURS = ["red", "blue", "green", "grey", "pink"]
ANIMALS = ["fox", "hen", "owl", "cat", "dog", "elk"]


def rows() -> list[dict[str, object]]:
    """An animal's colour among the weather of two days; some questions have the weather alone."""
    found: list[dict[str, object]] = []
    random = Random(4)
    for _ in range(60):
        animal, colour = random.choice(ANIMALS), random.choice(COLOURS)
        weather = [f"Rain fell on day {random.randint(10, 99)}." for _ in range(3)]
        known = random.random() < 0.8
        texts = [f"The {animal} is {colour}.", *weather[:2]] if known else weather
        found.append(
            {
                "kind": "span" if known else "none",
                "question": f"Which colour has the {animal}?",
                "answers": [colour] if known else [],
                "passages": [{"title": "", "text": text} for text in texts],
                "positives": [0] if known else [],
            }
        )
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("causal_training")
    save_tiny_causal(root / "base", initializer_range=0.1)
    lines = [json.dumps(one) for one in rows()]
    (root / "colours.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


FAST = CausalTraining(
    30, learning_rate=3e-3, warmup_steps=3, tokens=250, bf16=False, log_every=5, save_every=4,
    passage_weight=0.5, heads_weight=0.25,
)  # fmt: skip


def load(world: Path):
    model = AutoModelForCausalLM.from_pretrained(world / "base", dtype=torch.float32)
    return model, AutoTokenizer.from_pretrained(world / "base")


def train(world: Path, folder: Path, training: CausalTraining = FAST):
    model, tokenizer = load(world)
    lines: list[dict[str, float]] = []
    heads = run_causal_stages(
        model, tokenizer, [plain_stage(["colours"], training)],
        read_sets([world / "colours.jsonl"]), folder=folder,
        report=lambda stage, line: lines.append(line),
    )  # fmt: skip
    return model, tokenizer, heads, lines


def test_all_losses_fall_and_the_result_is_a_reader(world: Path, tmp_path: Path):
    model, tokenizer, heads, lines = train(world, tmp_path / "run")
    assert [line["step"] for line in lines] == [5, 10, 15, 20, 25, 30]
    assert lines[-1]["answer"] < 0.6 * lines[0]["answer"]
    assert lines[-1]["passage"] < 0.5 * lines[0]["passage"]
    assert lines[-1]["heads"] < 0.5 * lines[0]["heads"]
    assert lines[-1]["right_first"] > 0.8
    save_causal_reader(model, tokenizer, heads, tmp_path / "reader")
    notes = read_notes(tmp_path / "reader")
    assert notes.heads == heads.learnt()
    assert torch.tensor([notes.heads.means, notes.heads.masses]).shape == (2, 2, 4)
    assert torch.tensor(notes.heads.means).std() > 0
    assert notes.tuned and notes.copied and notes.calibration is None
    reader = load_causal(str(tmp_path / "reader"), device="cpu", dtype="float32")
    passages = (Passage("1", "", "The fox is blue."), Passage("2", "", "Rain fell on day 12."))
    answer = reader.read([ReadRequest("Which colour has the fox?", passages)])[0].answer
    assert answer and any(answer in passage.text for passage in passages)


def test_bfloat16_copies_compute_and_float32_weights_learn(world: Path, tmp_path: Path):
    training = CausalTraining(2, learning_rate=1e-6, warmup_steps=0, tokens=100, save_every=9)
    before = load(world)[0].state_dict()
    after = train(world, tmp_path, training)[0].state_dict()
    name = "model.layers.0.mlp.up_proj.weight"
    assert after[name].dtype == torch.float32
    moved = (after[name] - before[name]).abs()
    assert 0 < float(moved.max()) < 1e-5  # a step that bfloat16 weights would not have noticed
    assert torch.equal(after["model.embed_tokens.weight"], before["model.embed_tokens.weight"])


def test_frozen_layers_stay_as_they_are_and_those_above_learn(world: Path, tmp_path: Path):
    before = load(world)[0].state_dict()
    after = train(world, tmp_path, replace(FAST, steps=2, frozen_layers=1))[0].state_dict()
    for name, weight in before.items():
        same = torch.equal(after[name], weight)
        assert same == (".layers.1." not in name and name != "model.norm.weight"), name


PROGRAM = """
import sys
from pathlib import Path
from tests.trainer.reader.causal.test_training import FAST, train
world, folder = map(Path, sys.argv[1:])
train(world, folder)
"""


def test_a_killed_run_goes_on_to_the_same_bits(world: Path, tmp_path: Path):
    model, _, heads, _ = train(world, tmp_path / "whole")
    whole = model.state_dict()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, world, tmp_path / "cut"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    states = tmp_path / "cut/tune/state"
    deadline = time.monotonic() + 120
    while not (states / "8").is_dir() and not (states / "12").is_dir():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (states / "30").exists()
    model, _, again_heads, _ = train(world, tmp_path / "cut")
    again = model.state_dict()
    assert all(torch.equal(again[name], whole[name]) for name in whole)
    assert torch.equal(again_heads.weights, heads.weights)


def test_another_seed_or_other_data_does_not_go_on(world: Path, tmp_path: Path):
    short = CausalTraining(1, tokens=60, bf16=False, save_every=1)
    train(world, tmp_path, short)
    with pytest.raises(BadRequest, match="seed = 0 and this one has 1"):
        train(world, tmp_path, CausalTraining(1, tokens=60, bf16=False, save_every=1, seed=1))
    sets = {"colours": read_reading_examples(world / "colours.jsonl")[:-1]}
    model, tokenizer = load(world)
    with pytest.raises(BadRequest, match="data ="):
        run_causal_stages(
            model, tokenizer, [plain_stage(["colours"], short)], sets, folder=tmp_path,
            report=lambda stage, line: None,
        )  # fmt: skip


def drawer(world: Path, drawing: Drawing = Drawing()) -> TaskDrawer:
    return TaskDrawer(
        read_sets([world / "colours.jsonl"]), {"colours": 1.0}, load(world)[1], drawing
    )


def test_a_step_is_drawn_from_seed_and_step_alone(world: Path):
    one, other = drawer(world), drawer(world)
    one.step(3, 0, 500)
    first = one.step(3, 7, 500)
    assert first == other.step(3, 7, 500)
    assert first != other.step(3, 8, 500) and first != other.step(4, 7, 500)
    assert sum(task.tokens for task in first) >= 500 > sum(task.tokens for task in first[:-1])


def test_tasks_say_what_stands_in_a_right_block_or_end_at_once(world: Path):
    tokenizer = load(world)[1]
    tasks: list[CausalTask] = drawer(world).step(0, 0, 6000)
    assert {task.kind for task in tasks} == {"span", "none"}
    for task in tasks:
        assert task.target[-1] == tokenizer.eos_token_id
        answer = tokenizer.decode(task.target[:-1]).strip()
        if task.kind == "none":
            assert task.target == (tokenizer.eos_token_id,) and task.right == ()
        else:
            (right,) = task.right
            assert answer in tokenizer.decode(task.blocks[right])
        assert tokenizer.decode(task.prompt).endswith("\nAnswer:")
    places = [task.right[0] / max(1, len(task.blocks) - 1) for task in tasks if task.right]
    assert 0.2 < sum(places) / len(places) < 0.8  # the right one is not always first


def test_a_window_holds_the_answer_and_starts_anywhere():
    text = " ".join([f"w{n}" for n in range(60)] + ["the", "answer"] + [f"v{n}" for n in range(60)])
    drawing, starts = Drawing(), set()
    for seed in range(40):
        found = crop(Passage("1", "t", text), ["the answer"], drawing, Random(seed)).text
        assert "the answer" in found and 40 <= len(found.split(" ")) <= 75 and found in text
        starts.add(found.split(" ")[0])
    assert len(starts) > 15
    short = Passage("1", "t", "a b c")
    assert crop(short, ["b"], drawing, Random(0)) == short


def test_data_that_can_never_be_drawn_says_so(world: Path):
    base = {"question": "q?", "answers": ["violet"], "positives": [0]}
    example = make_reading_example({**base, "passages": [{"title": "", "text": "The fox is red."}]})
    broken = TaskDrawer({"x": [example]}, {"x": 1.0}, load(world)[1])
    with pytest.raises(BadRequest, match="1000 draws in a row"):
        broken.step(0, 0, 100)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is not a training question"),
        ('{"question": "q", "answers": [], "positives": []}', "KeyError"),
        ('{"question": "q", "answers": ["a"], "passages": [{"title": "", "text": "a"}],'
         ' "positives": [1]}', r"positives \[1\] of 1 passages"),
        ('{"question": "q", "answers": ["a"], "passages": [{"title": "", "text": "a"}],'
         ' "positives": []}', "go together"),
        ('{"question": "q", "answers": [], "passages": [], "positives": []}', "no passages"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str):
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(rows()[0]) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(BadRequest, match=said):
        read_reading_examples(path)


def test_the_recipe_has_two_stages_and_names_what_is_missing():
    assert [stage.name for stage in STARTER_STAGES] == ["learn", "settle"]
    assert len({stage.training.seed for stage in STARTER_STAGES}) == 2
    for stage in STARTER_STAGES:
        assert sum(stage.mix.values()) == pytest.approx(1.0)
    require_sets(STARTER_STAGES, ["docs", "others", "squadlike"])
    with pytest.raises(BadRequest, match=r"docs\.jsonl and others, squadlike was given"):
        require_sets(STARTER_STAGES, ["others", "squadlike"])
    assert {one.training.steps for one in with_values(STARTER_STAGES, steps=2)} == {2}
