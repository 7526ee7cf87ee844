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
from reread.reader.loading import small_starter
from reread.reader.reader import Reader
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.settings import ReaderSettings
from trainer.reader.examples import ReaderExample, ValidationQuestion
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
    validation: Sequence[ValidationQuestion] = (),
    progress: Progress = lambda share: None,
) -> dict[str, Any]:
    """Train a copy of `base` and leave it in `folder`; returns its losses.

    With `eval_every` the weights are the best on `validation`, and where they were found is said.

    The same seed, data and thread count give the same weights bit for bit.
    """
    name = str(base or small_starter())
    model, tokenizer = load_trainable(name)
    model.to(torch.device(device))
    examples = make_examples(asked, lists, store, depth)
    lines: list[dict[str, float]] = []
    best: dict[str, Any] = {}
    if settings.steps and examples:

        def report(line: dict[str, float]) -> None:
            lines.append(line)
            progress(line["step"] / settings.steps)

        chosen = validation if settings.eval_every else ()
        training = _training(settings, bf16, seed)
        best = _train(model, tokenizer, examples, chosen, training, settings, folder, report)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    losses = [
        {"step": int(line["step"]), "answer": line["answer"]} for line in lines if "answer" in line
    ]
    return {"base": name, "examples": len(examples), "losses": losses, **best}


def _train(
    model: Any,
    tokenizer: Any,
    examples: list[ReaderExample],
    validation: Sequence[ValidationQuestion],
    training: ReaderTraining,
    settings: ReaderSettings,
    folder: Path,
    report: Callable[[dict[str, float]], None],
) -> dict[str, Any]:
    """Train in place; with validation questions the model ends with the best weights."""
    plan = plan_reading(settings)
    with TemporaryDirectory(dir=folder) as own, torch.random.fork_rng():
        best = tune_reader(
            model, tokenizer, examples, training, plan, folder=Path(own), report=report,
            validation=validation,
        )  # fmt: skip
        if best is None:
            return {}
        kept = type(model).from_pretrained(best.folder, dtype=torch.float32)
        model.load_state_dict(kept.state_dict())
    return {"best": {"step": best.step, "em": best.em}}


def _training(settings: ReaderSettings, bf16: bool, seed: int) -> ReaderTraining:
    return ReaderTraining(
        steps=settings.steps, learning_rate=settings.learning_rate,
        encoder_learning_rate=settings.learning_rate,
        warmup_steps=_warmup(settings), pointer_weight=0.0, passage_weight=0.0, bf16=bf16,
        freeze_embeddings=settings.freeze_embeddings, optimizer=settings.optimizer,
        schedule=settings.schedule, weight_decay=settings.weight_decay, beta2=settings.beta2,
        eval_every=settings.eval_every or settings.steps,
        log_every=max(1, settings.steps // LINES), save_every=settings.steps, seed=seed,
    )  # fmt: skip


def _warmup(settings: ReaderSettings) -> int:
    """No more than there are steps; a constant rate may begin at its peak."""
    least = 0 if settings.schedule == "constant" else 1
    return max(least, min(settings.warmup_steps, settings.steps))


def validation_questions(
    asked: Sequence[AskedQuestion], lists: RankedLists, store: PassageStore, depth: int
) -> list[ValidationQuestion]:
    """What weights are chosen on: validation questions with their retrieved passages."""
    return [
        ValidationQuestion(
            one.label.question, one.label.answers, tuple(store.get(lists.rows_of(q, depth)))
        )
        for q, one in enumerate(asked)
        if lists.rows_of(q)
    ]


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
