"""The settings of an iterative distillation run, and which of them make two runs the same.

Section 3.5 of arXiv 2012.04584: train the reader, score with it, train the retriever, retrieve
again. Knows values and their limits; reads no file and no environment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from reread.errors import BadRequest
from reread.reading import AGGREGATIONS
from reread.settings import setting
from trainer.settings import SCHEDULES, UNTRAINED, DistilSettings, check_interaction
from trainer.teaching import check_student

POOLINGS = ("mean", "cls", "max")
STARTS = ("bm25", "untrained", "encoder", "given")
KEEPABLE = ("retrieved", "reader", "validation", "scores", "retriever")
ONE_STEP_AGGREGATIONS = (
    "mean", "max_tokens", "last_layers", "max_layers", "max_heads", "without_question",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """Step 1: the reader, trained on what was retrieved and on nothing else."""

    base: str | None = setting(
        None, "Checkpoint to train from, name or folder of a T5 or BART; none: the starter reader."
    )
    restart: bool = setting(
        True, "From that checkpoint each round (the paper), else from the last."
    )
    steps: int = setting(1000, "Steps of training; 0: as it is.")
    batch: int = setting(8, "Questions per step.")
    passages: int = setting(8, "Passages per question in a step, the first of the list.")
    learning_rate: float = setting(1e-4, "Peak rate (the paper's, for base).")
    warmup_steps: int = setting(40, "Steps of linear warm-up.")
    dropout: float = setting(0.1, "Dropout, 0 to 1.")
    freeze_embeddings: bool = setting(False, "Keep the embeddings.")
    segment_tokens: int = setting(250, "Question, title and text of one passage.")
    answer_tokens: int = setting(50, "Tokens of an answer, end included.")
    optimizer: str = setting("adamw", "adam or adamw.")
    schedule: str = setting("linear", "constant or linear, after the warm-up.")
    weight_decay: float = setting(0.01, "Of matrices, with adamw.")
    beta2: float = setting(0.98, "Adam's memory of squared gradients.")
    eval_every: int = setting(
        0,
        "Measure exact match on the validation questions every so many steps and keep the best "
        "weights; 0: the last ones. What is chosen on them is then measured on them too.",
    )


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Everything a run is told; `iterations` and `keep` may change between two calls."""

    start: str = setting("bm25", f"Initial passages: {', '.join(STARTS)} (`ctxs`).")
    encoder: str | None = setting(
        None, "What the retriever starts as, name or folder, or `untrained`; none: MiniLM."
    )
    interaction: str | None = setting(
        None,
        "pooled: a vector per text (the paper); late: one per token; none: late from bm25, "
        "otherwise as the encoder is.",
    )
    student: str | None = setting(
        None, "What is taught: transformer, lstm or cnn; none: what the encoder is."
    )
    pooling: str | None = setting(
        None,
        f"Of an encoder's states: {', '.join(POOLINGS)} (the paper: cls); none: as its folder.",
    )
    projection: int | None = setting(
        None, "Width of a new projection of every state, as FiD-KD's code has (256); none: none."
    )
    unit_vectors: bool | None = setting(
        None, "Compare vectors of unit length (the paper: no); none: as the encoder's folder."
    )
    iterations: int = setting(2, "Rounds after the initial passages.")
    depth: int = setting(20, "Passages retrieved, read and scored per question.")
    within_document: bool = setting(False, "Search each question's `document` only.")
    words_weight: float | None = setting(
        None, "Retrieve by vectors plus so much of BM25's scores, such as 1."
    )
    aggregation: str = setting("mean", "Attention to one score.")
    aggregations: tuple[str, ...] = setting(
        ONE_STEP_AGGREGATIONS, "Others to keep in the scores files, comma-separated."
    )
    read_validation: int | None = setting(None, "Answer only the first so many; none: all.")
    reader: ReaderSettings = field(default_factory=ReaderSettings)
    distil: DistilSettings = field(default_factory=DistilSettings)
    index: str = setting("Flat", "A FAISS factory string, or auto; Flat is exact.")
    bf16: bool = False
    device: str = "cpu"
    seed: int = setting(0, "Of data order, dropout and untrained weights.")
    keep: tuple[str, ...] = setting(
        KEEPABLE, "Kept of earlier rounds, comma-separated; the last one keeps everything."
    )

    def __post_init__(self) -> None:
        _choose("start", self.start, STARTS)
        if self.interaction is not None:
            check_interaction(self.interaction)
        check_student(self.student, "teacher")
        if self.pooling is not None:
            _choose("pooling", self.pooling, POOLINGS)
        if self.projection is not None:
            _at_least("projection", self.projection, 4)
        for name in self.read_for:
            _choose("aggregation", name, AGGREGATIONS)
        for name in self.keep:
            _choose("keep", name, KEEPABLE)
        _at_least("iterations", self.iterations, 0)
        _at_least("depth", self.depth, 2)
        if self.words_weight is not None and not 0 < self.words_weight < float("inf"):
            raise BadRequest(
                f"words_weight is {self.words_weight}; use a number above 0, such as 1."
            )
        _at_least("reader steps", self.reader.steps, 0)
        _at_least("reader batch", self.reader.batch, 1)
        _at_least("reader passages", self.reader.passages, 1)
        _choose("reader optimizer", self.reader.optimizer, ("adam", "adamw"))
        _choose("reader schedule", self.reader.schedule, SCHEDULES)
        _at_least("reader eval_every", self.reader.eval_every, 0)

    @property
    def start_encoder(self) -> str | None:
        return UNTRAINED if self.start == "untrained" else self.encoder

    @property
    def read_for(self) -> tuple[str, ...]:
        """The aggregations one scoring pass keeps, the one trained on among them."""
        return tuple(dict.fromkeys((self.aggregation, *self.aggregations)))

    def identity(self) -> dict[str, Any]:
        """Flat names to JSON values: what a run cannot change once it has begun."""
        body = asdict(self)
        groups = {name: body.pop(name) for name in ("reader", "distil")}
        for free in ("iterations", "keep"):
            del body[free]
        flat = {k: list(v) if isinstance(v, tuple) else v for k, v in body.items()}
        flat |= {f"{g}.{name}": v for g, own in groups.items() for name, v in own.items()}
        return {k: v for k, v in flat.items() if LATER.get(k, _NOTHING) != v}


_NOTHING = object()
LATER = {  # settings that runs of earlier versions do not name -> what these had
    "student": None, "pooling": None, "projection": None, "unit_vectors": None,
    **{f"reader.{name}": getattr(ReaderSettings(), name) for name in (
        "optimizer", "schedule", "weight_decay", "beta2", "eval_every",
    )},
    **{f"distil.{name}": getattr(DistilSettings(), name) for name in (
        "teacher", "teacher_model", "teacher_prompt", "teacher_words", "pair_teacher", "pair_model",
        "pair_prompt", "pair_words", "both_orders", "pairs_per_question", "pair_window",
        "pair_depth", "label_temperature", "hard_label_share", "pair_weight", "in_batch_weight",
        "net_learning_rate", "schedule", "weight_decay", "flat_epochs",
    )},
}  # fmt: skip


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """One phrase per name whose value changed, in the order of `now`.

    >>> differences({"seed": 0, "depth": 20}, {"seed": 1, "depth": 20})
    ['seed was 0 and is now 1']
    """
    names = [*now, *(name for name in before if name not in now)]
    return [
        f"{name} was {before.get(name)!r} and is now {now.get(name)!r}"
        for name in names
        if before.get(name) != now.get(name)
    ]


def setting_names(group: type) -> list[str]:
    return [one.name for one in fields(group)]


def _choose(name: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise BadRequest(f"Unknown {name} {value!r}; use one of {', '.join(known)}.")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise BadRequest(f"{name} is {value}; use at least {least}.")
