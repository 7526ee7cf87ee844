"""How a causal reader is trained: one frozen value with every number of the losses and the steps.

Knows names and ranges; knows no tensors.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from trainer.reader.settings import require_least
from trainer.schedule import linear_rate

# Change how a step is computed or told, never what is learnt (up to rounding).
FREE = frozenset({"log_every", "save_every", "compiled"})


@dataclass(frozen=True, slots=True)
class CausalTraining:
    """One stage: AdamW, a linear rate after the warm-up, gradients clipped; BadRequest where a
    value cannot be."""

    steps: int
    learning_rate: float = 1.5e-4  # peak
    warmup_steps: int = 20
    weight_decay: float = 0.01  # of matrices and norms alike
    beta2: float = 0.98
    clip: float = 1.0  # largest gradient norm
    tokens: int = 4600  # read in a step, prompts included
    passage_weight: float = 0.1  # of the passage loss on mean scores
    heads_weight: float = 0.5  # of the passage loss on scores that weigh each head
    heads_rate: float = 0.01  # learning rate of those weights
    frozen_layers: int = 0  # the lowest ones, which stay as they are
    bf16: bool = True  # bfloat16 copies of the weights compute; float32 ones learn
    seed: int = 0
    log_every: int = 10
    save_every: int = 150
    compiled: bool = False  # torch.compile the steps of a layer: needs a C++ compiler on a CPU

    def __post_init__(self) -> None:
        for name in ("steps", "tokens", "log_every", "save_every"):
            require_least(name, getattr(self, name), 1)
        for name in ("learning_rate", "warmup_steps", "weight_decay", "passage_weight",
                     "heads_weight", "frozen_layers"):  # fmt: skip
            require_least(name, getattr(self, name), 0)
        require_least("clip", self.clip, 1e-9)

    def held(self) -> dict[str, Any]:
        """What a resumed run must have in common with the one that was interrupted."""
        return {name: value for name, value in asdict(self).items() if name not in FREE}


def rate_at(step: int, training: CausalTraining) -> float:
    """The learning rate of a step counted from 0: linear up, then linear down to nothing.

    >>> [rate_at(s, CausalTraining(4, learning_rate=1.0, warmup_steps=2)) for s in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    return training.learning_rate * linear_rate(step, training.steps, training.warmup_steps)
