"""A student that compares token by token: its scores, its training, its lists and its gate."""

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from reread.errors import BadRequest
from reread.retriever.retriever import DenseRetriever
from tests.worlds.tiny import FAST, load, make_encoder, make_examples, make_passages, make_store
from trainer.dropout import set_dropout
from trainer.iterative.lists.scored import rescore
from trainer.iterative.lists.searches import encode_lists
from trainer.loop.rankings import Sample, candidate_top
from trainer.settings import DistilSettings, TrainerSettings
from trainer.student.batches import Batch, draw_batches, tokenise
from trainer.student.distil import train
from trainer.student.matching import Best, score_lists
from trainer.student.objectives import kl
from trainer.student.scores import LATE_TEMPERATURE, score, student_temperature
from trainer.student.starts import load_start_encoder
from trainer.teacher.scaling import scale_teacher

TAUGHT = replace(FAST, student_temperature=0.1)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def late(encoder: Path) -> DenseRetriever:
    retriever = load(encoder)
    retriever.compare_by("late")
    return retriever


def by_hand(retriever: DenseRetriever, question: str, passage) -> float:
    """Every text alone, every pair of tokens in a loop."""
    asked = retriever.encode_question_tokens([question]).tokens
    tokens = retriever.encode_passage_tokens([passage]).tokens
    return float(np.mean([max(float(q @ p) for p in tokens) for q in asked]))


def one_batch(retriever: DenseRetriever, count: int) -> Batch:
    examples = make_examples(count)
    data = tokenise(retriever, examples, scale_teacher(examples, None))
    (batch,) = draw_batches(data, size=count, passages_per_question=0, random=Random(0))
    return batch


def test_a_batchs_scores_are_those_of_every_pair_alone(late: DenseRetriever) -> None:
    batch = one_batch(late, 9)
    with torch.no_grad():
        own, pooled = score(late, batch, 0.5)
        late.compare_by("pooled")
        (single,) = score(late, batch, 0.05)
    assert own.shape == pooled.shape == batch.mask.shape
    torch.testing.assert_close(pooled, single)  # what finds candidates is taught as it searches
    for b, ids in enumerate(batch.questions):
        asked = embed(late, ids)
        for k, place in enumerate(batch.places[b].tolist()):
            tokens = embed(late, batch.passages[place])
            best = [max(float(q @ p) for p in tokens) for q in asked]
            assert float(own[b, k]) * 0.5 == pytest.approx(np.mean(best), abs=1e-5)


def embed(retriever: DenseRetriever, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return retriever.embed_tokens(torch.tensor([ids]), torch.ones(1, len(ids)))[1][0]


def test_padding_scores_nothing_and_lends_no_gradient(late: DenseRetriever) -> None:
    batch = one_batch(late, 4)
    mask = batch.mask.clone()
    mask[1, 3:] = False
    own, pooled = score(late, replace(batch, mask=mask), 0.5)
    assert own[1, 3:].tolist() == pooled[1, 3:].tolist() == [0.0] * (mask.shape[1] - 3)
    torch.autograd.backward(own[~mask].sum() + 0.0 * own.sum())
    reached = parameters_with_gradient(late)
    assert len(reached) > 10 and all(float(one.grad.abs().max()) == 0 for one in reached)


def parameters_with_gradient(retriever: DenseRetriever) -> list[torch.nn.Parameter]:
    return [one for one in retriever.parameters() if one.grad is not None]


def test_recomputed_activations_give_the_same_gradients(late: DenseRetriever) -> None:
    batch = one_batch(late, 12)
    set_dropout(late, 0.1)
    late.train()
    found = []
    for kept in (1 << 20, 0):
        torch.manual_seed(0)
        late.zero_grad()
        students = score(late, batch, 0.5, tokens_kept=kept)
        torch.autograd.backward(sum(kl(one, batch.teacher, batch.mask) for one in students))
        found.append([one.grad.clone() for one in parameters_with_gradient(late)])
    assert len(found[0]) > 10
    for plain, recomputed in zip(*found, strict=True):
        assert torch.allclose(plain, recomputed, atol=1e-6)


@pytest.mark.parametrize("objective", ["kl", "mse", "margin"])
def test_it_learns_the_teachers_choice_on_unseen_questions(
    late: DenseRetriever, objective: str
) -> None:
    unseen = make_examples(60, seed=9)
    settings = replace(TAUGHT, objective=objective)
    report = train(late, make_examples(160), settings, seed=0)
    assert agreement(late, unseen) > 0.9
    assert report.student_temperature == 0.1
    late.compare_by("pooled")
    assert agreement(late, unseen) > 0.7  # the vectors that choose the candidates learn too


def agreement(retriever: DenseRetriever, examples) -> float:
    lists = [one.passages for one in examples]
    scores = score_lists(retriever, [one.question for one in examples], lists)
    pairs = zip(scores, examples, strict=True)
    return float(np.mean([np.argmax(s) == np.argmax(e.teacher) for s, e in pairs]))


def test_the_same_seed_gives_the_same_weights_bit_for_bit(encoder: Path) -> None:
    settings = DistilSettings(epochs=2, batch_questions=4, passages_per_question=3)
    found = []
    for _ in range(2):
        retriever = load(encoder)
        retriever.compare_by("late")
        train(retriever, make_examples(20), settings, seed=1)
        found.append([one.detach().clone() for one in retriever.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_its_temperature_is_its_own(late: DenseRetriever) -> None:
    assert student_temperature(late, DistilSettings()) == LATE_TEMPERATURE
    assert student_temperature(late, DistilSettings(student_temperature=0.3)) == 0.3


def test_lists_are_scored_pair_by_pair(late: DenseRetriever, tmp_path: Path) -> None:
    examples = make_examples(5)
    questions = [one.question for one in examples]
    lists = [one.passages[: 2 + n] for n, one in enumerate(examples)]
    found = score_lists(late, questions, lists, questions_at_once=2)
    for question, own, scores in zip(questions, lists, found, strict=True):
        expected = [by_hand(late, question, passage) for passage in own]
        assert scores.tolist() == pytest.approx(expected, abs=1e-5)
    rows = np.array([[3, 50, 7], [90, 2, -1], [-1, -1, -1]])
    store = make_store(tmp_path / "store")
    again = rescore(late, questions[:3], rows, store)
    assert again.rows.tolist() == rows.tolist() and again.scores[2].tolist() == [0.0] * 3
    assert again.scores[1, 1] == pytest.approx(by_hand(late, questions[1], store[2]), abs=1e-5)


def test_a_search_orders_its_candidates_as_every_pair_alone(
    late: DenseRetriever, tmp_path: Path
) -> None:
    store = make_store(tmp_path / "store")  # 100 passages: all are candidates
    search = encode_lists(late, store, tmp_path / "encoded", lambda share: None)
    questions = [one.question for one in make_examples(4)]
    limit = np.array([5, 17, 40, 99])
    found = search.find(questions, 6, [None, None, limit, None])
    for q in range(4):
        allowed = limit.tolist() if q == 2 else range(len(store))
        exact = sorted((by_hand(late, questions[q], store[row]), row) for row in allowed)
        best = [value for value, _ in exact[::-1][:6]]
        assert found.scores_of(q).tolist() == pytest.approx(best, abs=4e-3)  # a byte per value
        assert set(found.rows_of(q)) <= set(allowed)


def test_the_gate_sees_its_exact_order(late: DenseRetriever, tmp_path: Path) -> None:
    store = make_store(tmp_path / "store")
    questions = [one.question for one in make_examples(3)]
    sample = Sample(tuple(range(0, 100, 3)), whole=False, share=0.34)
    found = candidate_top(late, store, sample, questions, 4, lambda share: None, passages_at_once=7)
    for question, passages in zip(questions, found, strict=True):
        scores = {store[row].id: by_hand(late, question, store[row]) for row in sample.rows}
        wanted = sorted(scores.values(), reverse=True)[:4]
        assert [scores[one.id] for one in passages] == pytest.approx(wanted, abs=1e-5)


def test_the_gate_compares_the_candidates_that_the_search_compares(late: DenseRetriever) -> None:
    passages, question = make_passages(), "where is the owl old red"
    best = Best(late, [question], 4, candidates=12)
    for start in range(0, 100, 9):
        chunk = passages[start : start + 9]
        best.show(np.arange(start, start + len(chunk)), chunk)
    near = late.encode_questions([question]) @ late.encode_passages(passages).T
    nearest = np.argsort(-near[0], kind="stable")[:12].tolist()
    scores = {row: by_hand(late, question, passages[row]) for row in nearest}
    wanted = sorted(scores.values(), reverse=True)[:4]
    (found,) = best.rows()
    assert [scores[row] for row in found] == pytest.approx(wanted, abs=1e-5)
    exact = sorted((by_hand(late, question, one) for one in passages), reverse=True)[:4]
    assert wanted != pytest.approx(exact, abs=1e-5)  # the twelve are a real restriction here


def test_the_interaction_is_kept_with_the_weights(encoder: Path, tmp_path: Path) -> None:
    started = load_start_encoder(str(encoder), seed=0, device="cpu", bf16=False, interaction="late")
    started.save(tmp_path / "late")
    assert load(tmp_path / "late").settings.interaction == "late"
    assert load(encoder).settings.interaction == "pooled"
    for refused in (lambda: started.compare_by("early"), lambda: settings_with("early")):
        with pytest.raises(BadRequest, match="interaction 'early'; use one of pooled, late"):
            refused()


def settings_with(interaction: str) -> TrainerSettings:
    return TrainerSettings.from_mapping({"interaction": interaction})
