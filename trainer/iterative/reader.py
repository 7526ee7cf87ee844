"""Step 1 of an iteration: a reader trained by the answer alone on what was retrieved.

The paper's training (section 3.1): no gold passages, no pointer, no passage loss. Knows lists,
questions and the reader's training loop; knows no retriever and no run.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from reread.artefacts.passages import PassageStore
from reread.errors import UnknownModel
from reread.reader.reader import Reader, resolve_default_reader
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.settings import ReaderSettings
from trainer.reader.examples import ReaderExample
from trainer.reader.settings import ReaderTraining, ReadingPlan, TaskMix
from trainer.reader.tuning import tune_reader

Progress = Callable[[float], None]
LINES = 20  # of losses that a training leaves


def train_iteration_reader(
    base: Path | str | None,
    asked: Sequence[AskedQuestion],
    lists: RankedLists,
    store: PassageStore,
    settings: ReaderSettings,
    *,
    depth: int,
    bf16: bool,
    seed: int,
    folder: Path,
    device: str = "cpu",
    progress: Progress = lambda share: None,
) -> dict[str, Any]:
    """Train a copy of `base` and leave it in `folder`; returns its losses.

    The same seed, data and thread count give the same weights bit for bit.
    """
    name = str(base or resolve_default_reader())
    model, tokenizer = load_trainable(name)
    model.to(torch.device(device))
    examples = make_examples(asked, lists, store, depth)
    lines: list[dict[str, float]] = []
    if settings.steps and examples:

        def report(line: dict[str, float]) -> None:
            lines.append(line)
            progress(line["step"] / settings.steps)

        _train(model, tokenizer, examples, settings, bf16, seed, folder, report)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    losses = [{"step": int(line["step"]), "answer": line["answer"]} for line in lines]
    return {"base": name, "examples": len(examples), "losses": losses}


def _train(
    model: Any,
    tokenizer: Any,
    examples: list[ReaderExample],
    settings: ReaderSettings,
    bf16: bool,
    seed: int,
    folder: Path,
    report: Callable[[dict[str, float]], None],
) -> None:
    training = ReaderTraining(
        steps=settings.steps, learning_rate=settings.learning_rate,
        encoder_learning_rate=settings.learning_rate,
        warmup_steps=max(1, min(settings.warmup_steps, settings.steps)),
        pointer_weight=0.0, passage_weight=0.0, bf16=bf16,
        freeze_embeddings=settings.freeze_embeddings,
        log_every=max(1, settings.steps // LINES), save_every=settings.steps, seed=seed,
    )  # fmt: skip
    plan = plan_reading(settings)
    with TemporaryDirectory(dir=folder) as own, torch.random.fork_rng():
        tune_reader(model, tokenizer, examples, training, plan, folder=Path(own), report=report)


def plan_reading(settings: ReaderSettings) -> ReadingPlan:
    """What a step reads: the front of each list as it was retrieved, answering or not."""
    return ReadingPlan(
        batch_size=settings.batch, mix=TaskMix(settings.passages, as_retrieved=True),
        dropout=settings.dropout, max_segment_tokens=settings.segment_tokens,
    )  # fmt: skip


def make_examples(
    asked: Sequence[AskedQuestion], lists: RankedLists, store: PassageStore, depth: int
) -> list[ReaderExample]:
    """Questions with their retrieved passages, none marked: gold ids have no part in training."""
    return [
        ReaderExample(
            one.label.question, one.training_answers, tuple(store.get(lists.rows_of(q, depth))), ()
        )
        for q, one in enumerate(asked)
        if lists.rows_of(q)
    ]


def load_trainable(name: str) -> tuple[Any, Any]:
    """The checkpoint in float32 and its tokenizer; UnknownModel where there is none."""
    try:
        model = AutoModelForSeq2SeqLM.from_pretrained(name, dtype=torch.float32)
        return model, AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError) as error:
        first = (str(error).strip().splitlines() or [repr(error)])[0]
        raise UnknownModel(
            f"The reader {name!r} could not be loaded ({first}); give --reader a local folder, or "
            f"a Hugging Face name where there is a network."
        ) from error


def load_reader(folder: Path, settings: ReaderSettings, *, bf16: bool, device: str) -> Reader:
    """A trained reader as it scores and answers: greedy, in bfloat16 where the run is."""
    return Reader.load(
        str(folder),
        device=device,
        dtype="bfloat16" if bf16 else "float32",
        max_segment_tokens=settings.segment_tokens,
        max_answer_tokens=settings.answer_tokens,
        num_beams=1,
    )
