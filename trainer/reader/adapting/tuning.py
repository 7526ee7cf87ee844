"""A pointing reader tuned on questions of a home's own, in memory: what came of it can be saved.

It always begins with the reader that was given, never with what an earlier round made of it, so
nothing drifts. Invented questions are learnt beside, so that what it knew stays. Knows models and
questions; knows no home, no log and no gate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from evaluation.confidence.calibration import calibrate
from evaluation.confidence.held_back import outcomes_of_examples
from reread.compute.precision import autocast, pick_bf16
from reread.errors import BadRequest
from reread.reader.confidence import READER_FILE, ReaderNotes, notes_body, weights_of
from reread.reader.decoding import end_tokens
from reread.reader.pointing.pointer import POINTER_FILE
from reread.reader.reader import Reader
from reread.records import Passage
from trainer.dropout import set_dropout
from trainer.reader.adapting.own_questions import mix_of
from trainer.reader.drawing.examples import ReadingExample
from trainer.reader.pointing.forward import losses_of
from trainer.reader.pointing.recipe import load_pointing_base, save_pointing
from trainer.reader.pointing.settings import PointTraining
from trainer.reader.pointing.tasks import PointDrawer
from trainer.reader.pointing.training import PointingReader, learn, make_optimizer
from trainer.reader.questions.generate import examples, synthetic, training_domains
from trainer.reader.step import seed_step

OWN, SAID, INVENTED = "own", "said", "invented"
SHARES = {OWN: 0.5, SAID: 0.2, INVENTED: 0.3}  # of the questions learnt from
INVENTED_COUNT = 400
WRONGLY_REFUSED = 0.05  # share of answerable questions that the calibration may give up
Check = Callable[[float], None]  # gets the share done, may raise to stop


@dataclass(frozen=True, slots=True)
class TunedReader:
    """`reader` answers in float32, with the rounded weights that `save` writes."""

    reader: Reader
    module: PointingReader
    tokenizer: PreTrainedTokenizerBase

    def save(self, folder: Path) -> None:
        """A folder that loads as a reader, its calibration bound to its weights."""
        folder.mkdir(parents=True)
        save_pointing(self.module, self.tokenizer, folder)
        notes = replace(self.reader.notes, weights=weights_of(folder))
        (folder / READER_FILE).write_text(json.dumps(notes_body(notes), indent=1), encoding="utf-8")


def require_pointing(name: str, folder: Path | None) -> Path:
    """The folder of a reader that can be tuned; BadRequest for any other."""
    if folder is None or not (folder / POINTER_FILE).is_file():
        raise BadRequest(
            f"adapt_reader tunes readers that point at their answers, and {name} has no "
            f"{POINTER_FILE}: read with `starter`, teach yours with `reread train-reader "
            "--pointing`, or leave adapt_reader off."
        )
    return folder


def tune(
    folder: Path,
    sets: Mapping[str, Sequence[ReadingExample]],
    training: PointTraining,
    check: Check = lambda share: None,
) -> TunedReader:
    """The reader of `folder` after `training`; not calibrated, so it refuses by its head alone."""
    module, tokenizer = load_pointing_base(str(folder), training.seed)
    given = {**sets, INVENTED: invented(training.seed)}
    mix = mix_of(given, SHARES)
    used = {name: given[name] for name in mix}
    drawer = PointDrawer(used, mix, tokenizer, min(end_tokens(module.reader)))
    set_dropout(module.reader, training.dropout)
    optimizer = make_optimizer(module, training)
    module.train()
    for step in range(training.steps):
        check(step / training.steps)
        tasks = drawer.step(training.seed, step, training.tokens)
        seed_step(training.seed, step, 0)
        with autocast(module.reader.device, training.bf16):
            losses = losses_of(module.reader, module.head, tasks, decoded=training.decoded)
        learn(module, optimizer, losses, training, step)
    module.eval()
    module.to(torch.bfloat16).float()  # as it will be saved
    reader = Reader(
        module.reader, tokenizer, name=f"{folder.name}, tuned", pointer=module.head
    ).pack()
    return TunedReader(reader, module, tokenizer)


def training_of(steps: int, seed: int) -> PointTraining:
    """Gentle rates: what it knew is kept, and few questions are seen often."""
    return PointTraining(
        steps=steps, encoder_rate=3e-5, decoder_rate=5e-5, head_rate=2e-4,
        warmup_steps=max(1, steps // 10), tokens=4000, dropout=0.0, answer_weight=0.1,
        passage_weight=0.5, bf16=pick_bf16(None, torch.device("cpu")), seed=seed,
    )  # fmt: skip


def calibrated(
    tuned: TunedReader, held_back: Sequence[ReadingExample], check: Check = lambda share: None
) -> TunedReader:
    """With a calibration of its own; BadRequest where the questions are too few for one."""
    outcomes = outcomes_of_examples(tuned.reader, held_back, check)
    fitted = calibrate(tuned.reader.name, outcomes, WRONGLY_REFUSED)
    tuned.reader.notes = ReaderNotes(tuned=True, calibration=fitted)
    return tuned


def invented(seed: int, count: int = INVENTED_COUNT) -> list[ReadingExample]:
    """Questions about invented pages, of every kind that the generator makes without sources."""
    makers = {
        kind: [(1.0, maker)] for kind, maker in synthetic(training_domains(), INVENTED).items()
    }
    return [
        ReadingExample(
            one.question,
            one.answers,
            tuple(Passage(str(n), p.title, p.text) for n, p in enumerate(one.passages)),
            one.positives,
            one.kind,
        )
        for one in islice(examples(seed, count, makers), count)
    ]
