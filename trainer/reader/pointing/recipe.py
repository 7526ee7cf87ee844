"""How a reader learns to point: the starter's numbers, its beginning and the folder it becomes.

Knows names, sizes and rates; docs/starter-reader.md has the data's origins and what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from reread.errors import UnknownModel
from reread.reader.decoding import end_tokens
from reread.reader.pointing.pointer import SpanHead, load_pointer, require_offsets
from trainer.reader.drawing.drawing import Drawing, data_fingerprint
from trainer.reader.drawing.examples import ReadingExample, require_named
from trainer.reader.pointing.settings import PointTraining
from trainer.reader.pointing.tasks import POINTING, PointDrawer
from trainer.reader.pointing.training import PointingReader, Report, train_pointing


@dataclass(frozen=True, slots=True)
class Stage:
    """How one stage of a training draws and learns; `mix` in the place of the whole training's."""

    training: PointTraining
    drawing: Drawing = POINTING
    mix: Mapping[str, float] | None = None


NEAR = Drawing(  # a window or two: many questions where few can be read
    passages=(1, 2), weights=(85, 15), crop_share=0.85, crop_words=(25, 70), crop_above=40
)
MANY = Drawing(  # more like what retrieval finds, at times without a right one
    passages=(1, 2, 3, 4, 5, 6, 8, 10, 13), weights=(10, 22, 22, 15, 11, 8, 5, 4, 3),
    crop_share=0.5, removed_share=0.08,
)  # fmt: skip
OWN_STAGES = (  # for a head that is new on a reader that is not
    Stage(PointTraining(steps=540, encoder_rate=1.5e-4, decoder_rate=3e-4, warmup_steps=40,
                        dropout=0.0, answer_weight=0.3, passage_weight=0.5)),
)  # fmt: skip
STARTER_STAGES = (
    Stage(PointTraining(steps=1000, encoder_rate=2e-4, warmup_steps=60, dropout=0.0,
                        answer_weight=0.0, passage_weight=0.0), NEAR),
    Stage(PointTraining(steps=400, encoder_rate=8e-5, decoder_rate=3e-4, head_rate=3e-4,
                        warmup_steps=30, dropout=0.0, answer_weight=0.3, passage_weight=0.5)),
    Stage(PointTraining(steps=1100, encoder_rate=1.5e-4, head_rate=5e-4, warmup_steps=50,
                        dropout=0.0, answer_weight=0.0, passage_weight=0.0, seed=1), NEAR),
    Stage(PointTraining(steps=440, encoder_rate=8e-5, decoder_rate=2e-4, head_rate=3e-4,
                        warmup_steps=30, dropout=0.0, answer_weight=0.2, passage_weight=0.5,
                        seed=1), MANY),
    Stage(PointTraining(steps=1500, encoder_rate=1.5e-4, head_rate=5e-4, warmup_steps=50,
                        dropout=0.0, answer_weight=0.0, passage_weight=0.0, seed=2), NEAR,
          {"squadlike": 0.62, "others": 0.12, "docs": 0.26}),
    Stage(PointTraining(steps=600, encoder_rate=8e-5, decoder_rate=2e-4, head_rate=3e-4,
                        warmup_steps=30, dropout=0.0, answer_weight=0.2, passage_weight=0.5,
                        seed=2), MANY),
)  # fmt: skip


def load_pointing_base(
    name_or_path: str, seed: int
) -> tuple[PointingReader, PreTrainedTokenizerBase]:
    """An encoder-decoder in float32 with the head it has, or a new one drawn from the seed.

    UnknownModel in one sentence where it cannot be loaded or nothing can be pointed at.
    """
    transformers_logging.disable_progress_bar()
    try:
        model: PreTrainedModel = AutoModelForSeq2SeqLM.from_pretrained(
            name_or_path, dtype=torch.float32
        )
        tokenizer = AutoTokenizer.from_pretrained(name_or_path)
    except (OSError, ValueError) as error:
        raise UnknownModel(
            f"The checkpoint {name_or_path!r} could not be loaded ({str(error).splitlines()[0]}); "
            "give a local folder, or a Hugging Face name while a network is there."
        ) from error
    require_offsets(tokenizer, name_or_path)
    folder = Path(name_or_path)
    width = int(model.config.hidden_size)
    head = load_pointer(folder if folder.is_dir() else None, width, torch.device("cpu"))
    if head is None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            head = SpanHead(width)
    return PointingReader(model, head), tokenizer


def run_pointing(
    model: PointingReader,
    tokenizer: PreTrainedTokenizerBase,
    sets: Mapping[str, Sequence[ReadingExample]],
    mix: Mapping[str, float],
    stages: Sequence[Stage],
    *,
    folder: Path,
    report: Report,
) -> None:
    """Train through all stages, and write the reader to `folder`: loadable by transformers, the
    head beside it."""
    named = {*mix, *(name for stage in stages for name in stage.mix or ())}
    require_named(named, sets)
    used = {name: sets[name] for name in sorted(named)}
    data = data_fingerprint(used)
    for number, stage in enumerate(stages, 1):
        own = dict(stage.mix or mix)
        drawer = PointDrawer(used, own, tokenizer, min(end_tokens(model.reader)), stage.drawing)
        train_pointing(
            model, drawer, stage.training, folder=folder / f"stage{number}",
            report=partial(_report_stage, report, number),
            held={"data": data, "mix": own, "drawing": asdict(stage.drawing)},
        )  # fmt: skip
    save_pointing(model, tokenizer, folder)


def _report_stage(report: Report, number: int, line: dict[str, float]) -> None:
    report({"stage": number, **line})


def save_pointing(model: PointingReader, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """In bfloat16; the model then goes on in its own format, with the rounded weights."""
    own = model.reader.dtype
    model.reader.to(torch.bfloat16).save_pretrained(folder, max_shard_size="1TB")
    model.reader.to(own)
    tokenizer.save_pretrained(folder)
    model.head.save(folder)
