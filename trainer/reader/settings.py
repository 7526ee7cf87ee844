"""How a reader is trained: one frozen value with every number of the optimiser and the loop.

Knows names and ranges; knows no tensors. What is learned and what is computed how are told apart,
because an interrupted run may change only the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reread.errors import BadRequest

OPTIMIZERS = ("adam", "adamw")
SCHEDULES = ("constant", "linear")
# Change how a step is computed or told, never what is learned (up to rounding).
FREE = frozenset({"accumulation", "checkpointing", "log_every", "save_every"})


@dataclass(frozen=True, slots=True)
class ReaderTraining:
    """How one stage of reader training goes; BadRequest where a value cannot be."""

    steps: int
    learning_rate: float = 5e-4  # decoder
    encoder_learning_rate: float = 2e-4
    warmup_steps: int = 40
    final_share: float = 0.0  # the linear schedule ends at this share of its peak
    weight_decay: float = 0.01  # matrices only; plain adam has none
    clip: float = 1.0  # largest gradient norm
    pointer_weight: float = 1.0  # 0 turns the two extra terms off: the paper's training
    passage_weight: float = 1.0
    smoothing: float = 0.0
    freeze_embeddings: bool = True
    freeze_encoder_layers: int = 0
    bf16: bool = False  # autocast: bfloat16 products, float32 weights, losses and scores
    log_every: int = 20
    save_every: int = 200
    optimizer: str = "adamw"
    schedule: str = "linear"
    beta2: float = 0.98
    accumulation: int = 1  # micro-batches that one step's questions are cut into
    checkpointing: bool = False  # encode segments again in the backward pass: less memory
    eval_every: int = 500  # steps between two validations, where there is a validation set
    seed: int = 0  # of dropout; step and rank are mixed in, so any step can be begun at

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
