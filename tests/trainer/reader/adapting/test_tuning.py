"""Tuning on a home's own questions makes a reader better at them, by the gate's own measure."""

from dataclasses import replace
from pathlib import Path

import pytest

from reread.errors import BadRequest
from reread.reader.confidence import read_notes, weights_of
from reread.reader.loading import load_reader
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from tests.reread.reader.tiny_pointing import save_tiny_pointing
from tests.trainer.reader.adapting.towns import WordSearch, make_towns
from trainer.loop.reader_gate import measure_reader, reader_refusals
from trainer.reader.adapting.own_questions import make_own
from trainer.reader.adapting.tuning import (
    OWN,
    TunedReader,
    calibrated,
    require_pointing,
    training_of,
    tune,
)
from trainer.settings import GateSettings


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(save_tiny_pointing(tmp_path_factory.mktemp("base") / "tiny"))


def test_it_learns_and_passes_the_gate_that_refuses_the_way_back(base: Path) -> None:
    """To refuse, which so small a reader learns in a few steps."""
    own = make_own(WordSearch(make_towns(160)), 160, 0, lambda share: None)
    refused = [one for one in own.learnt if not one.answers]
    strong = replace(
        training_of(12, 0), encoder_rate=1e-3, decoder_rate=1e-3, head_rate=3e-2, tokens=400
    )
    shares: list[float] = []
    tuned = tune(base, {OWN: refused}, strong, shares.append)
    assert shares == [step / 12 for step in range(12)]
    untuned = load_reader(str(base), device="cpu", dtype="float32")
    assert isinstance(untuned, Reader)
    before, after = (measure_reader(one, own.judged, []) for one in (untuned, tuned.reader))
    settings = GateSettings(gate_min_questions=10, gate_recall_tolerance=1.0)
    assert reader_refusals(before, after, settings, seed=0) == [], (before, after)
    assert reader_refusals(after, before, settings, seed=0) != []


def test_what_is_saved_reads_as_what_was_judged_with_its_own_calibration(
    base: Path, tmp_path: Path
) -> None:
    own = make_own(WordSearch(make_towns(60)), 60, 0, lambda share: None)
    training = replace(training_of(1, 0), head_rate=1e-2, warmup_steps=0, tokens=300, bf16=False)
    tuned = tune(base, {OWN: own.learnt}, training)
    with pytest.raises(BadRequest, match="Calibrating needs"):
        calibrated(tuned, own.calibrated[:3])
    tuned = TunedReader(tuned.reader, tuned.module, tuned.tokenizer)
    requests = [ReadRequest(one.question, one.passages) for one in own.judged]
    judged = tuned.reader.read(requests)
    tuned.save(tmp_path / "saved")
    assert read_notes(tmp_path / "saved").weights == weights_of(tmp_path / "saved")
    saved = load_reader(str(tmp_path / "saved"), device="cpu", dtype="float32").read(requests)
    for one, other in zip(judged, saved, strict=True):
        assert (one.answer, one.draft, one.found) == (other.answer, other.draft, other.found)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)
    # Defect: what had been saved could not read any more, its weights being half bfloat16
    assert tuned.reader.read(requests) == judged


def test_invented_questions_are_learnt_where_a_home_has_none_of_its_own(
    base: Path, tmp_path: Path
) -> None:
    """They are always learnt beside, so that what the reader knew stays."""
    tuned = tune(base, {OWN: []}, replace(training_of(1, 0), warmup_steps=0, tokens=300))
    tuned.save(tmp_path / "saved")
    assert weights_of(tmp_path / "saved") != weights_of(base)


def test_only_a_reader_with_a_pointing_head_in_a_folder_is_tuned(tmp_path: Path) -> None:
    assert require_pointing("tiny", Path(save_tiny_pointing(tmp_path / "a"))) == tmp_path / "a"
    plain = Path(save_tiny_pointing(tmp_path / "b", head=False))
    for folder in (plain, None):
        with pytest.raises(BadRequest, match="teach yours with `reread train-reader --pointing`"):
            require_pointing("plain", folder)
