"""How a reader is trained: every number of the optimizer, the loop and the tasks, frozen.

Knows names and ranges; knows no tensors. What is learned and what is computed how are told apart,
because an interrupted run may change only the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from reread.errors import BadRequest
from reread.reader.segments import MAX_SEGMENT_TOKENS
from reread.settings import needed, setting

OPTIMIZERS = ("adam", "adamw")
SCHEDULES = ("constant", "linear")
# Change how a step is computed or told, never what is learned (up to rounding).
FREE = frozenset({"accumulation", "checkpointing", "log_every", "save_every"})


def require_known(name: str, value: str, known: Sequence[str]) -> None:
    """BadRequest that lists what there is."""
    if value not in known:
        raise BadRequest(f"The {name} {value!r} is not known; choose one of {', '.join(known)}.")


def require_least(name: str, value: float, least: float) -> None:
    """BadRequest with both numbers."""
    if value < least:
        raise BadRequest(f"{name} is {value}; it must be at least {least}.")


def require_share(name: str, value: float) -> None:
    """BadRequest unless 0 <= value <= 1."""
    if not 0.0 <= value <= 1.0:
        raise BadRequest(f"{name} is {value}; a share is between 0 and 1.")


@dataclass(frozen=True, slots=True)
class ReaderTraining:
    """How one stage of reader training goes; BadRequest where a value cannot be."""

    steps: int = field(metadata=needed("Optimizer steps."))
    learning_rate: float = setting(5e-4, "Peak rate.")
    encoder_learning_rate: float = setting(2e-4, "Peak rate of the encoder, unless as the other.")
    warmup_steps: int = setting(40, "Steps of linear warm-up.")
    final_share: float = setting(0.0, "The linear schedule ends at this share of its peak.")
    weight_decay: float = setting(0.01, "Of matrices, with adamw.")
    clip: float = setting(1.0, "Largest gradient norm.")
    pointer_weight: float = setting(1.0, "Weight of the pointer loss; 0: the paper's training.")
    passage_weight: float = setting(1.0, "Weight of the passage loss; 0: the paper's training.")
    smoothing: float = setting(0.0, "Label smoothing.")
    freeze_embeddings: bool = setting(True, "Keep the embeddings.")
    freeze_encoder_layers: int = setting(0, "Keep so many of the encoder's first layers.")
    bf16: bool = False  # autocast: bfloat16 products, float32 weights, losses and scores
    log_every: int = setting(20, "Steps between lines of progress.")
    save_every: int = setting(200, "Steps between resumable states.")
    optimizer: str = setting("adamw", "adam or adamw.")
    schedule: str = setting("linear", "constant or linear, after the warm-up.")
    beta2: float = setting(0.98, "Adam's memory of squared gradients.")
    accumulation: int = setting(1, "Micro-batches that a step is cut into.")
    checkpointing: bool = setting(False, "Encode twice to save memory.")
    eval_every: int = setting(500, "Steps between validations.")
    seed: int = setting(0, "Of data order, answers and dropout.")

    def __post_init__(self) -> None:
        require_known("optimizer", self.optimizer, OPTIMIZERS)
        require_known("schedule", self.schedule, SCHEDULES)
        for name in ("steps", "accumulation", "log_every", "save_every", "eval_every"):
            require_least(name, getattr(self, name), 1)
        for name in ("warmup_steps", "freeze_encoder_layers", "learning_rate", "weight_decay"):
            require_least(name, getattr(self, name), 0)
        require_least("encoder_learning_rate", self.encoder_learning_rate, 0)
        if self.clip <= 0:
            raise BadRequest(f"clip is {self.clip}; choose a gradient norm above 0, such as 1.0.")

    def held(self) -> dict[str, Any]:
        """What a resumed run must have in common with the one that was interrupted."""
        return {name: value for name, value in asdict(self).items() if name not in FREE}


@dataclass(frozen=True, slots=True)
class TaskMix:
    """What a stage reads: shares of kinds, passages per question, and how much is cut away."""

    passages: int = setting(4, "Passages read per question.")
    cloze_share: float = setting(0.0, "Share of cloze questions (--texts).")
    continue_share: float = setting(0.0, "Share of `continue these words` questions (--texts).")
    crop_share: float = setting(0.0, "Share of tasks whose passages are cut to windows.")
    as_retrieved: bool = setting(
        False,
        "Read the first passages as they come (presets), or one that answers among drawn "
        "distractors.",
    )

    def __post_init__(self) -> None:
        require_least("passages", self.passages, 1)
        for name in ("cloze_share", "continue_share", "crop_share"):
            require_share(name, getattr(self, name))
        require_share("cloze_share + continue_share", self.cloze_share + self.continue_share)


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """What every step reads and how: sizes in questions, passages and tokens."""

    batch_size: int = setting(
        8, "Questions per optimizer step, over all micro-batches and processes."
    )
    mix: TaskMix = TaskMix(passages=8)
    dropout: float = setting(0.1, "Dropout, 0 to 1.")
    max_segment_tokens: int = setting(MAX_SEGMENT_TOKENS, "Tokens of a question with one passage.")
    max_answer_tokens: int = setting(24, "Tokens of an answer, end included.")

    def __post_init__(self) -> None:
        require_least("batch_size", self.batch_size, 1)
        require_least("max_segment_tokens", self.max_segment_tokens, 8)
        require_least("max_answer_tokens", self.max_answer_tokens, 2)
        require_share("dropout", self.dropout)

    def held(self) -> dict[str, Any]:
        """What a resumed run must have in common with the one that was interrupted."""
        own = asdict(self)
        return {**own.pop("mix"), **own}
