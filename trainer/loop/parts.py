"""What a retraining round works with, put together once by the composition root."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.measure import AnswerReader
from reread.commit import Reach, never
from reread.home import Home
from reread.log.attention_log import AttentionLog
from reread.log.jobs import Board
from trainer.settings import TrainerSettings


@dataclass(frozen=True, slots=True)
class RoundParts:
    home: Home
    settings: TrainerSettings
    build_command: Sequence[str]  # the index builder's, up to the options a round adds
    open_log: Callable[[], AttentionLog]
    open_board: Callable[[], Board]
    load_reader: Callable[[], AnswerReader] | None = None  # None = nothing can be read again
    load_tuned: Callable[[Path], AnswerReader | None] | None = None  # None: of another reader
    tuning: int | None = None  # of load_reader's reader, where it was tuned in a round
    index: str = "auto"  # the FAISS factory string that the builder is given
    reach: Reach = never
    prepare: Callable[[], None] = lambda: None  # before each round: what only a round needs
