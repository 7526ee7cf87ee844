"""Distillation moves the student to the teacher, the same way every time."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from reread.errors import BadRequest
from reread.retriever.retriever import DenseRetriever
from tests.worlds.tiny import FAST, load, make_encoder, make_examples
from trainer.dropout import set_dropout
from trainer.examples import Example
from trainer.loop.rankings import candidate_scores
from trainer.settings import DistilSettings
from trainer.student.batches import Batch, draw_batches, draw_passages, tokenise
from trainer.student.distil import Stopped, train
from trainer.student.objectives import kl
from trainer.student.scores import score, student_temperature
from trainer.teacher.scaling import scale_teacher


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield make_encoder(tmp_path_factory.mktemp("encoder"))


def agreement(retriever: DenseRetriever, examples: list[Example]) -> float:
    scores = candidate_scores(retriever, examples)
    pairs = zip(scores, examples, strict=True)
    return float(np.mean([np.argmax(s) == np.argmax(e.teacher) for s, e in pairs]))


@pytest.mark.parametrize("objective", ["kl", "mse", "margin"])
def test_agreement_rises_from_chance_on_unseen_questions(encoder: Path, objective: str) -> None:
    retriever, unseen = load(encoder), make_examples(60, seed=9)
    before = agreement(retriever, unseen)
    report = train(retriever, make_examples(160), replace(FAST, objective=objective), seed=0)
    assert before < 0.5  # chance is 1/6; a random encoder already feels shared words a little
    assert agreement(retriever, unseen) > 0.9
    assert report.epoch_loss[-1] < report.epoch_loss[0] / 2
    assert report.epoch_agreement[-1] > report.epoch_agreement[0]
    assert (report.questions, report.steps) == (160, 120)
    assert report.questions_per_s == pytest.approx(160 * 12 / report.seconds)


def weights(retriever: DenseRetriever) -> list[torch.Tensor]:
    return [one.detach().clone() for one in retriever.parameters()]


def test_the_same_seed_gives_the_same_weights_bit_for_bit(encoder: Path) -> None:
    settings = DistilSettings(epochs=2, batch_questions=4, passages_per_question=3)
    found = []
    for seed in (1, 1, 2):
        retriever = load(encoder)
        torch.manual_seed(seed * 17)  # the caller's generator must not matter
        train(retriever, make_examples(20), settings, seed=seed)
        found.append(weights(retriever))
    assert all(torch.equal(a, b) for a, b in zip(found[0], found[1], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(found[0], found[2], strict=True))


def test_training_leaves_the_callers_random_state_alone(encoder: Path) -> None:
    before = torch.random.get_rng_state()
    train(load(encoder), make_examples(4), DistilSettings(epochs=1), seed=3)
    assert torch.equal(before, torch.random.get_rng_state())


def test_word_embeddings_stay_when_frozen(encoder: Path) -> None:
    for frozen in (True, False):
        retriever = load(encoder)
        words = retriever.get_parameter("encoder.embeddings.word_embeddings.weight")
        before = words.detach().clone()
        settings = DistilSettings(epochs=1, freeze_word_embeddings=frozen)
        train(retriever, make_examples(8), settings, seed=0)
        assert torch.equal(before, words) is frozen


def test_a_batch_scores_every_question_with_its_own_passages(encoder: Path) -> None:
    retriever, examples = load(encoder), make_examples(12)
    data = tokenise(retriever, examples, scale_teacher(examples, 1.0))
    assert len(data.passages) == len({p.text for one in examples for p in one.passages})
    expected = candidate_scores(retriever, examples)
    (batch,) = draw_batches(data, size=12, passages_per_question=0, random=Random(0))
    assert len(batch.passages) == len(data.passages)
    with torch.no_grad():
        (found,) = score(retriever, batch, 0.5)
    numbers = [examples.index(one) for one in in_batch_order(retriever, batch, examples)]
    assert sorted(numbers) == list(range(12))
    for row, i in enumerate(numbers):
        assert found[row].numpy() * 0.5 == pytest.approx(expected[i], abs=1e-5)


def in_batch_order(
    retriever: DenseRetriever, batch: Batch, examples: list[Example]
) -> Iterator[Example]:
    texts = [retriever.tokenizer.decode(ids, skip_special_tokens=True) for ids in batch.questions]
    for text in texts:
        yield next(one for one in examples if one.question.rsplit(" ", 1)[0] in text)


def test_recomputed_activations_give_the_same_gradients(encoder: Path) -> None:
    retriever, examples = load(encoder), make_examples(16)
    data = tokenise(retriever, examples, scale_teacher(examples, None))
    (batch,) = draw_batches(data, size=16, passages_per_question=0, random=Random(0))
    set_dropout(retriever, 0.1)
    retriever.train()
    found = []
    for kept in (1 << 20, 0):
        torch.manual_seed(0)  # the dropout of both
        retriever.zero_grad()
        (student,) = score(retriever, batch, 0.5, tokens_kept=kept)
        torch.autograd.backward(kl(student, batch.teacher, batch.mask))
        found.append([one.grad.clone() for one in retriever.parameters() if one.grad is not None])
    assert len(found[0]) > 10
    for plain, recomputed in zip(*found, strict=True):
        assert torch.allclose(plain, recomputed, atol=1e-6)


def test_stops_at_a_batch_boundary(encoder: Path) -> None:
    shares: list[float] = []
    with pytest.raises(Stopped):
        train(
            load(encoder),
            make_examples(40),
            DistilSettings(epochs=1, batch_questions=4),
            seed=0,
            progress=shares.append,
            should_stop=lambda: len(shares) == 3,
        )
    assert shares == pytest.approx([0.1, 0.2, 0.3])


def test_attention_weights_are_never_dropped(encoder: Path) -> None:
    retriever = load(encoder)
    set_dropout(retriever, 0.3)
    layer = "encoder.encoder.layer.0"
    assert retriever.get_submodule(f"{layer}.attention.self.dropout").p == 0.0
    assert retriever.get_submodule(f"{layer}.output.dropout").p == 0.3


def test_scores_are_cosines_over_tau_or_products_over_root_d(encoder: Path, tmp_path: Path) -> None:
    free = load(make_encoder(tmp_path, normalize=False))
    assert student_temperature(load(encoder), DistilSettings()) == 0.05
    assert student_temperature(free, DistilSettings()) == pytest.approx(32**0.5)
    tempered = DistilSettings(student_temperature=2.0)
    assert student_temperature(free, tempered) == pytest.approx(2 * 32**0.5)


def test_teachers_on_any_scale_give_the_same_target() -> None:
    plain = make_examples(8)
    shrunk = [
        Example(
            one.question,
            one.passages,
            one.rows,
            tuple(score / 1000 - 40 for score in one.teacher),
            "other",
            one.sequence,
        )
        for one in plain
    ]
    mixed = scale_teacher(plain + shrunk, None)
    for first, second in zip(mixed[:8], mixed[8:], strict=True):
        assert second == pytest.approx(first, abs=1e-3)
    assert np.mean([scores.std() for scores in mixed]) == pytest.approx(2.0, rel=1e-3)
    assert scale_teacher(plain, 2.0)[0] == pytest.approx(np.array(plain[0].teacher) / 2)


def test_an_epoch_holds_every_question_once_and_shares_passages(encoder: Path) -> None:
    examples = make_examples(96)
    data = tokenise(load(encoder), examples, scale_teacher(examples, None))
    drawn = list(draw_batches(data, size=8, passages_per_question=4, random=Random(3)))
    seen = sorted(tuple(ids) for batch in drawn for ids in batch.questions)
    assert seen == sorted(tuple(ids) for ids in data.questions)
    assert all(batch.mask.sum(dim=1).min() >= 4 for batch in drawn)
    assert sum(len(batch.passages) for batch in drawn) < 0.85 * 4 * 96


def test_a_batch_scores_every_listed_passage_it_encodes(encoder: Path) -> None:
    examples = make_examples(96)
    teacher = scale_teacher(examples, None)
    data = tokenise(load(encoder), examples, teacher)
    own = {tuple(ids): (lists, scores) for ids, lists, scores in zip(
        data.questions, data.lists, teacher, strict=True
    )}  # fmt: skip
    added = 0
    for batch in draw_batches(data, size=8, passages_per_question=3, random=Random(3)):
        for b, ids in enumerate(batch.questions):
            lists, scores = own[tuple(ids)]
            listed = [data.passages[number] for number in lists]
            wanted = {
                tuple(one): score
                for one, score in zip(listed, scores, strict=True)
                if one in batch.passages
            }
            kept = batch.places[b][batch.mask[b]].tolist()
            found = [tuple(batch.passages[row]) for row in kept]
            assert dict(zip(found, batch.teacher[b][batch.mask[b]].tolist(), strict=True)) == (
                pytest.approx(wanted)
            )
            added += len(found) - 3
    assert added > 0


def test_a_draw_keeps_the_best_and_is_uniform_over_the_others() -> None:
    teacher, random = np.array([0.0, 0.1, 9.0, 0.3, 0.2], dtype=np.float32), Random(0)
    counts = np.zeros(5)
    for _ in range(3000):
        chance = list(range(5))
        random.shuffle(chance)
        places = draw_passages(teacher, 3, chance)
        assert places == sorted(set(places)) and len(places) == 3
        counts[places] += 1
    assert counts[2] == 3000
    assert counts[[0, 1, 3, 4]] == pytest.approx(1500, rel=0.1)
    assert draw_passages(teacher, 0, chance) == draw_passages(teacher, 5, chance) == [0, 1, 2, 3, 4]


def test_nothing_to_train_on_is_an_error(encoder: Path) -> None:
    with pytest.raises(BadRequest, match="no example"):
        train(load(encoder), [], DistilSettings(), seed=0)


def test_a_constant_rate_does_not_know_how_long_it_is_run(tmp_path: Path) -> None:
    """After one epoch of two the weights are those of one epoch alone; a falling rate's are not."""
    folder, examples = make_encoder(tmp_path), make_examples(32)

    def weights(epochs: int, schedule: str, stop: int | None = None) -> torch.Tensor:
        retriever = load(folder)
        settings = replace(FAST, epochs=epochs, schedule=schedule, warmup_share=0.0)
        steps = iter(range(100))
        with contextlib.suppress(Stopped):
            train(retriever, examples, settings, seed=1, should_stop=lambda: next(steps) == stop)
        return next(retriever.parameters()).detach().clone()

    assert torch.equal(weights(2, "constant", stop=2), weights(1, "constant"))
    assert not torch.equal(weights(2, "linear", stop=2), weights(1, "linear"))


def test_training_ends_when_agreement_has_stood_still(tmp_path: Path) -> None:
    """At a rate of next to nothing no epoch is better than the first."""
    folder, examples = make_encoder(tmp_path), make_examples(16)
    still = replace(FAST, epochs=50, learning_rate=1e-9, flat_epochs=2, dropout=0.0)
    report = train(load(folder), examples, still, seed=0)
    assert (len(report.epoch_loss), report.steps) == (3, 3)
    learns = replace(FAST, epochs=2, flat_epochs=2)
    assert len(train(load(folder), examples, learns, seed=0).epoch_loss) == 2
    assert len(train(load(folder), examples, replace(still, flat_epochs=0, epochs=5),
                            seed=0).epoch_loss) == 5  # fmt: skip
