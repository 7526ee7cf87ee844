"""Train one reader on examples: data, optimizer steps, validation and resumption put together.

The one function that whoever has a model, examples and a folder calls. Knows no command line and
no retrieval; a stage of the starter reader, a fine-tuning run and an iteration's reader are this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from reread.errors import BadRequest
from reread.reader.fusion import install_fusion_attention
from reread.records import Passage
from trainer.dropout import set_dropout
from trainer.reader.batches import ReaderBatch, collate
from trainer.reader.distributed import ALONE, Ranks
from trainer.reader.examples import ReaderExample, ReadingTask, ValidationQuestion
from trainer.reader.settings import ReaderTraining, ReadingPlan
from trainer.reader.tasks import TaskSource, stream_steps
from trainer.reader.training import StepReport, saved_step, train_reader
from trainer.reader.validation import BestReader, Selection, best_reader


def tune_reader(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[ReaderExample],
    training: ReaderTraining,
    plan: ReadingPlan,
    *,
    folder: Path,
    report: StepReport,
    texts: Sequence[Passage] = (),
    validation: Sequence[ValidationQuestion] = (),
    ranks: Ranks = ALONE,
) -> BestReader | None:
    """Train `model` in place; a run that was interrupted goes on from `folder`.

    The model ends with the weights of the last step; the best one on `validation` (exact match) is
    returned as its folder, None without validation. `training.seed` decides order, passages,
    answers and dropout. Raises BadRequest when `folder` holds a run with other settings or data.
    """
    require_divisible(plan.batch_size, training.accumulation, ranks)
    install_fusion_attention(model)
    set_dropout(model, plan.dropout)
    source = TaskSource(examples, texts, plan.mix, training.seed)
    selection = Selection(
        validation, tokenizer, folder, training.bf16, plan.max_segment_tokens, ranks
    )
    train_reader(
        model,
        stream_micro_batches(source, plan, training, tokenizer, model, saved_step(folder), ranks),
        training,
        folder=folder,
        report=report,
        ranks=ranks,
        validate=selection.consider if validation else None,
        held={**plan.held(), "data": fingerprint(examples, texts, validation)},
    )
    return best_reader(folder) if validation else None


def stream_micro_batches(
    source: TaskSource,
    plan: ReadingPlan,
    training: ReaderTraining,
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    first: int = 0,
    ranks: Ranks = ALONE,
) -> Iterator[ReaderBatch]:
    """This rank's micro-batches of every step from step `first` on, `accumulation` per step."""
    for tasks in stream_steps(source, plan.batch_size, first):
        for part in split(tasks[ranks.rank :: ranks.count], training.accumulation):
            yield collate(
                part, tokenizer, decoder_start=model.config.decoder_start_token_id,
                max_segment_tokens=plan.max_segment_tokens,
                max_answer_tokens=plan.max_answer_tokens,
            )  # fmt: skip


def split(tasks: Sequence[ReadingTask], parts: int) -> list[Sequence[ReadingTask]]:
    """Cut into `parts` runs whose sizes differ by one at most.

    >>> split("abcde", 2)
    ['ab', 'cde']
    """
    edges = [len(tasks) * i // parts for i in range(parts + 1)]
    return [tasks[a:b] for a, b in zip(edges, edges[1:], strict=False)]


def require_divisible(size: int, accumulation: int, ranks: Ranks) -> None:
    """BadRequest when a step has too few questions for every micro-batch of every rank."""
    if size // ranks.count < accumulation:
        raise BadRequest(
            f"A step's {size} questions cannot be cut into {accumulation} micro-batches for each "
            f"of {ranks.count} processes; raise --batch-size or lower --accumulation."
        )


def fingerprint(
    examples: Sequence[ReaderExample],
    texts: Sequence[Passage],
    validation: Sequence[ValidationQuestion],
) -> str:
    """A short hash of everything a run is made from, in order."""
    digest = hashlib.sha256()
    for part in (examples, texts, validation):
        for one in part:
            digest.update(repr(one).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]
