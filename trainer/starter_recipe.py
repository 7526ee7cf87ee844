"""The starter reader's stages: from a sentence encoder to a reader of twenty passages.

Knows the order, sizes and rates; docs/starter-reader.md has the measurements behind them. Each
stage begins from the last one's weights and can be resumed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from reread.fusion import install_fusion_attention
from reread.records import Passage
from trainer.reader_examples import ReaderExample
from trainer.reader_tasks import TaskMix, stream_batches, stream_tasks
from trainer.reader_training import ReaderTraining, saved_step, train_reader


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of training; `questions` picks the short or the full question set."""

    name: str
    batch: int
    mix: TaskMix
    training: ReaderTraining
    short_questions: bool = False
    dropout: float = 0.05


STARTER_STAGES = (
    Stage(  # learn to copy and to point, on single sentences: three times cheaper than passages
        "copy", 48, TaskMix(passages=1, cloze_share=0.35),
        ReaderTraining(
            steps=300, learning_rate=8e-4, encoder_learning_rate=2e-4, final_share=0.6,
            passage_weight=0.0, freeze_encoder_layers=2,
        ),
        short_questions=True, dropout=0.0,
    ),
    Stage(  # questions over windows of passages, one distractor
        "point", 16, TaskMix(passages=2, cloze_share=0.15, continue_share=0.25, crop_share=0.8),
        ReaderTraining(
            steps=900, learning_rate=5e-4, encoder_learning_rate=1.5e-4, final_share=0.3,
            passage_weight=0.5,
        ),
    ),
    Stage(  # whole passages, several distractors: the attention learns to choose
        "choose", 6, TaskMix(passages=6, cloze_share=0.06, continue_share=0.06, crop_share=0.2),
        ReaderTraining(
            steps=900, learning_rate=3e-4, encoder_learning_rate=1e-4, passage_weight=1.0,
            freeze_encoder_layers=2,
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
    seed: int,
    report: Callable[[str, dict[str, float]], None],
) -> None:
    """Train through all stages; `folder/<stage>` holds each one's weights and progress."""
    install_fusion_attention(model)
    for place, stage in enumerate(stages):
        target = folder / stage.name
        target.mkdir(parents=True, exist_ok=True)
        load_progress(model, target)
        own_seed = seed + place + 1000 * saved_step(target)  # resumed: other data than at the start
        torch.manual_seed(own_seed)
        rng = random.Random(own_seed)
        set_dropout(model, stage.dropout)
        examples = short_questions if stage.short_questions and short_questions else questions
        batches = stream_batches(
            stream_tasks(examples, texts, stage.mix, rng), tokenizer, stage.batch,
            decoder_start=model.config.decoder_start_token_id, seed=own_seed,
        )  # fmt: skip
        train_reader(
            model, batches, stage.training, folder=target,
            report=lambda line, name=stage.name: report(name, line),  # type: ignore[misc]
        )  # fmt: skip
        tokenizer.save_pretrained(target)


def load_progress(model: PreTrainedModel, folder: Path) -> None:
    """Continue from a stage's saved weights, if it has any."""
    if (folder / "progress.json").exists():
        saved = type(model).from_pretrained(folder)
        model.load_state_dict(saved.state_dict())


def set_dropout(model: PreTrainedModel, share: float) -> None:
    """Hidden dropout everywhere; attention weights keep none, where it is slow on a CPU."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share
        elif isinstance(getattr(module, "dropout", None), float) and hasattr(module, "fc1"):
            module.dropout = share
    for stack in (model.get_encoder(), model.get_decoder()):
        if isinstance(getattr(stack, "dropout", None), float):
            stack.dropout = share
