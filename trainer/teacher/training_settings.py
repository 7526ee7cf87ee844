"""How a cross-encoder is trained: every number of its steps and of its negatives, frozen.

Knows names and ranges; knows no tensor and no passage.
"""

from dataclasses import asdict, dataclass
from typing import Any

from reread.settings import setting
from trainer.reader.settings import require_least, require_share

FREE = frozenset({"log_every", "save_every"})  # change what is told and kept, not what is learnt


@dataclass(frozen=True, slots=True)
class CrossTraining:
    """BadRequest where a value cannot be."""

    steps: int = setting(2000, "Optimizer steps.")
    learning_rate: float = setting(5e-5, "Peak rate.")
    warmup_share: float = setting(0.1, "Share of the steps while the rate rises; then it falls.")
    batch_questions: int = setting(8, "Questions per step.")
    negatives: int = setting(7, "Wrong passages beside a question's right one, drawn anew.")
    depth: int = setting(30, "Wrong passages are among BM25's first so many.")
    weight_decay: float = setting(0.01, "Of matrices.")
    dropout: float = setting(0.1, "Not on attention weights.")
    freeze_embeddings: bool = setting(True, "Keep the word embeddings.")
    seed: int = setting(0, "Of the head, the draws and dropout.")
    log_every: int = setting(20, "Steps between lines of progress.")
    save_every: int = setting(100, "Steps between resumable states.")

    def __post_init__(self) -> None:
        for name in ("steps", "batch_questions", "negatives", "log_every", "save_every"):
            require_least(name, getattr(self, name), 1)
        require_least("depth", self.depth, 2)
        require_least("learning_rate", self.learning_rate, 0.0)
        require_share("warmup_share", self.warmup_share)
        require_share("dropout", self.dropout)

    def held(self) -> dict[str, Any]:
        """What an interrupted run must have kept to go on."""
        return {name: value for name, value in asdict(self).items() if name not in FREE}
