"""A round tunes the reader where it is asked to: judged, stored beside the weights, taken along."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from reread.artefacts.checkpoints import write_checkpoint
from reread.artefacts.generation import Generation, open_current
from reread.artefacts.passages import PassageStore
from reread.artefacts.publication import activate
from reread.artefacts.tuned import Tuned, read_tuned, tuned_folder, tuning_of
from reread.commit import committed_dir
from reread.errors import BadRequest, CorruptArtefact
from reread.home import Home
from reread.reader.confidence import weights_of
from reread.reader.loading import load_reader
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from tests.reread.reader.test_reader import reader_over, tiny_bart
from tests.reread.reader.tiny_pointing import save_tiny_pointing
from tests.trainer.loop.clerk import Clerk
from tests.trainer.reader.adapting.towns import WordSearch, make_towns
from tests.worlds.fakes import EchoReader
from tests.worlds.tiny import load, make_encoder, make_examples
from tests.worlds.training import make_home, make_parts, request, trainer_thread, wait_for_end
from trainer.examples import Example, Selection
from trainer.loop.judging import is_read_again
from trainer.loop.parts import RoundParts
from trainer.loop.reader_candidate import (
    MOST_ASKED,
    ReaderCandidate,
    adapt_reader,
    asked_of,
    carry_reader,
    with_serving_reader,
)
from trainer.reader.adapting.own_questions import make_own
from trainer.reader.adapting.tuning import OWN, SAID, TunedReader, training_of, tune
from trainer.settings import TrainerSettings

NOTHING_LOGGED = Selection((), {})
LENIENT: dict[str, Any] = {  # a random reader of a few thousand weights learns little
    "adapt_reader": True, "adapt_questions": 80, "adapt_steps": 3, "gate_min_questions": 5,
    "gate_recall_tolerance": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(save_tiny_pointing(tmp_path_factory.mktemp("base") / "tiny"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory, base: Path, encoder: Path) -> RoundParts:
    """Over a home of towns that words search."""
    root = tmp_path_factory.mktemp("home")
    home = Home(root).create()
    with committed_dir(home.passages_dir / "1") as scratch:
        PassageStore.create(scratch, make_towns(80))
    build_generation(home, Plan("bm25", verify=trusting))
    return replace(
        make_parts(home, encoder, **LENIENT),
        load_reader=lambda: load_reader(str(base), device="cpu", dtype="float32"),
        load_tuned=load_named,
    )


def load_named(folder: Path) -> Reader:
    reader = load_reader(str(folder), device="cpu", dtype="float32")
    assert isinstance(reader, Reader)
    reader.name = read_tuned(folder).name
    return reader


@contextmanager
def opened(home: Home) -> Iterator[Generation]:
    generation = open_current(home, device="cpu")
    yield generation
    generation.close()


@pytest.fixture(scope="module")
def tuned(base: Path) -> ReaderCandidate:
    """One step away from the base; whether it is better is not asked here."""
    own = make_own(WordSearch(make_towns(30)), 30, 0, lambda share: None)
    training = replace(training_of(1, 0), head_rate=1e-2, warmup_steps=0, tokens=400, bf16=False)
    return ReaderCandidate("tiny", weights_of(base), tune(base, {OWN: own.learnt}, training), {})


def trusting(folder: Path) -> dict[str, Any]:
    """For a builder whose own verification is a process."""
    return {}


def test_a_round_says_how_both_readers_read_and_leaves_one_that_is_no_better(
    parts: RoundParts,
) -> None:
    with opened(parts.home) as generation:
        found = adapt_reader(parts, parts, generation, NOTHING_LOGGED, lambda share: None)
    metrics = found.metrics
    assert metrics["made_questions"] == 80 and metrics["said_questions"] == 0
    assert metrics["before"]["questions"] == metrics["after"]["questions"] >= 5
    assert found.tuned is None and metrics["accepted"] is False
    assert "of held-out questions" in metrics["reason"]


@pytest.mark.parametrize("silent", [False, True])
def test_what_is_learnt_calibrated_by_and_judged_by_are_apart_and_the_better_one_is_kept(
    parts: RoundParts, silent: bool
) -> None:
    """A better one that leaves unanswered what people ask, and the serving one answers, is not."""
    towns, asked = tuple(make_towns(3)), [f"asked {n}" for n in range(24)]
    selection = Selection(tuple(
        Example(one, towns, (0, 1, 2), (0.0,) * 3, "r", 1) for one in asked
    ), {})  # fmt: skip
    answered = dict.fromkeys(asked, "so")
    with opened(parts.home) as generation:
        own = make_own(generation, 80, parts.settings.seed, lambda share: None)
        right = {one.question: one.answers[0] for one in own.judged if one.answers}
        incumbent, better = Clerk(answered), Clerk(right | ({} if silent else answered))
        learnt: list[Any] = []
        nothing: Any = None  # what is kept in this test is not saved

        def tuner(folder: Path, sets: Any, *rest: Any) -> Any:
            learnt.append(sets)
            return TunedReader(better, nothing, nothing)  # type: ignore[arg-type]

        serving = replace(parts, load_reader=lambda: incumbent, tuning=3)
        shares: list[float] = []
        found = adapt_reader(parts, serving, generation, selection, shares.append, tuner=tuner)
    assert learnt == [{OWN: own.learnt, SAID: []}]
    judged = [one.question for one in own.judged]
    assert incumbent.asked == asked + judged
    before = len(better.asked) - len(asked) - len(judged)
    assert set(better.asked[:before]) == {one.question for one in own.calibrated}
    assert better.asked[before:] == asked[::2] + asked[1::2] + judged
    assert shares == sorted(shares) and max(shares) == 1.0
    assert (found.tuned is None, found.metrics["accepted"]) == (silent, not silent)
    assert ("12 questions that people asked" in found.metrics["reason"]) is silent


def test_the_newest_questions_are_read_again() -> None:
    asked = [replace(make_examples(1)[0], question=f"asked {n}") for n in range(MOST_ASKED + 3)]
    found = asked_of(Selection(tuple(asked), {}))
    assert [one.question for one in found] == [one.question for one in asked[3:]]


def test_too_few_documents_to_judge_by_are_said_before_anything_is_tuned(parts: RoundParts) -> None:
    few = replace(parts, settings=parts.settings.updated({"gate_min_questions": 500}))
    shares: list[float] = []
    with opened(parts.home) as generation:
        found = adapt_reader(few, few, generation, NOTHING_LOGGED, shares.append)
    assert "the gate needs 500" in found.metrics["reason"] and max(shares) <= 0.05


def test_a_round_that_cannot_judge_its_reader_says_so_and_goes_on(
    tmp_path: Path, base: Path, encoder: Path
) -> None:
    """Through the trainer: of passages of five words nothing can be asked."""
    home = make_home(tmp_path, records=30)
    build_generation(home, Plan("bm25", verify=trusting))
    parts = replace(
        make_parts(home, encoder), load_reader=lambda: load_reader(str(base), device="cpu")
    )
    with trainer_thread(parts):
        job = wait_for_end(home, request(home, force=True, adapt_reader=True))
    assert (job.state, job.error) == ("done", None)
    assert "0 questions could be made" in job.metrics["reader"]["reason"]
    assert tuned_folder(home.checkpoints_dir / "1") is None


def test_a_round_after_a_tuning_is_taught_by_the_tuned_reader_and_keeps_it(
    tmp_path: Path, encoder: Path, tuned: ReaderCandidate
) -> None:
    """Through the trainer: the log's scores are those of the reader before it."""
    home, reader = make_home(tmp_path, records=30), EchoReader()
    number = write_checkpoint(home, load(encoder), 0, {}, {}, save_reader=tuned.save)
    build_generation(home, Plan("dense", checkpoint=number, verify=trusting))
    parts = replace(
        make_parts(home, encoder), load_reader=pytest.fail, load_tuned=lambda folder: reader
    )
    with trainer_thread(parts):
        job = wait_for_end(home, request(home, force=True))
    assert (job.state, job.error) == ("done", None)
    assert sum(len(batch) for batch in reader.batches) >= 20
    folder = tuned_folder(home.checkpoints_dir / str(number + 1))
    assert folder is not None and read_tuned(folder).number == number


def test_a_reader_that_decodes_is_not_tuned(parts: RoundParts) -> None:
    decodes, none = (
        replace(parts, load_reader=one) for one in (lambda: reader_over(tiny_bart()), None)
    )
    with opened(parts.home) as generation:
        for own, said in ((decodes, "readers that point .* tiny has no"), (none, "has none")):
            with pytest.raises(BadRequest, match=said):
                adapt_reader(own, own, generation, NOTHING_LOGGED, lambda share: None)


def test_what_was_tuned_is_stored_built_carried_and_rolled_back(
    tmp_path: Path, parts: RoundParts, base: Path, encoder: Path, tuned: ReaderCandidate
) -> None:
    home = Home(tmp_path).create()
    with committed_dir(home.passages_dir / "1") as scratch:
        PassageStore.create(scratch, make_towns(9))
    parts = replace(parts, home=home)
    plain = build_generation(home, Plan("bm25", verify=trusting))
    with opened(home) as generation:
        assert with_serving_reader(parts, generation) is parts

    assert tuned.tuned is not None
    question = ReadRequest("Wells of Town 7?", tuple(make_towns(9)))
    expected = tuned.tuned.reader.read([question])[0]
    number = write_checkpoint(home, load(encoder), 1, {}, {}, save_reader=tuned.save)
    build_generation(home, Plan("dense", checkpoint=number, verify=trusting))
    with opened(home) as generation:
        serving = with_serving_reader(parts, generation)
        assert serving.tuning == number and serving.load_reader is not None
        reader = serving.load_reader()
        assert (reader.name, tuning_of(reader.name)) == (f"tiny+{number}", number)
        found = reader.read([question])[0]
        assert (found.answer, found.found) == (expected.answer, expected.found)
        assert found.attention == pytest.approx(expected.attention, abs=1e-4)
        carry = partial(carry_reader, home, generation)  # a later round that tunes nothing
        later = write_checkpoint(home, load(encoder), 2, {}, {}, save_reader=carry)
    build_generation(home, Plan("dense", checkpoint=later, verify=trusting))
    build_generation(home, Plan("bm25", verify=trusting))  # and a build that trains nothing
    folder = tuned_folder(home.generations_dir / "4")
    assert folder is not None
    assert read_tuned(folder) == Tuned("tiny", weights_of(base), number)
    activate(home, plain)
    with opened(home) as generation:
        assert with_serving_reader(parts, generation).tuning is None


def test_a_damaged_tuned_reader_damages_its_generation(
    tmp_path: Path, encoder: Path, tuned: ReaderCandidate
) -> None:
    home = Home(tmp_path).create()
    with committed_dir(home.passages_dir / "1") as scratch:
        PassageStore.create(scratch, make_towns(9))
    number = write_checkpoint(home, load(encoder), 1, {}, {}, save_reader=tuned.save)
    made = build_generation(home, Plan("dense", checkpoint=number, verify=trusting))
    file = home.generations_dir / str(made) / "reader" / "pointer.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptArtefact, match="pointer.safetensors"):
        Generation.open(home, made, device="cpu")


@pytest.mark.parametrize(
    ("reader", "tuning", "again"),
    [("tiny", None, False), ("tiny+3", 3, False), ("tiny", 3, True), ("tiny+2", 3, True),
     ("tiny+3", None, True)],
)  # fmt: skip
def test_scores_of_a_reader_from_before_or_after_a_tuning_are_read_again(
    reader: str, tuning: int | None, again: bool
) -> None:
    example = replace(make_examples(1)[0], reader=reader)
    assert is_read_again(example, TrainerSettings(), tuning) is again
    by_model = TrainerSettings.from_mapping({"objective": "loop"})
    assert is_read_again(example, by_model, tuning) is False
