"""The trainer's settings: three small frozen groups, filled from one flat mapping of names.

`TrainerSettings.from_mapping` serves the composition root, `updated` a job's own parameters. Both
refuse unknown names and wrong types with a sentence. Reads neither the environment nor a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from reread.errors import BadRequest
from reread.reading import check_aggregation
from reread.records import LOGGED_AGGREGATION

BF16 = ("auto", "on", "off")
Interaction = Literal["pooled", "late"]  # what is compared: a vector per text, or one per token
ANSWER_OBJECTIVES = ("ppmean", "loop", "emdr2")  # learn from how likely the reader finds an answer
OBJECTIVES = ("kl", "mse", "margin", *ANSWER_OBJECTIVES)  # the losses are in objectives.py


@dataclass(frozen=True, slots=True)
class DistilSettings:
    """How the retriever is trained on the reader's scores."""

    objective: str = "kl"
    epochs: int = 3
    learning_rate: float = 5e-5  # the paper's
    batch_questions: int = 16
    passages_per_question: int = 8  # encoded for it: the teacher's best, others drawn anew; 0 = all
    student_temperature: float | None = None  # None: 0.05 for unit vectors, else 1 (the paper)
    # None: scores standardised per reader; 1 = FiD-KD, 0.01 = Atlas; emdr2's are probabilities
    teacher_temperature: float | None = None
    margin_gamma: float = 0.2
    warmup_share: float = 0.1  # of all steps; the rate falls linearly to 0 after it
    dropout: float = 0.1  # never on attention weights, where it is 5 times slower on a CPU
    bf16: str = "auto"  # products in bfloat16: where it is fast, on, off; weights stay float32
    freeze_word_embeddings: bool = True  # half of MiniLM's weights; rare words keep their places

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            names = ", ".join(OBJECTIVES)
            raise BadRequest(f"Unknown objective {self.objective!r}; use one of {names}.")
        if self.bf16 not in BF16:
            raise BadRequest(f"Setting bf16 is {self.bf16!r}; use one of {', '.join(BF16)}.")
        _require("epochs", self.epochs, 1, 1000)
        _require("learning_rate", self.learning_rate, 1e-9, 1.0)
        _require("batch_questions", self.batch_questions, 1, 4096)
        _require("passages_per_question", self.passages_per_question, 0, 1000)
        if self.passages_per_question == 1:
            raise BadRequest("passages_per_question is 1; a ranking needs at least 2, 0 is all.")
        for name in ("student_temperature", "teacher_temperature"):
            if getattr(self, name) is not None:
                _require(name, getattr(self, name), 1e-6, 1e6)
        _require("margin_gamma", self.margin_gamma, 0.0, 1e6)
        _require("warmup_share", self.warmup_share, 0.0, 1.0)
        _require("dropout", self.dropout, 0.0, 0.9)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What a candidate must show before it is published; the rule is in trainer/loop/gate.py."""

    held_out_share: float = 0.2  # of the log's questions, never trained on
    gate_min_questions: int = 5  # fewer held-out questions say nothing
    gate_confidence: float = 0.8  # share of bootstrap resamples in which the candidate is better
    gate_min_coverage: float = 0.5  # of the reader's best passages in the candidate's top 20
    gate_recall_tolerance: float = 0.01  # labelled recall may fall by this much
    gate_corpus_passages: int = 50_000  # larger corpora are sampled for the full search
    labelled_questions: Path | None = None

    def __post_init__(self) -> None:
        _require("held_out_share", self.held_out_share, 0.01, 0.9)
        _require("gate_min_questions", self.gate_min_questions, 1, 1_000_000)
        _require("gate_confidence", self.gate_confidence, 0.0, 1.0)
        _require("gate_min_coverage", self.gate_min_coverage, 0.0, 1.0)
        _require("gate_recall_tolerance", self.gate_recall_tolerance, 0.0, 1.0)
        _require("gate_corpus_passages", self.gate_corpus_passages, 1, 1_000_000_000)


@dataclass(frozen=True, slots=True)
class TrainerSettings:
    """Everything the trainer process is told; a job's parameters replace single values of it."""

    distil: DistilSettings = field(default_factory=DistilSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    aggregation: str = LOGGED_AGGREGATION  # records without that one are read again
    reread_top_k: int = 0  # > 0: read again with this many fresh passages before training
    min_questions: int = 50  # new usable questions a retrain needs
    max_questions: int = 20_000  # the newest records trained on
    auto_questions: int = 0  # start a retrain by itself at this many new records; 0 = never
    start_encoder: str | None = None  # name or folder; None = the default retriever
    interaction: str | None = None  # pooled or late; None: as what serves, late where words do
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        check_aggregation(self.aggregation)
        if self.interaction is not None:
            check_interaction(self.interaction)
        _require("reread_top_k", self.reread_top_k, 0, 100)
        _require("min_questions", self.min_questions, 1, 1_000_000_000)
        _require("max_questions", self.max_questions, 2, 1_000_000_000)
        _require("auto_questions", self.auto_questions, 0, 1_000_000_000)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "TrainerSettings":
        return cls().updated(values)

    def updated(self, values: Mapping[str, Any]) -> "TrainerSettings":
        """These settings with `values` in their place; a None value leaves the setting alone."""
        given = {name: value for name, value in values.items() if value is not None}
        unknown = sorted(set(given) - set(setting_names()))
        if unknown:
            raise BadRequest(
                f"Unknown trainer setting {', '.join(unknown)}; "
                f"the known ones are {', '.join(setting_names())}."
            )
        distil, gate = _updated(self.distil, given), _updated(self.gate, given)
        return _updated(replace(self, distil=distil, gate=gate), given)

    def to_flat(self) -> dict[str, Any]:
        """Every setting by its flat name, as `updated` takes it and JSON can hold it."""
        values: dict[str, Any] = {}
        for group in (self.distil, self.gate, self):
            names = [one.name for one in fields(group) if one.name not in _GROUPS]
            values |= {name: getattr(group, name) for name in names}
        path = values["labelled_questions"]
        return values | {"labelled_questions": None if path is None else str(path)}


_GROUPS = ("distil", "gate")


def setting_names() -> list[str]:
    """Every flat name, in the order of the groups."""
    own = [one.name for one in fields(TrainerSettings) if one.name not in _GROUPS]
    return [one.name for group in (DistilSettings, GateSettings) for one in fields(group)] + own


Group = TypeVar("Group", DistilSettings, GateSettings, TrainerSettings)


def _updated(group: Group, values: Mapping[str, Any]) -> Group:
    kinds = {one.name: one.type for one in fields(group) if one.name not in _GROUPS}
    chosen = {name: _checked(name, values[name], kinds[name]) for name in kinds if name in values}
    return replace(group, **chosen)


def _checked(name: str, value: object, kind: Any) -> Any:
    """The value as its setting's type: an int may stand for a float, a text for a path."""
    if kind in (float, float | None) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == Path | None and isinstance(value, str):
        return Path(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        expected = getattr(kind, "__name__", str(kind))
        raise BadRequest(f"Setting {name} is {value!r}; it must be of type {expected}.")
    return value


def check_interaction(name: str) -> Interaction:
    """The name, if it is one; raises BadRequest otherwise."""
    known = get_args(Interaction)
    if name not in known:
        raise BadRequest(f"Unknown interaction {name!r}; use one of {', '.join(known)}.")
    return cast(Interaction, name)


def _require(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise BadRequest(f"Setting {name} is {value}; use a value from {low} to {high}.")
