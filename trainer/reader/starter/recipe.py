"""The starter reader's stages: from a sentence encoder to a reader of twenty passages.

Knows the order, sizes and rates; docs/starter-reader.md has the measurements behind them. Each
stage begins from the last one's weights and can be resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from reread.records import Passage
from trainer.reader.distributed import ALONE, Ranks
from trainer.reader.examples import ReaderExample, ValidationQuestion
from trainer.reader.settings import ReaderTraining, ReadingPlan, TaskMix
from trainer.reader.tuning import tune_reader
from trainer.reader.validation import BestReader


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of training; `questions` picks the short or the full question set."""

    name: str
    plan: ReadingPlan
    training: ReaderTraining
    short_questions: bool = False


STARTER_STAGES = (
    Stage(  # learn to copy and to point, on single sentences: three times cheaper than passages
        "copy", ReadingPlan(48, TaskMix(passages=1, cloze_share=0.35), dropout=0.0),
        ReaderTraining(
            steps=300, learning_rate=8e-4, encoder_learning_rate=2e-4, final_share=0.6,
            passage_weight=0.0, freeze_encoder_layers=2,
        ),
        short_questions=True,
    ),
    Stage(  # questions over windows of passages, one distractor
        "point",
        ReadingPlan(
            16, TaskMix(passages=2, cloze_share=0.15, continue_share=0.25, crop_share=0.8),
            dropout=0.05,
        ),
        ReaderTraining(
            steps=900, learning_rate=5e-4, encoder_learning_rate=1.5e-4, final_share=0.3,
            passage_weight=0.5,
        ),
    ),
    Stage(  # every question set, so that it holds for other articles than those at hand
        "spread",
        ReadingPlan(
            20, TaskMix(passages=3, cloze_share=0.02, continue_share=0.03, crop_share=0.35),
            dropout=0.0,
        ),
        ReaderTraining(
            steps=1300, learning_rate=6e-4, encoder_learning_rate=2e-4, final_share=0.3,
            passage_weight=1.0,
        ),
    ),
    Stage(  # whole passages, many distractors: the attention learns to choose
        "settle",
        ReadingPlan(
            8, TaskMix(passages=8, cloze_share=0.01, continue_share=0.01, crop_share=0.1),
            dropout=0.0,
        ),
        ReaderTraining(
            steps=620, learning_rate=4e-4, encoder_learning_rate=1.5e-4, passage_weight=1.0,
        ),
    ),
)  # fmt: skip


def run_stages(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    stages: Sequence[Stage],
    *,
    questions: Sequence[ReaderExample],
    short_questions: Sequence[ReaderExample],
    texts: Sequence[Passage],
    folder: Path,
    report: Callable[[str, dict[str, float]], None],
    validation: Sequence[ValidationQuestion] = (),
    ranks: Ranks = ALONE,
) -> BestReader | None:
    """Train through all stages; `folder/<stage>` holds each one's state.

    The best model of the last stage is returned as tune_reader does it; earlier stages are not
    validated, because the next one goes on from their last weights.
    """
    best = None
    for place, stage in enumerate(stages):
        examples = short_questions if stage.short_questions and short_questions else questions
        # another seed per stage, or each would begin with the same questions
        training = replace(stage.training, seed=stage.training.seed + 1000 * place)
        best = tune_reader(
            model, tokenizer, examples, training, stage.plan, folder=folder / stage.name,
            report=lambda line, name=stage.name: report(name, line),  # type: ignore[misc]
            texts=texts, validation=validation if stage is stages[-1] else (), ranks=ranks,
        )  # fmt: skip
    return best


def with_values(stages: Sequence[Stage], **values: object) -> tuple[Stage, ...]:
    """The same stages with some training values changed in all of them."""
    return tuple(
        replace(stage, training=replace(stage.training, **values))  # type: ignore[arg-type]
        for stage in stages
    )
