"""What a training run has counted, epoch by epoch, and the report that it becomes.

Knows counts and losses; does not know what was trained.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainingReport:
    questions: int
    steps: int
    seconds: float
    questions_per_s: float
    passages_per_s: float  # encoded: a passage several questions of a batch share counts once
    student_temperature: float
    epoch_loss: tuple[float, ...]
    epoch_agreement: tuple[float, ...]  # student's and teacher's best passage are the same
    final_loss: float  # mean over the last tenth of the steps

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Epoch:
    loss: float = 0.0
    agreed: int = 0
    questions: int = 0
    passages: int = 0


class Tally:
    """The epochs so far, the last of them under way, and the losses at the end."""

    def __init__(self, steps: int) -> None:
        self.epochs: list[Epoch] = []
        self.last_losses: deque[float] = deque(maxlen=max(1, steps // 10))

    def begin_epoch(self) -> None:
        self.epochs.append(Epoch())

    def count(self, questions: int, passages: int, loss: float, agreed: int) -> None:
        """One step over so many questions; `loss` is their mean."""
        epoch = self.epochs[-1]
        epoch.loss += loss * questions
        epoch.agreed += agreed
        epoch.questions += questions
        epoch.passages += passages
        self.last_losses.append(loss)

    def is_flat(self, epochs: int) -> bool:
        """Whether agreement has not risen in the last so many epochs, all of them over."""
        if not epochs or len(self.epochs) <= epochs:
            return False
        agreed = [one.agreed / one.questions for one in self.epochs]
        return max(agreed[-epochs:]) <= max(agreed[:-epochs])

    def to_json(self) -> dict[str, Any]:
        return {
            "epochs": [asdict(one) for one in self.epochs],
            "last_losses": list(self.last_losses),
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """What `to_json` wrote down."""
        self.epochs = [Epoch(**one) for one in saved["epochs"]]
        self.last_losses.extend(saved["last_losses"])

    def report(
        self, questions: int, steps: int, seconds: float, temperature: float
    ) -> TrainingReport:
        """`questions` are those of the data; each epoch saw all of them."""
        seconds = max(seconds, 1e-9)
        return TrainingReport(
            questions=questions,
            steps=steps,
            seconds=seconds,
            questions_per_s=sum(one.questions for one in self.epochs) / seconds,
            passages_per_s=sum(one.passages for one in self.epochs) / seconds,
            student_temperature=temperature,
            epoch_loss=tuple(one.loss / one.questions for one in self.epochs),
            epoch_agreement=tuple(one.agreed / one.questions for one in self.epochs),
            final_loss=sum(self.last_losses) / len(self.last_losses),
        )
