"""The starter reader's recipe: what it learns from, in which shares, through which two stages.

Knows names, sizes and rates; docs/starter-reader.md has the data's origins and what was measured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from reread.reader.confidence import READER_FILE, ReaderNotes, notes_body, weights_of
from trainer.reader.causal.heads import HeadWeights
from trainer.reader.causal.settings import CausalTraining
from trainer.reader.causal.tasks import TaskDrawer
from trainer.reader.causal.training import train_causal
from trainer.reader.drawing.drawing import Drawing, data_fingerprint
from trainer.reader.drawing.examples import STARTER_MIX, ReadingExample, require_named

StepReport = Callable[[str, dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class CausalStage:
    """One stretch: `mix` gives each set's share of the questions, by the name of its file."""

    name: str
    mix: Mapping[str, float]
    training: CausalTraining
    drawing: Drawing = Drawing()


STARTER_STAGES = (
    CausalStage(  # everything: copying, choosing, refusing
        "learn",
        STARTER_MIX,
        CausalTraining(
            steps=430, learning_rate=2.5e-4, warmup_steps=30, tokens=3000, frozen_layers=8
        ),
    ),
    CausalStage(  # more passages at once, whole ones, at a lower rate
        "settle",
        STARTER_MIX,
        CausalTraining(
            steps=100,
            learning_rate=1e-4,
            warmup_steps=10,
            tokens=3000,
            frozen_layers=8,
            seed=1000,
        ),
        Drawing(weights=(4, 16, 20, 18, 14, 10, 8, 6, 4), crop_share=0.3),
    ),
)


def require_sets(stages: Sequence[CausalStage], names: Sequence[str]) -> None:
    """BadRequest that names the sets a recipe wants and does not have."""
    require_named({name for stage in stages for name in stage.mix}, names)


def plain_stage(names: Sequence[str], training: CausalTraining) -> CausalStage:
    """One stage over some files in equal shares, for a model of one's own."""
    return CausalStage("tune", {name: 1.0 for name in names}, training)


def run_causal_stages(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    stages: Sequence[CausalStage],
    sets: Mapping[str, Sequence[ReadingExample]],
    *,
    folder: Path,
    report: StepReport,
) -> HeadWeights:
    """Train through all stages; `folder/<stage>` holds each one's state.

    Returns the weights of heads as the last stage learnt them.
    """
    require_sets(stages, sorted(sets))
    data = data_fingerprint(sets)
    heads = None
    for stage in stages:
        used = {name: sets[name] for name in stage.mix}
        heads = train_causal(
            model,
            TaskDrawer(used, stage.mix, tokenizer, stage.drawing),
            stage.training,
            folder=folder / stage.name,
            report=lambda line, name=stage.name: report(name, line),  # type: ignore[misc]
            held={"data": data, "mix": dict(stage.mix), "drawing": asdict(stage.drawing)},
        )
    assert heads is not None, "a recipe has at least one stage"
    return heads


def with_values(stages: Sequence[CausalStage], **values: object) -> tuple[CausalStage, ...]:
    """The same stages with some training values changed in all of them."""
    return tuple(
        replace(stage, training=replace(stage.training, **values))  # type: ignore[arg-type]
        for stage in stages
    )


def save_causal_reader(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, heads: HeadWeights, output: Path
) -> None:
    """A folder transformers loads, in bfloat16, with the notes that say it was tuned here.

    It copies its answers and has no calibration yet; `reread calibrate` makes one.
    """
    model.to(torch.bfloat16)
    model.save_pretrained(output, max_shard_size="1TB")
    tokenizer.save_pretrained(output)
    notes = notes_body(
        ReaderNotes(tuned=True, copied=True, weights=weights_of(output), heads=heads.learnt())
    )
    (output / READER_FILE).write_text(json.dumps(notes, indent=1) + "\n", encoding="utf-8")
