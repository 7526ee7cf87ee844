"""A home changes its student and goes back: checkpoints, costs and what an index cannot hold."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from reread.artefacts.checkpoints import read_checkpoint, write_checkpoint
from reread.home import numbers
from reread.retriever.files import student_of
from reread.retriever.retriever import DenseRetriever
from tests.worlds.tiny import make_encoder, make_passages
from tests.worlds.training import make_home, make_parts, request, trainer_thread, wait_for_end
from trainer.loop.candidate import start_retriever
from trainer.loop.costs import bytes_per_passage, measure_costs
from trainer.settings import TrainerSettings
from trainer.student.nets import make_student


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"))


def test_a_job_teaches_a_net(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=60)
    wanted = {"student": "cnn", "objective": "soft_labels", "student_dimension": 16}
    with trainer_thread(make_parts(home, encoder, interaction="pooled")):
        job = wait_for_end(home, request(home, force=True, **wanted))
    assert (job.state, job.error) == ("done", None)
    kept = read_checkpoint(home, 1)
    assert student_of(kept.folder) == "cnn" and kept.config["settings"]["student"] == "cnn"
    assert DenseRetriever.load(kept.folder, device="cpu").dimension == 16


def test_the_newest_checkpoint_of_the_wanted_student_goes_on(tmp_path: Path, encoder: Path) -> None:
    """Without a wish the newest of all; a start encoder that was changed begins anew."""
    home = make_home(tmp_path, records=1)
    source = DenseRetriever.load(encoder, device="cpu")
    with torch.no_grad():
        next(source.parameters()).add_(1.0)
    config = {"start_encoder": str(encoder)}
    write_checkpoint(home, source, 1, {}, config)
    write_checkpoint(home, make_student("cnn", source, seed=3, dimension=16), 2, {}, config)

    def started(**given: object) -> DenseRetriever:
        settings = TrainerSettings.from_mapping(
            {"start_encoder": str(encoder), "device": "cpu", "interaction": "pooled", **given}
        )
        return start_retriever(home, settings, None, 10)

    assert (started().student, started().dimension) == ("cnn", 16)
    back = started(student="transformer")
    assert torch.equal(next(back.parameters()), next(source.parameters()))
    fresh = started(student="lstm", student_words="scratch", student_dimension=24)
    assert (fresh.student, fresh.dimension) == ("lstm", 24)
    copy = tmp_path / "copy"
    shutil.copytree(encoder, copy)
    anew = started(student="cnn", start_encoder=str(copy))
    assert (anew.student, anew.dimension) == ("cnn", 128)


def test_an_index_that_cannot_hold_the_student_is_refused_before_training(
    tmp_path: Path, encoder: Path
) -> None:
    home = make_home(tmp_path, records=30)
    parts = replace(make_parts(home, encoder), index="PQ7")
    with trainer_thread(parts):
        job = wait_for_end(home, request(home, force=True, student="lstm"))
        unknown = wait_for_end(home, request(home, force=True, student="gru"))
    assert job.state == unknown.state == "failed"
    assert "'PQ7' is not a FAISS factory string for 128 dimensions" in (job.error or "")
    assert "Unknown student 'gru'; use one of transformer, lstm, cnn" in (unknown.error or "")
    assert "training" not in job.metrics and numbers(home.checkpoints_dir) == []


def test_late_tokens_are_projected_where_that_is_asked_for(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=1)
    settings = TrainerSettings.from_mapping(
        {"start_encoder": str(encoder), "token_dimension": 8, "interaction": "late"}
    )
    made = start_retriever(home, settings, None, 10)
    assert (made.dimension, made.token_dimension) == (32, 8)
    made.save(tmp_path / "saved")
    again = DenseRetriever.load(tmp_path / "saved", device="cpu")
    vectors, kept = (
        made.passage_vectors(make_passages()[:3]),
        again.passage_vectors(make_passages()[:3]),
    )
    assert vectors.tokens is not None and vectors.tokens.shape[1] == 8
    assert (vectors.tokens == kept.tokens).all() and vectors.pooled.shape == (3, 32)
    plain = start_retriever(home, replace(settings, token_dimension=None), None, 10)
    assert bytes_per_passage(made, make_passages()) < bytes_per_passage(plain, make_passages())


def test_costs_are_counted(encoder: Path) -> None:
    source = DenseRetriever.load(encoder, device="cpu")
    net = make_student("cnn", source, seed=0, dimension=16)
    ticks = iter(float(n) for n in range(100))
    costs = measure_costs(net, ["a", "b"], make_passages(), clock=lambda: next(ticks))
    assert costs == {
        "student": "cnn", "interaction": "pooled", "question_ms": 1000.0,
        "parameters": 28 * 32 + sum(64 * w * 32 + 64 for w in (1, 2, 3)) + 192 * 16 + 3 * 16,
        "bytes_per_passage": 64,
    }  # fmt: skip
    net.compare_by("late")
    tokens = [len(one.text.split()) + 2 for one in make_passages()[:32]]
    wanted = 64 + sum(tokens) / 32 * (192 + 4)
    assert bytes_per_passage(net, make_passages()[:32]) == round(wanted)
