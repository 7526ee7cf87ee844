"""A run killed anywhere goes on from its folder to the weights it would have had anyway.

`python -m tests.processes.test_resume ENCODER FOLDER WEIGHTS OBJECTIVE` is the run that is killed.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from reread.errors import BadRequest, CorruptArtefact
from reread.home import numbers
from tests.worlds.tiny import load, make_encoder, make_examples
from tests.worlds.training import ROOT, wait_for
from trainer.settings import DistilSettings
from trainer.student.distil import Stopped, train
from trainer.student.tally import TrainingReport

SETTINGS = DistilSettings(
    epochs=3, batch_questions=4, passages_per_question=4, freeze_word_embeddings=False
)
EVERY, STEPS = 3, 30  # 40 questions in batches of 4, three epochs


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield make_encoder(tmp_path_factory.mktemp("encoder"))


def run(
    encoder: Path,
    folder: Path | None,
    objective: str = "kl",
    interaction: str = "pooled",
    **more: object,
):
    retriever = load(encoder)
    retriever.compare_by(interaction)
    settings = replace(SETTINGS, objective=objective)
    report = train(
        retriever, make_examples(40), settings,
        seed=5, resume=folder, save_every_steps=EVERY, **more,
    )  # fmt: skip
    return {name: one.clone() for name, one in retriever.state_dict().items()}, report


def assert_same(
    found: tuple[dict[str, torch.Tensor], TrainingReport],
    wanted: tuple[dict[str, torch.Tensor], TrainingReport],
) -> None:
    assert found[0].keys() == wanted[0].keys()
    assert all(torch.equal(found[0][name], wanted[0][name]) for name in wanted[0])
    for field in ("epoch_loss", "epoch_agreement", "final_loss", "steps", "questions"):
        assert getattr(found[1], field) == getattr(wanted[1], field)


@pytest.mark.parametrize(("objective", "after"), [("kl", 6), ("kl", 12), ("mse", 9)])
def test_a_killed_process_goes_on_to_the_same_weights(
    tmp_path: Path, encoder: Path, objective: str, after: int
) -> None:
    """Killed at any point after step `after` is kept, also in the middle of keeping another."""
    folder = tmp_path / "state"
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, str(encoder), str(folder), objective,
         str(torch.get_num_threads())],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        wait_for(lambda: max(numbers(folder), default=0) >= after)
    finally:
        child.kill()
    assert child.wait() == -signal.SIGKILL
    assert after <= numbers(folder)[-1] < STEPS
    shares: list[float] = []
    found = run(encoder, folder, objective, progress=shares.append)
    assert len(shares) < STEPS  # it did not start over
    assert_same(found, run(encoder, None, objective))
    assert numbers(folder) == [STEPS]


@pytest.mark.parametrize("objective", ["kl", "mse"])
def test_a_late_students_run_goes_on_and_is_not_taken_for_a_pooled_ones(
    tmp_path: Path, encoder: Path, objective: str
) -> None:
    """Both start from the same weights with the same settings, and were one run to their folder."""
    folder, asked = tmp_path / "state", iter([False] * 11 + [True])
    with pytest.raises(Stopped):
        run(encoder, folder, objective, "late", should_stop=lambda: next(asked))
    with pytest.raises(BadRequest, match="retriever = "):
        run(encoder, folder, objective, "pooled")
    found = run(encoder, folder, objective, "late")
    assert_same(found, run(encoder, None, objective, "late"))


@pytest.mark.parametrize("stop_at", [0, 1, 9, 10, 11, 20, 29])
def test_stopped_at_any_step_goes_on_to_the_same_weights(
    tmp_path: Path, encoder: Path, stop_at: int
) -> None:
    """Also where an epoch (of ten steps) has just begun or ended."""
    shares: list[float] = []
    with pytest.raises(Stopped):
        run(
            encoder, tmp_path / "state",
            progress=shares.append, should_stop=lambda: len(shares) == stop_at,
        )  # fmt: skip
    assert_same(run(encoder, tmp_path / "state"), run(encoder, None))


def test_a_finished_run_is_not_run_again(tmp_path: Path, encoder: Path) -> None:
    first = run(encoder, tmp_path / "state")
    shares: list[float] = []
    assert_same(run(encoder, tmp_path / "state", progress=shares.append), first)
    assert shares == []


def test_another_run_s_state_is_refused(tmp_path: Path, encoder: Path) -> None:
    run(encoder, tmp_path / "state")
    for change in ({"learning_rate": 1e-3}, {"epochs": 4}):
        with pytest.raises(BadRequest, match=f"holds a run with {next(iter(change))} = "):
            train(
                load(encoder), make_examples(40), replace(SETTINGS, **change),
                seed=5, resume=tmp_path / "state",
            )  # fmt: skip
    with pytest.raises(BadRequest, match="data and start weights"):
        train(load(encoder), make_examples(41), SETTINGS, seed=5, resume=tmp_path / "state")
    with pytest.raises(BadRequest, match="seed = 5 and this one has 6"):
        train(load(encoder), make_examples(40), SETTINGS, seed=6, resume=tmp_path / "state")


def test_a_cut_file_is_named(tmp_path: Path, encoder: Path) -> None:
    run(encoder, tmp_path / "state")
    file = tmp_path / "state" / str(STEPS) / "moments.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(CorruptArtefact, match="a saved training state"):
        run(encoder, tmp_path / "state")


def test_only_safetensors_and_json_are_kept_and_leftovers_go(tmp_path: Path, encoder: Path) -> None:
    leftover = tmp_path / "state" / ".3.1.deadbeef"
    leftover.mkdir(parents=True)
    (leftover / "weights.safetensors").write_bytes(b"half")
    run(encoder, tmp_path / "state")
    assert [one.name for one in (tmp_path / "state").iterdir()] == [str(STEPS)]
    kept = tmp_path / "state" / str(STEPS)
    assert sorted(one.name for one in kept.iterdir()) == [
        "moments.safetensors", "state.json", "weights.safetensors",
    ]  # fmt: skip
    assert safetensors.torch.load_file(kept / "weights.safetensors")


if __name__ == "__main__":
    encoder_folder, state_folder, objective_name, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    run(Path(encoder_folder), Path(state_folder), objective_name)
