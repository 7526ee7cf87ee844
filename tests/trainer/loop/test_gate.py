"""The gate lets the better retriever through and says why it refuses the others."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.questions import LabelledQuestion
from reread.artefacts.passages import PassageStore
from reread.retriever.retriever import DenseRetriever
from tests.trainer.student.test_distil import FAST
from tests.worlds.tiny import (
    ANIMALS,
    EncoderSearch,
    WordSearch,
    load,
    make_encoder,
    make_examples,
    make_store,
)
from trainer.loop.gate import (
    Contest,
    better_share,
    compare_only,
    find_refusals,
    people_refusals,
    run_gate,
)
from trainer.loop.rankings import candidate_top, incumbent_top, sample_rows
from trainer.settings import GateSettings
from trainer.student.distil import train

HELD_OUT = make_examples(40, seed=9)
LABELLED = [
    LabelledQuestion(
        animal, f"where is the {animal}", (animal,), tuple(f"{animal}-{n}" for n in range(10))
    )
    for animal in ANIMALS
]


@dataclass(frozen=True)
class World:
    store: PassageStore
    random: DenseRetriever
    trained: DenseRetriever


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = make_encoder(tmp_path_factory.mktemp("encoder"))
    trained = load(folder)
    train(trained, make_examples(160), FAST, seed=0)
    yield World(make_store(tmp_path_factory.mktemp("store")), load(folder), trained)


def contest(world: World, candidate: DenseRetriever, incumbent: DenseRetriever) -> Contest:
    search = EncoderSearch(incumbent, world.store)
    return Contest(candidate, 0.05, search, 0.05, HELD_OUT, world.store, LABELLED)


def test_the_better_candidate_passes_with_figures_before_and_after(world: World) -> None:
    report = run_gate(contest(world, world.trained, world.random), GateSettings(), seed=0)
    assert report.accepted, report.reason
    before, after = report.before, report.after
    assert after["top_1_agreement"] > 0.9 > 0.5 > before["top_1_agreement"]
    assert after["ndcg"] > before["ndcg"] and after["kl"] < before["kl"]
    assert after["inversions"] < before["inversions"]
    assert (before["trained_on"], after["trained_on"]) == (False, False)
    assert after["bootstrap_share_better"] == 1.0
    assert after["coverage_at_20"] > 0.9
    assert after["recall_at"]["answer"]["5"] > before["recall_at"]["answer"]["5"]
    assert before["questions"] == after["questions"] == 40
    json.dumps(report.to_json())


def test_the_worse_candidate_is_refused_on_every_count(world: World) -> None:
    report = run_gate(contest(world, world.random, world.trained), GateSettings(), seed=0)
    assert not report.accepted
    assert "no better than the serving generation's" in report.reason
    assert "Labelled recall at 5 by answer falls" in report.reason


def test_an_unchanged_candidate_is_refused(world: World) -> None:
    report = run_gate(contest(world, world.trained, world.trained), GateSettings(), seed=0)
    assert not report.accepted
    assert report.before["ndcg"] == pytest.approx(report.after["ndcg"])


def test_a_lexical_incumbent_is_compared_by_ranking(world: World) -> None:
    search = WordSearch(world.store)
    fight = Contest(world.trained, 0.05, search, None, HELD_OUT, world.store)
    report = run_gate(fight, GateSettings(), seed=0)
    assert report.accepted, report.reason
    assert report.before["kl"] is None and report.after["kl"] > 0


def test_too_few_questions_from_the_corpus_are_named(world: World) -> None:
    own = [replace(one, rows=(None, *one.rows[1:])) for one in HELD_OUT[4:]]
    fight = replace(contest(world, world.trained, world.random), held_out=[*HELD_OUT[:4], *own])
    report = run_gate(fight, GateSettings(), seed=0)
    assert not report.accepted
    assert report.reason.startswith("4 held-out questions were answered from the corpus")


def test_forced_figures_do_not_decide(world: World) -> None:
    report = compare_only(contest(world, world.random, world.trained))
    assert report.accepted and report.reason.startswith("Forced")
    assert report.after["ndcg"] < report.before["ndcg"]
    # A forced round trains on the slice too: it must not be called held out.
    assert report.before["trained_on"] and report.after["trained_on"]
    assert report.reason.endswith("the figures are of questions trained on.")


def test_what_people_said_is_measured_and_a_sure_fall_is_refused(world: World) -> None:
    said = [
        LabelledQuestion(one.question, one.question, (), LABELLED[number].passage_ids)
        for one in HELD_OUT
        for number, animal in enumerate(ANIMALS)
        if animal in one.question.split()
    ]
    fight = replace(contest(world, world.random, world.trained), said=said, labelled=())
    report = run_gate(fight, GateSettings(), seed=0)
    assert "What people corrected or marked (40 questions) is among the first 5" in report.reason
    before, after = report.before["said"], report.after["said"]
    assert before["questions"] == 40
    assert before["recall_at"]["5"] > after["recall_at"]["5"]
    better = run_gate(
        replace(contest(world, world.trained, world.random), said=said), GateSettings(), seed=0
    )
    assert better.accepted, better.reason
    json.dumps(better.to_json())


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ([1.0] * 4, [0.0] * 4, False),  # fewer than the gate needs
        ([1.0] * 30, [0.0] + [1.0] * 29, False),  # one of many: chance, or a wrong word
        ([1.0] * 30, [0.0] * 6 + [1.0] * 24, True),
        ([0.0] * 6 + [1.0] * 24, [1.0] * 30, False),
    ],
)
def test_one_persons_mistake_does_not_refuse_a_candidate(
    before: list[float], after: list[float], refused: bool
) -> None:
    assert bool(people_refusals(before, after, GateSettings(), seed=0)) == refused


FINE = {
    "ndcg": 0.8,
    "coverage_at_20": 0.9,
    "recall_at": {"passage": None, "answer": {"5": 0.5, "20": 0.7}},
}


@pytest.mark.parametrize(
    ("change", "share", "complaint"),
    [
        ({}, 1.0, None),
        ({"ndcg": 0.7}, 1.0, "is 0.7000, no better than the serving generation's 0.7000"),
        ({}, 0.79, "(0.7000 to 0.8000) holds in 79% of resamples; 80% are needed"),
        ({"coverage_at_20": 0.4}, 1.0, "for 40% of held-out questions; 50% are needed"),
        ({"recall_at": {"answer": {"5": 0.489, "20": 0.7}}}, 1.0, "at 5 by answer falls from 0.5"),
        ({"recall_at": {"answer": {"5": 0.49, "20": 0.69}}}, 1.0, None),
    ],
)  # fmt: skip
def test_each_condition_decides_alone(
    change: dict[str, object], share: float, complaint: str | None
) -> None:
    before = {**FINE, "ndcg": 0.7}
    refusals = find_refusals(before, {**FINE, **change}, share, GateSettings())
    assert len(refusals) == (complaint is not None)
    assert complaint is None or complaint in refusals[0]


def test_bootstrap_share_follows_the_evidence() -> None:
    random = np.random.default_rng(5)
    before = random.random(50)
    assert better_share(before, before + 0.01, seed=0) == 1.0
    assert better_share(before, before - 0.01, seed=0) == 0.0
    assert 0.3 < better_share(before, before + np.tile([0.1, -0.1], 25), seed=0) < 0.7


def test_a_sampled_corpus_ranks_as_the_whole_one_with_the_rest_left_out(world: World) -> None:
    whole = sample_rows(world.store, 1000, always=set(), seed=0)
    assert whole.whole and whole.rows == tuple(range(100))
    part = sample_rows(world.store, 30, always={5, 77}, seed=0)
    assert {5, 77} <= set(part.rows) and 30 <= len(part.rows) <= 32
    allowed = {world.store[row].id for row in part.rows}
    asked = [one.question for one in HELD_OUT]
    generation = EncoderSearch(world.trained, world.store)
    for found in (
        incumbent_top(generation, world.store, part, asked, 5),
        candidate_top(world.trained, world.store, part, asked, 5, lambda share: None),
    ):
        for hits, top in zip(generation.search(asked, 100), found, strict=True):
            ranked = [world.store[hit.row] for hit in hits]
            assert top == [one for one in ranked if one.id in allowed][:5]


def test_chunks_of_the_corpus_give_one_ranking(world: World) -> None:
    sample = sample_rows(world.store, 1000, always=set(), seed=0)
    asked = [one.question for one in HELD_OUT]
    whole, chunks = (
        candidate_top(
            world.trained, world.store, sample, asked, 20, lambda s: None, passages_at_once=size
        )
        for size in (512, 7)
    )
    assert whole == chunks


def test_the_check_can_stop_it(world: World) -> None:
    class Enough(Exception): ...

    def stop(share: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        run_gate(contest(world, world.trained, world.random), GateSettings(), seed=0, check=stop)


def test_a_path_of_labelled_questions_is_a_setting(tmp_path: Path) -> None:
    from trainer.settings import TrainerSettings

    chosen = TrainerSettings.from_mapping({"labelled_questions": str(tmp_path / "q.jsonl")})
    assert chosen.gate.labelled_questions == tmp_path / "q.jsonl"
