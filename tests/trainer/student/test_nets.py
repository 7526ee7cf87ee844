"""LSTM and CNN students: their words, and that they learn what a teacher prefers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from reread.errors import BadRequest
from tests.worlds.tiny import load, make_encoder, make_examples
from trainer.examples import Preference
from trainer.settings import DistilSettings
from trainer.student.distil import train
from trainer.student.nets import make_student, word_embeddings


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("source"))


def test_words_are_the_sources_main_directions(source: Path) -> None:
    """Against a singular value decomposition; signs of directions are free."""
    encoder = load(source)
    known = word_embeddings(encoder).double().numpy()
    made = make_student("cnn", encoder, seed=1)
    found = word_embeddings(made).double().numpy()  # (V, 32)
    centred = known - known.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    wanted = np.zeros_like(found)
    wanted[:, : len(sizes)] = left * sizes
    wanted /= wanted.std(ddof=1)
    np.testing.assert_allclose(np.abs(found[:, :8]), np.abs(wanted[:, :8]), atol=1e-3)
    scratch = make_student("cnn", encoder, seed=1, words="scratch")
    assert not np.allclose(word_embeddings(scratch).numpy(), found)


def test_the_seed_makes_the_student(source: Path) -> None:
    encoder = load(source)
    one, same, other = (make_student("lstm", encoder, seed=seed) for seed in (4, 4, 5))
    states = [torch.cat([p.flatten() for p in net.parameters()]) for net in (one, same, other)]
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])
    with pytest.raises(BadRequest, match="'transformer' is not made from nothing"):
        make_student("transformer", encoder, seed=0)


@pytest.mark.parametrize("student", ["lstm", "cnn"])
@pytest.mark.parametrize("interaction", ["pooled", "late"])
def test_a_net_learns_what_the_teacher_prefers(
    source: Path, student: str, interaction: str
) -> None:
    made = make_student(student, load(source), seed=0, dimension=32)
    made.compare_by(interaction)
    settings = DistilSettings(
        objective="soft_labels", epochs=8, passages_per_question=0, net_learning_rate=5e-3
    )
    report = train(made, make_examples(96), settings, seed=0)
    assert report.epoch_agreement[-1] > 0.85 > report.epoch_agreement[0]
    again = make_student(student, load(source), seed=0, dimension=32)
    again.compare_by(interaction)
    train(again, make_examples(96), settings, seed=0)
    for one, other in zip(made.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_pairs_alone_can_teach(source: Path) -> None:
    """The list's scores say nothing new (a constant but for noise); only the pairs do."""
    planted = []
    for one in make_examples(96):
        best = int(np.argmax(one.teacher))
        pairs = [Preference(best, k, -0.02) for k in range(len(one.teacher)) if k != best]
        flat = tuple(1e-3 * k for k in range(len(one.teacher)))
        planted.append(replace(one, teacher=flat, pairs=tuple(pairs)))
    made = make_student("cnn", load(source), seed=0, dimension=32)
    settings = DistilSettings(
        objective="pair_kl", pair_teacher="reader", epochs=8, passages_per_question=4,
        net_learning_rate=5e-3, in_batch_weight=0.0, teacher_temperature=1.0,
    )  # fmt: skip
    train(made, planted, settings, seed=0)
    right = 0
    for want, one in zip(make_examples(96), planted, strict=True):
        scores = made.encode_passages(one.passages) @ made.encode_questions([one.question])[0]
        right += int(np.argmax(scores) == np.argmax(want.teacher))
    assert right > 80


def test_what_cannot_be_learnt_is_said_before_training(source: Path) -> None:
    made = make_student("cnn", load(source), seed=0)
    hard = DistilSettings(objective="soft_labels", hard_label_share=0.5)
    with pytest.raises(BadRequest, match=r"hard_label_share is 0\.5 and no example has labels"):
        train(made, make_examples(4), hard, seed=0)
    pairs = DistilSettings(objective="pair_kl", pair_teacher="reader")
    with pytest.raises(BadRequest, match="none of the 4 examples has any"):
        train(made, make_examples(4), pairs, seed=0)
    weightless = replace(pairs, pair_weight=0.0, epochs=1)  # the list and the in-batch term
    assert train(made, make_examples(4), weightless, seed=0).questions == 4
