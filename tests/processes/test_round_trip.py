"""The trainer with the real index builder: a gated round, then one that the gate refuses."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan, RetrieverKind
from reread.artefacts.generation import Generation
from reread.artefacts.manifest import read_manifest
from reread.artefacts.publication import current
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from tests.index_builder.verified import verify_here
from tests.worlds.tiny import ANIMALS, make_encoder, make_records
from tests.worlds.training import (
    make_home,
    make_parts,
    request,
    trainer_thread,
    wait_for_end,
)
from trainer.loop.parts import RoundParts


def builder(home: Home) -> list[str]:
    return [sys.executable, "-m", "index_builder", "build", "--home", str(home.root)]


def build_first(home: Home, retriever: RetrieverKind, encoder: Path | None = None) -> None:
    """The first generation, here: the builder's process makes the second."""
    model = str(encoder) if encoder else None
    build_generation(home, Plan(retriever, model=model, device="cpu", verify=verify_here))


def with_real_builder(home: Home, encoder: Path, **settings: Any) -> RoundParts:
    parts = make_parts(home, encoder, **settings)
    return replace(parts, build_command=[*builder(home), "--device", "cpu"])


def agreement(generation: Generation) -> float:
    """Share of animals whose five best passages are all about the animal asked for."""
    found = generation.search([f"where is the {animal} slow red" for animal in ANIMALS], 5)
    hits = zip(ANIMALS, found, strict=True)
    return sum(
        all(one.id.startswith(animal) for one in generation.passages.get([hit.row for hit in five]))
        for animal, five in hits
    ) / len(ANIMALS)


def test_a_lexical_generation_that_does_what_the_reader_wants_stays(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", records=150)  # the planted taste is a shared word
    build_first(home, "bm25")
    with trainer_thread(with_real_builder(home, make_encoder(tmp_path / "encoder"), epochs=1)):
        job = wait_for_end(home, request(home))
    assert job.state == "rejected"
    assert job.metrics["before"]["top_1_agreement"] > 0.9
    assert job.metrics["before"]["kl"] is None
    assert job.metrics["after"]["kl"] > 0

    with trainer_thread(make_parts(home, tmp_path / "encoder", epochs=1)):
        forced = wait_for_end(home, request(home, force=True))
    assert (forced.state, forced.generation) == ("done", 2)
    assert forced.metrics["gate"]["reason"].startswith("Forced")
    assert forced.metrics["after"]["ndcg"] < forced.metrics["before"]["ndcg"]


@pytest.mark.slow
def test_a_better_generation_is_published_and_a_worse_one_is_not(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", records=150)
    encoder = make_encoder(tmp_path / "encoder")
    build_first(home, "dense", encoder)
    good = with_real_builder(home, encoder, epochs=12)
    with trainer_thread(good):
        job = wait_for_end(home, request(home))
    assert (job.state, job.error, job.generation) == ("done", None, 2)
    assert job.metrics["gate"]["accepted"]
    assert job.metrics["before"]["ndcg"] < job.metrics["after"]["ndcg"]
    assert job.metrics["before"]["kl"] > job.metrics["after"]["kl"]
    generation = Generation.open(home, 2, device="cpu")
    assert (generation.manifest.checkpoint, generation.manifest.cursor) == (1, 150)
    assert agreement(generation) >= 0.7

    add_records(home, first=150, last=200)
    ruinous = with_real_builder(home, encoder, epochs=1, learning_rate=0.5)
    with trainer_thread(ruinous):
        refused = wait_for_end(home, request(home))
        assert refused.state == "rejected"
        assert refused.error is not None and "did not pass the gate" in refused.error
        assert refused.metrics["after"]["ndcg"] < refused.metrics["before"]["ndcg"]
        assert refused.metrics["before"]["kl"] < refused.metrics["after"]["kl"]
    serving = current(home)
    assert serving is not None and serving.number == 2


def test_a_late_generation_is_taught_gated_and_followed_by_a_late_one(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", records=150)
    encoder = make_encoder(tmp_path / "encoder")
    build_first(home, "late", encoder)
    before = agreement(Generation.open(home, 1, device="cpu"))
    with trainer_thread(with_real_builder(home, encoder, epochs=12, student_temperature=0.1)):
        job = wait_for_end(home, request(home))
    assert (job.state, job.error, job.generation) == ("done", None, 2)
    assert job.metrics["before"]["ndcg"] < job.metrics["after"]["ndcg"]
    assert job.metrics["before"]["kl"] > job.metrics["after"]["kl"]
    generation = Generation.open(home, 2, device="cpu")
    assert generation.manifest.retriever == "late"
    assert agreement(generation) > max(before, 0.7)


@pytest.mark.parametrize(
    ("serving", "wanted", "follows"),
    [("bm25", None, "late"), ("dense", None, "dense"), ("late", "pooled", "dense")],
)
def test_what_follows_words_compares_token_by_token_unless_told_otherwise(
    tmp_path: Path, serving: RetrieverKind, wanted: str | None, follows: str
) -> None:
    home = make_home(tmp_path / "home", records=20)
    encoder = make_encoder(tmp_path / "encoder")
    build_first(home, serving, None if serving == "bm25" else encoder)
    with trainer_thread(make_parts(home, encoder, epochs=1, interaction=wanted)):
        job = wait_for_end(home, request(home, force=True))
    assert (job.state, job.generation) == ("done", 2)
    plan = Plan(checkpoint=1, device="cpu", verify=verify_here)  # as the builder's command has it
    third = build_generation(home, plan)
    assert read_manifest(home.generations_dir / str(third)).retriever == follows


def add_records(home: Home, *, first: int, last: int) -> None:
    log = SqliteAttentionLog(home.log_file)
    log.append([one for one in make_records(last) if int(one.id[1:]) > first])
    log.close()
