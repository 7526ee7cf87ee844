"""The reader's part of a round: tuned on the home's own questions, judged, kept or left.

Knows the order of these and which reader serves; tuning, questions and gate are modules of their
own. Leaves nothing on disk: what passed is written with the round's checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from reread.artefacts.generation import Generation
from reread.artefacts.tuned import (
    READER_DIR,
    Tuned,
    carry_tuned,
    read_tuned,
    tuned_folder,
    write_tuned,
)
from reread.errors import BadRequest
from reread.home import Home
from reread.reader.confidence import weights_of
from reread.reading import ReadRequest
from trainer.examples import Selection
from trainer.loop.parts import RoundParts
from trainer.loop.reader_gate import (
    measure_reader,
    reader_refusals,
    silence_refusals,
    too_few,
)
from trainer.reader.adapting.asked import answered_of, hold_to_asked
from trainer.reader.adapting.own_questions import make_own, make_said
from trainer.reader.adapting.tuning import (
    OWN,
    SAID,
    TunedReader,
    calibrated,
    require_pointing,
    training_of,
    tune,
)
from trainer.reader.drawing.examples import ReadingExample
from trainer.reader.pointing.settings import PointTraining

Report = Callable[[float], None]
Sets = Mapping[str, Sequence[ReadingExample]]
Tuner = Callable[[Path, Sets, PointTraining, Report], TunedReader]
# Where each step stands in the stage's 0..1.
MAKING, TUNING, CALIBRATING = (0.0, 0.05), (0.05, 0.75), (0.75, 0.8)
ASKING, JUDGING = (0.8, 0.85), ((0.85, 0.92), (0.92, 1.0))  # the serving one, then the tuned
MOST_ASKED = 200  # questions of the log that are read again by both


@dataclass(frozen=True, slots=True)
class ReaderCandidate:
    """`tuned` None: the reader that serves stays, and `metrics` says why."""

    base: str
    base_weights: str
    tuned: TunedReader | None
    metrics: dict[str, Any]

    def save(self, checkpoint: Path, number: int) -> None:
        """Into a checkpoint's folder that is not committed yet."""
        assert self.tuned is not None
        folder = checkpoint / READER_DIR
        self.tuned.save(folder)
        write_tuned(folder, Tuned(self.base, self.base_weights, number))


def with_serving_reader(parts: RoundParts, generation: Generation | None) -> RoundParts:
    """The parts with the reader that serves: the generation's tuned one, where it has one that was
    made of the reader of the settings."""
    if generation is None or parts.load_tuned is None:
        return parts
    folder = tuned_folder(parts.home.generations_dir / str(generation.number))
    reader = None if folder is None else parts.load_tuned(folder)
    if folder is None or reader is None:
        return parts
    return replace(parts, load_reader=lambda: reader, tuning=read_tuned(folder).number)


def adapt_reader(
    parts: RoundParts,
    serving: RoundParts,
    generation: Generation,
    selection: Selection,
    report: Report,
    *,
    tuner: Tuner = tune,
) -> ReaderCandidate:
    """Tune the reader of `parts`, and keep it if it beats the one of `serving`.

    BadRequest for a reader that does not point. `report` gets the share done, and may raise.
    """
    settings = parts.settings
    if parts.load_reader is None or serving.load_reader is None:
        raise BadRequest("adapt_reader tunes the reader, and this trainer has none: leave it off.")
    base = parts.load_reader()
    folder = require_pointing(base.name, getattr(base, "folder", None))
    incumbent = base if serving.tuning is None else serving.load_reader()
    own = make_own(
        generation, settings.adapt_questions, settings.seed, partial(_within, report, MAKING)
    )
    said = make_said(selection.examples, selection.people.labels())
    metrics: dict[str, Any] = {"made_questions": own.count, "said_questions": said.count}
    kept = ReaderCandidate(base.name, weights_of(folder), None, {})
    if few := too_few(len(own.judged), settings.gate):
        return replace(kept, metrics=metrics | {"accepted": False, "reason": few})
    tuned = tuner(
        folder, {OWN: own.learnt, SAID: said.learnt},
        training_of(settings.adapt_steps, settings.seed), partial(_within, report, TUNING),
    )  # fmt: skip
    with suppress(BadRequest):  # too few of a kind: refuses by its head, and is judged so
        calibrated(tuned, own.calibrated, partial(_within, report, CALIBRATING))
    asked = asked_of(selection)
    answered = answered_of(incumbent, asked, partial(_within, report, ASKING))
    hold_to_asked(tuned.reader, answered[::2], asked[::2])
    answers = answered_of(tuned.reader, asked[1::2])
    before, after = (
        measure_reader(one, own.judged, said.judged, partial(_within, report, span))
        for one, span in zip((incumbent, tuned.reader), JUDGING, strict=True)
    )
    refusals = reader_refusals(before, after, settings.gate, seed=settings.seed)
    refusals += silence_refusals(answered[1::2], answers)
    metrics |= {
        "accepted": not refusals, "reason": " ".join(refusals) or "Better.",
        "calibrated": tuned.reader.notes.calibration is not None,
        "before": before.to_json() | {"answered": _share(answered[1::2])},
        "after": after.to_json() | {"answered": _share(answers)},
    }  # fmt: skip
    return replace(kept, tuned=None if refusals else tuned, metrics=metrics)


def asked_of(selection: Selection) -> list[ReadRequest]:
    """The newest questions of the log with the passages they were read with."""
    newest = selection.examples[-MOST_ASKED:]
    return [ReadRequest(one.question, one.passages) for one in newest]


def _share(answered: Sequence[bool]) -> float | None:
    return sum(answered) / len(answered) if answered else None


def carry_reader(home: Home, generation: Generation | None, checkpoint: Path, number: int) -> None:
    """What serves goes on serving: its tuned reader, copied into the new checkpoint."""
    if generation is not None:
        carry_tuned(home.generations_dir / str(generation.number), checkpoint)


def _within(report: Report, span: tuple[float, float], share: float) -> None:
    report(span[0] + (span[1] - span[0]) * share)
