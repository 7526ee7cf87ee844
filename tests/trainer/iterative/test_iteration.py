"""A whole run on tiny models: repeatable, deaf to gold ids, extended, refused, pruned."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from reread.artefacts.passages import PassageStore
from reread.errors import Conflict
from reread.retriever.retriever import DenseRetriever
from tests.worlds.iterating import (
    DISTIL,
    READER,
    make_asked,
    make_settings,
    results_of,
    run,
    source_of,
)
from trainer.examples import Example
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.reading import ListReadings
from trainer.iterative.lists.searches import search_words
from trainer.iterative.lists.signals import ListSignals, taught_examples
from trainer.iterative.reader import (
    make_examples,
    plan_reading,
    train_iteration_reader,
    validation_questions,
)
from trainer.iterative.run_directory import open_run
from trainer.iterative.run_source import describe
from trainer.iterative.settings import RunSettings
from trainer.reader.tasks import TaskSource, draw_pool
from trainer.student import distil


@pytest.fixture(scope="module")
def done(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run from BM25, with iterations 0 and 1."""
    output = tmp_path_factory.mktemp("runs") / "bm25"
    run(world, output)
    return output


def test_the_same_seed_gives_the_same_files_bit_for_bit(world: Path, done: Path, tmp_path: Path):
    run(world, tmp_path / "again")
    assert results_of(tmp_path / "again") == results_of(done)
    run(world, tmp_path / "other", seed=1)
    assert results_of(tmp_path / "other") != results_of(done)


def test_gold_passages_have_no_part_in_training(world: Path, done: Path, tmp_path: Path):
    run(world, tmp_path / "blind", gold=False)
    blind, seeing = results_of(tmp_path / "blind"), results_of(done)
    assert blind.keys() == seeing.keys()
    unequal = {name for name in blind if blind[name] != seeing[name]}
    assert {Path(name).name for name in unequal} == {"metrics.json", "step.json"}
    one = json.loads((done / "iteration-0/metrics.json").read_text())
    other = json.loads((tmp_path / "blind/iteration-0/metrics.json").read_text())
    assert other["retrieved"].pop("passage") is None
    assert one["retrieved"].pop("passage")["100"] == 1.0
    for body in (one, other):
        for name in ("seconds", "retriever"):
            body.pop(name)
    assert one == other


def test_each_step_is_what_its_inputs_say(world: Path, done: Path):
    """Step 3 by hand from the files of steps 0 to 2, and the next lists from its weights."""
    asked, store = make_asked(8), source_of(world, make_settings(world), done).corpus
    lists = RankedLists.load(done / "iteration-0/retrieved/train.safetensors")
    scores = ListReadings.load(done / "iteration-0/scores").of("mean")
    assert lists.rows.shape == scores.shape == (8, 5)
    examples = [
        Example(one.label.question, tuple(store.get(rows)), tuple(rows), tuple(g), "any", n)
        for n, (one, rows, g) in enumerate(
            zip(asked, lists.rows.tolist(), scores.tolist(), strict=True), 1
        )
    ]
    retriever = DenseRetriever.load(world / "encoder", device="cpu", dtype="float32")
    distil.train(retriever, examples, make_settings(world).distil, seed=3000)
    saved = load_file(done / "iteration-0/retriever/model.safetensors")
    for name, weight in retriever.encoder.state_dict().items():
        assert torch.equal(saved[name], weight), name
    again = RankedLists.load(done / "iteration-1/retrieved/train.safetensors")
    vectors = retriever.encode_passages(store.get(range(len(store))))
    slow = retriever.encode_questions([one.label.question for one in asked]) @ vectors.T
    for q, row in enumerate(slow):
        best = sorted(range(len(row)), key=lambda n, row=row: (-row[n], n))[:5]
        assert np.allclose(row[again.rows[q]], row[best], atol=1e-5)


@pytest.mark.parametrize("interaction", ["pooled", "late"])
@pytest.mark.parametrize("objective", ["ppmean", "loop", "emdr2"])
def test_answer_objectives_learn_from_the_scores_steps_signal(
    world: Path, tmp_path: Path, objective: str, interaction: str
):
    own = replace(DISTIL, objective=objective)
    run(world, tmp_path / "one", distil=own, iterations=1, interaction=interaction)
    run(world, tmp_path / "again", distil=own, iterations=1, interaction=interaction)
    assert results_of(tmp_path / "one") == results_of(tmp_path / "again")
    source = source_of(world, make_settings(world), tmp_path)
    lists = RankedLists.load(tmp_path / "one/iteration-0/retrieved/train.safetensors")
    signals = ListSignals.load(tmp_path / "one/iteration-0/scores")
    examples = taught_examples(source.train, lists, source.corpus, signals, reader="any")
    retriever = DenseRetriever.load(world / "encoder", device="cpu", dtype="float32")
    retriever.compare_by(interaction)
    distil.train(retriever, examples, own, seed=3000)
    saved = load_file(tmp_path / "one/iteration-0/retriever/model.safetensors")
    for name, weight in retriever.encoder.state_dict().items():
        assert torch.equal(saved[name], weight), name


def test_an_iterations_reader_reads_the_front_of_the_list_as_retrieved(world: Path):
    """It drew among the passages as if one were marked, so the best ones were often left out and
    the reader learnt to answer without them (loss 4.1 where reading as retrieved gives 2.2)."""
    settings = make_settings(world)
    store = PassageStore.open(world / "corpus")
    lists = RankedLists(np.array([[7, 3, 50, 9, 2]] * 4), np.zeros((4, 5), np.float32))
    examples = make_examples(make_asked(4), lists, store, settings.depth)
    plan = plan_reading(settings.reader)
    steps = draw_pool(TaskSource(examples, [], plan.mix), plan.batch_size, 0)
    front = tuple(store.get([7, 3, 50]))
    assert {task.passages for step in steps for task in step} == {front}


def test_a_finished_run_does_nothing_and_a_longer_one_goes_on(world: Path, tmp_path: Path):
    run(world, tmp_path / "long", iterations=1)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "long").glob("*/*/*")}
    run(world, tmp_path / "long", iterations=1)
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}
    run(world, tmp_path / "long", iterations=2)
    run(world, tmp_path / "whole", iterations=2)
    assert results_of(tmp_path / "long") == results_of(tmp_path / "whole")
    lines = (tmp_path / "long/metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["iteration"] for line in lines] == [0, 1, 2]


def test_other_settings_are_refused_by_name(world: Path, tmp_path: Path):
    run(world, tmp_path / "run", iterations=0)
    with pytest.raises(Conflict, match="seed was 0 and is now 5"):
        run(world, tmp_path / "run", iterations=0, seed=5)
    with pytest.raises(Conflict, match=r"reader\.steps was 6 and is now 7; depth|depth was 5"):
        run(world, tmp_path / "run", depth=4, reader=replace(READER, steps=7))
    with pytest.raises(Conflict, match="train was"):
        run(world, tmp_path / "run", iterations=0, gold=False)
    settings = make_settings(world, iterations=0)
    source = source_of(world, settings, tmp_path / "run")
    with (
        open_run(tmp_path / "run", describe(source, settings)),
        pytest.raises(Conflict, match="Another process works on the run"),
    ):
        run(world, tmp_path / "run", iterations=0)


def test_pruned_iterations_keep_their_records_and_the_same_end(world: Path, tmp_path: Path):
    run(world, tmp_path / "whole", iterations=2)
    run(world, tmp_path / "lean", iterations=2, keep=("retriever",))
    left = {path.name for path in (tmp_path / "lean/iteration-0").iterdir()}
    assert left == {
        "metrics.json", "reader.json", "retrieved.json", "retriever", "scores.json",
        "validation.json",
    }  # fmt: skip
    whole, lean = results_of(tmp_path / "whole"), results_of(tmp_path / "lean")
    for name in whole:
        if name.startswith("iteration-2") or name.endswith("metrics.json"):
            assert lean[name] == whole[name], name
    assert (tmp_path / "lean/iteration-2/reader/model.safetensors").exists()


@pytest.mark.parametrize("restart", [True, False])
def test_the_reader_restarts_unless_it_is_continued(world: Path, tmp_path: Path, restart: bool):
    """Iteration 1's reader is exactly what training from its base, or from iteration 0's, gives.

    With 0 steps of training, as this was tested before, both are the same and nothing can fail.
    """
    settings = make_settings(world, reader=replace(READER, restart=restart))
    run(world, tmp_path / "run", reader=settings.reader)
    first, second = (tmp_path / f"run/iteration-{n}/reader" for n in (0, 1))
    source = source_of(world, settings, tmp_path)
    lists = RankedLists.load(tmp_path / "run/iteration-1/retrieved/train.safetensors")
    made = {}
    for name, base in (("base", world / "reader"), ("before", first)):
        (tmp_path / name).mkdir()
        train_iteration_reader(
            base, source.train, lists, source.corpus, settings.reader, depth=settings.depth,
            bf16=False, seed=settings.seed + 1000 * 11, folder=tmp_path / name,
        )  # fmt: skip
        made[name] = load_file(tmp_path / name / "model.safetensors")
    own = load_file(second / "model.safetensors")
    equal = {name: all(torch.equal(one[k], own[k]) for k in own) for name, one in made.items()}
    assert equal == {"base": restart, "before": not restart}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_run_on_a_gpu_stays_near_the_one_on_the_cpu(world: Path, done: Path, tmp_path: Path):
    run(world, tmp_path / "gpu", device="cuda")
    for number in (0, 1):
        path = f"iteration-{number}/validation"
        near = ListReadings.load(tmp_path / "gpu" / path).of("mean")
        assert np.allclose(near, ListReadings.load(done / path).of("mean"), atol=0.05)


def test_a_reader_ends_with_the_weights_that_were_best_on_validation(world: Path, tmp_path: Path):
    """A random T5 answers nothing right, so the first measured step stays the best of six."""
    settings = replace(READER, schedule="constant", warmup_steps=0, eval_every=2)
    source = source_of(world, make_settings(world), tmp_path)
    lists = search_words(
        source.corpus, [one.label.question for one in source.train], 5, [None] * 8, lambda s: None
    )
    chosen_on = validation_questions(source.train[:3], lists, source.corpus, 5)
    made = {}
    for name, changed, validation in (
        ("best", settings, chosen_on),
        ("two steps", replace(settings, steps=2, eval_every=0), []),
        ("all steps", replace(settings, eval_every=0), []),
    ):
        (tmp_path / name).mkdir()
        record = train_iteration_reader(
            world / "reader", source.train, lists, source.corpus, changed, depth=5, bf16=False,
            seed=4, folder=tmp_path / name, validation=validation,
        )  # fmt: skip
        assert record.get("best") == ({"step": 2, "em": 0.0} if validation else None)
        made[name] = load_file(tmp_path / name / "model.safetensors")
    best, two, six = (made[name] for name in ("best", "two steps", "all steps"))
    assert all(torch.equal(best[k], two[k]) for k in best)
    assert not all(torch.equal(best[k], six[k]) for k in best)


def test_runs_of_earlier_versions_are_still_the_same_runs():
    """Settings that were added later are named in a run's identity only where they differ."""
    plain = RunSettings().identity()
    added = ("pooling", "projection", "unit_vectors", "reader.optimizer", "reader.eval_every",
             "distil.schedule", "distil.flat_epochs", "distil.weight_decay")  # fmt: skip
    assert not plain.keys() & set(added)
    changed = RunSettings(pooling="cls", reader=replace(READER, eval_every=5)).identity()
    assert (changed["pooling"], changed["reader.eval_every"]) == ("cls", 5)
