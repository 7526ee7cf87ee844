"""What the reproduction learns from: raw scores and gold passages, against slow references."""

from dataclasses import replace
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.reproduction.recipes import distil_settings, supervised_settings
from benchmarks.reproduction.sizes import Round
from benchmarks.reproduction.supervised import gold_examples, taught_encoder
from evaluation.metrics import has_answer
from reread.artefacts.passages import PassageStore
from reread.search.words import BM25Retriever
from tests.worlds.iterating import make_asked
from tests.worlds.tiny import load, make_encoder, make_examples, make_passages
from trainer.examples import Example
from trainer.settings import DistilSettings
from trainer.student import distil
from trainer.student.scores import UNIT_TEMPERATURE

STILL = Round(8, 1, 8, 1e-9, passages_per_question=0)  # one step that goes nowhere
ROUND = Round(8, 3, 4, 3e-3, passages_per_question=4)


def first_loss(folder: Path, examples: list[Example], settings: DistilSettings) -> float:
    settings = replace(settings, dropout=0.0, bf16="off")
    return distil.train(load(folder), examples, settings, seed=0).final_loss


def scores(folder: Path, example: Example, others: list[Example] | None = None) -> list[float]:
    """20 cosines of the question with its passages, or with those of others, one by one."""
    retriever = load(folder)
    [asked] = retriever.encode_questions([example.question])
    passages = [one for other in others or [example] for one in other.passages]
    return [float(asked @ retriever.encode_passages([p])[0]) / UNIT_TEMPERATURE for p in passages]


@pytest.fixture
def read() -> list[Example]:
    """Eight questions with scores as no student has them: around -300, a few points apart."""
    random = np.random.default_rng(0)
    return [
        replace(one, teacher=tuple((random.normal(size=6) * 4 - 300).tolist()), reader="one")
        for one in make_examples(8)
    ]


def test_a_raw_squared_error_is_of_the_scores_as_the_reader_gave_them(
    tmp_path: Path, read: list[Example]
):
    encoder = make_encoder(tmp_path / "encoder")
    loss = first_loss(encoder, read, distil_settings("mse-raw", STILL))
    slow = sum(
        (s - g) ** 2 for one in read for s, g in zip(scores(encoder, one), one.teacher, strict=True)
    )
    assert slow / 8 > 100_000  # no level was met
    assert loss == pytest.approx(slow / 8, rel=1e-5)


def test_ours_meets_the_student_in_level_and_spread(tmp_path: Path, read: list[Example]):
    encoder = make_encoder(tmp_path / "encoder")
    loss = first_loss(encoder, read, distil_settings("mse", STILL))
    students = [scores(encoder, one) for one in read]
    level = np.mean(students)
    spread = np.mean([np.std(one.teacher) for one in read]) / 2.0
    moved = [(np.array(one.teacher) - np.mean(one.teacher)) / spread + level for one in read]
    slow = sum(float(np.square(a - b).sum()) for a, b in zip(students, moved, strict=True)) / 8
    assert loss == pytest.approx(slow, rel=1e-4)


def test_a_raw_kl_is_of_the_softmax_of_the_scores_undivided(tmp_path: Path, read: list[Example]):
    encoder = make_encoder(tmp_path / "encoder")
    loss = first_loss(encoder, read, distil_settings("kl-raw", STILL))
    slow = 0.0
    for one in read:
        target, own = softmax(one.teacher), softmax(scores(encoder, one))
        slow += sum(p * log(p / q) for p, q in zip(target, own, strict=True)) / 8
    assert loss == pytest.approx(slow, rel=1e-4)
    assert abs(loss - first_loss(encoder, read, distil_settings("kl", STILL))) > 0.01


def softmax(values: list[float] | tuple[float, ...]) -> list[float]:
    raised = [exp(one - max(values)) for one in values]
    return [one / sum(raised) for one in raised]


@pytest.mark.parametrize("gamma", ["0.1", "0.2", "1"])
def test_a_margin_is_the_same_of_raw_scores_bit_for_bit(
    tmp_path: Path, read: list[Example], gamma: str
):
    encoder = make_encoder(tmp_path / "encoder")
    trained = []
    for row in (f"margin-{gamma}", f"margin-{gamma}-raw"):
        retriever = load(encoder)
        distil.train(retriever, read, distil_settings(row, ROUND), seed=0)
        trained.append(retriever.state_dict())
    assert all(torch.equal(one, trained[1][name]) for name, one in trained[0].items())
    start = load(encoder).state_dict()
    assert not all(torch.equal(one, start[name]) for name, one in trained[0].items())


@pytest.fixture
def corpus(tmp_path: Path) -> PassageStore:
    (tmp_path / "corpus").mkdir()
    PassageStore.create(tmp_path / "corpus", make_passages())
    return PassageStore.open(tmp_path / "corpus")


def test_gold_is_set_against_the_first_by_words_that_hold_no_answer(corpus: PassageStore):
    asked = make_asked(8)
    examples = gold_examples(asked, corpus, depth=40)
    assert [one.question for one in examples] == [one.label.question for one in asked]
    words = BM25Retriever.build(corpus.get(range(len(corpus))))
    for one, example in zip(asked, examples, strict=True):
        [hits] = words.search([one.label.question], 40)
        found = corpus.get([hit.row for hit in hits if hit.score > 0])
        wrong = [p for p in found if not has_answer(p.text, one.label.answers)]
        assert example.passages[0].id in one.label.passage_ids
        assert [p.id for p in example.passages[1:]] == [p.id for p in wrong]
        assert example.teacher == (1.0, *[0.0] * len(wrong))


def test_what_gold_teaches_is_two_cross_entropies(tmp_path: Path, corpus: PassageStore):
    """Against the question's own wrong passages, and against those that are others' alone."""
    encoder = make_encoder(tmp_path / "encoder")
    examples = gold_examples(make_asked(8), corpus, depth=40)
    loss = first_loss(encoder, examples, supervised_settings(STILL))
    slow = 0.0
    for one in examples:
        own = scores(encoder, one)
        mine = {p.text for p in one.passages}
        unique = {p.text: p for other in examples for p in other.passages if p.text not in mine}
        foreign = scores(encoder, one, [replace(one, passages=tuple(unique.values()))])
        target = softmax([10.0 * mark for mark in one.teacher])
        slow += sum(p * log(p / q) for p, q in zip(target, softmax(own), strict=True)) / 8
        slow -= log(softmax([own[0], *foreign])[0]) / 8
    assert loss == pytest.approx(slow, rel=1e-4)


def test_the_taught_encoder_is_made_once_for_each_training(tmp_path: Path, corpus: PassageStore):
    start, asked = make_encoder(tmp_path / "encoder"), make_asked(8)

    def taught(training: Round, seed: int) -> Path:
        return taught_encoder(
            tmp_path / "made", asked, corpus, training, start=str(start), depth=40, seed=seed
        )

    first = taught(ROUND, 0)
    stamp = first.stat().st_mtime_ns
    assert taught(ROUND, 0) == first and first.stat().st_mtime_ns == stamp
    others = {taught(replace(ROUND, epochs=1), 0), taught(ROUND, 1)}
    assert len({first, *others}) == 3
    examples = gold_examples(asked, corpus, depth=40)
    right = [sum(np.argmax(scores(one, e)) == 0 for e in examples) for one in (start, first)]
    assert right[1] > right[0]
