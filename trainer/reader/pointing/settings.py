"""How a pointing reader is trained: one frozen value with every number. Knows names and ranges."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from trainer.reader.settings import require_least

FREE = frozenset({"log_every", "save_every"})  # change how a step is told, never what is learnt


@dataclass(frozen=True, slots=True)
class PointTraining:
    """One stage: AdamW, a linear rate after the warm-up, gradients clipped; BadRequest where a
    value cannot be."""

    steps: int
    encoder_rate: float = 1e-4  # peaks
    decoder_rate: float = 2e-4
    head_rate: float = 1e-3
    warmup_steps: int = 30
    weight_decay: float = 0.01
    clip: float = 1.0  # largest gradient norm
    tokens: int = 6000  # read in a step
    answer_weight: float = 0.2  # of the decoder's cross-entropy
    passage_weight: float = 0.2  # of the passage loss on G
    dropout: float = 0.05
    bf16: bool = True
    seed: int = 0
    log_every: int = 20
    save_every: int = 100

    def __post_init__(self) -> None:
        for name in ("steps", "tokens", "log_every", "save_every"):
            require_least(name, getattr(self, name), 1)
        for name in ("encoder_rate", "decoder_rate", "head_rate", "warmup_steps", "weight_decay",
                     "answer_weight", "passage_weight", "dropout"):  # fmt: skip
            require_least(name, getattr(self, name), 0)
        require_least("clip", self.clip, 1e-9)

    @property
    def decoded(self) -> bool:
        """Whether the decoder has anything to learn."""
        return self.answer_weight > 0 or self.passage_weight > 0

    def held(self) -> dict[str, Any]:
        """What a resumed run must have in common with the one that was interrupted."""
        return {name: value for name, value in asdict(self).items() if name not in FREE}
