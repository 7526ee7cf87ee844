"""Interrupted reader training: the same weights bit by bit, and never with other settings."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from reread.errors import BadRequest
from reread.home import numbers
from tests.worlds.reader_training import (
    PLAN,
    TRAINING,
    make_reader_examples,
    make_t5,
    make_tokenizer,
    make_validation,
)
from tests.worlds.training import ROOT, wait_for
from trainer.reader.training import saved_step
from trainer.reader.tuning import tune_reader
from trainer.reader.validation import best_reader


def start(folder: Path, steps: int, pause_s: float = 0.0, **environment: str):
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.worlds.reader_training", *map(str, (folder, steps, pause_s))],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def end_of(folder: Path, steps: int, **environment: str) -> dict[str, torch.Tensor]:
    output, _ = start(folder, steps, **environment).communicate(timeout=250)
    assert (folder / "end.safetensors").exists(), output
    return load_file(folder / "end.safetensors")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("threads", ["1", "2"])
def test_killed_in_the_middle_ends_with_the_same_weights(tmp_path: Path, threads: str) -> None:
    whole = end_of(tmp_path / "whole", 16, THREADS=threads)
    killed = tmp_path / "killed"
    with start(killed, 16, 0.2, THREADS=threads) as child:
        wait_for(lambda: saved_step(killed) >= 6)
        child.kill()
    assert 6 <= saved_step(killed) < 16
    assert not (killed / "end.safetensors").exists()
    resumed = end_of(killed, 16, THREADS=threads)
    assert resumed.keys() == whole.keys()
    for name, tensor in whole.items():
        assert torch.equal(resumed[name], tensor), name


def tune(folder: Path, *, training=TRAINING, plan=PLAN, seed: int = 0, **options):
    lines: list[dict[str, float]] = []
    model = make_t5(seed)
    plan = replace(plan, mix=replace(plan.mix, cloze_share=0.0))
    best = tune_reader(
        model, make_tokenizer(), options.pop("examples", make_reader_examples(20)), training, plan,
        folder=folder, report=lines.append, **options,
    )  # fmt: skip
    return model, lines, best


def test_resuming_after_each_saved_state_gives_the_same_weights(tmp_path: Path) -> None:
    """Every kind of optimizer; a state that was half-written when the process died is not seen."""
    for name in ("adam", "adamw"):
        training = replace(TRAINING, steps=6, optimizer=name)
        whole, _, _ = tune(tmp_path / name / "whole", training=training)
        parts = tmp_path / name / "parts"

        class Stop(Exception):
            pass

        def stop(line: dict[str, float]) -> None:
            raise Stop

        with pytest.raises(Stop):  # dies between a step and the saving of its state
            tune_reader(
                make_t5(), make_tokenizer(), make_reader_examples(20),
                replace(training, save_every=1, log_every=4),
                replace(PLAN, mix=replace(PLAN.mix, cloze_share=0.0)), folder=parts, report=stop,
            )  # fmt: skip
        assert numbers(parts / "state") == [3]
        half = parts / "state" / ".5.1.abcd"
        half.mkdir()
        (half / "model.safetensors").write_bytes(b"half")
        resumed, lines, _ = tune(parts, training=training, seed=5)
        assert not half.exists()
        assert [line["step"] for line in lines] == [4, 6]
        assert numbers(parts / "state") == [6], "one state is kept"
        for (key, a), (_, b) in zip(
            whole.named_parameters(), resumed.named_parameters(), strict=True
        ):
            assert torch.equal(a, b), key


def test_a_finished_run_has_nothing_left_to_do(tmp_path: Path) -> None:
    first, _, _ = tune(tmp_path)
    again, lines, _ = tune(tmp_path, seed=3)
    assert lines == []
    assert torch.equal(first.lm_head.weight, again.lm_head.weight)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"training": replace(TRAINING, learning_rate=1e-3)}, "learning_rate = 0.003"),
        ({"training": replace(TRAINING, optimizer="adam")}, "optimizer = 'adamw'"),
        ({"training": replace(TRAINING, seed=1)}, "seed = 0"),
        ({"plan": replace(PLAN, batch_size=4)}, "batch_size = 8"),
        ({"plan": replace(PLAN, dropout=0.3)}, "dropout = 0.1"),
        ({"examples": make_reader_examples(21)}, "data = "),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path: Path, changed, name: str) -> None:
    tune(tmp_path, training=replace(TRAINING, steps=8))
    with pytest.raises(BadRequest, match="another --output") as refusal:
        tune(tmp_path, **changed)
    assert f"{tmp_path} holds a run with {name}" in str(refusal.value)


def test_how_a_step_is_computed_may_change(tmp_path: Path) -> None:
    tune(tmp_path, training=replace(TRAINING, steps=8))
    _, lines, _ = tune(
        tmp_path, training=replace(TRAINING, accumulation=2, checkpointing=True, log_every=1)
    )
    assert lines == []


def test_the_form_without_moments_is_refused(tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text(json.dumps({"step": 10}))
    with pytest.raises(BadRequest, match="earlier version"):
        tune(tmp_path)


@pytest.mark.slow
def test_the_best_on_validation_is_kept_and_survives_resumption(tmp_path: Path) -> None:
    """A rate that is far too high later on: the best model is not the last one."""
    training = replace(TRAINING, steps=6, eval_every=2, schedule="constant")
    questions = make_validation(6)
    model, lines, best = tune(tmp_path, training=training, validation=questions)
    told = [line for line in lines if "em" in line]
    assert [line["step"] for line in told] == [2, 4, 6]
    assert best is not None and best == best_reader(tmp_path)
    ems = [line["em"] for line in told]
    assert best.em == max(ems)
    assert best.step == told[ems.index(max(ems))]["step"], "the earliest of the best"
    facts = json.loads((best.folder / "validation.json").read_text())
    assert facts == {"step": best.step, "em": best.em, "questions": 6}
    assert tune(tmp_path, training=training, validation=questions)[2] == best
