"""The trainer's settings: three small frozen groups, filled from one flat mapping of names.

`TrainerSettings.from_mapping` serves the composition root, `updated` a job's own parameters. Both
refuse unknown names and wrong types with a sentence. Reads neither the environment nor a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from reread.errors import BadRequest
from reread.reading import check_aggregation
from reread.records import LOGGED_AGGREGATION
from reread.settings import Setting, changed, names_of, setting, settings_of
from trainer.teaching import (
    ATTENTION,
    OBJECTIVES,
    OLD_OBJECTIVES,
    PAIR_TEACHERS,
    STUDENTS,
    TEACHERS,
    check_models,
    check_objective,
    check_student,
    needs_of,
)

BF16 = ("auto", "on", "off")
SCHEDULES = ("linear", "constant")
UNTRAINED = "untrained"  # as an encoder's name: the default one without what it has learnt
Interaction = Literal["pooled", "late"]  # what is compared: a vector per text, or one per token


@dataclass(frozen=True, slots=True)
class DistilSettings:
    """How the retriever is trained on the reader's scores."""

    objective: str = setting("kl", f"Loss of the student's scores: {', '.join(OBJECTIVES)}.")
    teacher: str | None = setting(
        None, f"What says how useful a passage is: {', '.join(TEACHERS)}; none: attention."
    )
    teacher_model: str | None = setting(
        None, "Name or folder of the teacher's model, for a teacher that is not the reader."
    )
    teacher_prompt: str | None = setting(
        None, "Of `prompted`: template with {question} and {passage}; none: monoT5's."
    )
    teacher_words: str = setting("true,false", "Of `prompted`: first words of yes and no.")
    pair_teacher: str | None = setting(
        None, f"What compares two passages: {', '.join(PAIR_TEACHERS)}; none: nothing does."
    )
    pair_model: str | None = setting(None, "Name or folder of the model of `prompted_pairs`.")
    pair_prompt: str | None = setting(
        None, "Of `prompted_pairs`: template with {question}, {first}, {second}; none: duoT5's."
    )
    pair_words: str = setting(
        "true,false", "Of `prompted_pairs`: words that say the first or the second is better."
    )
    both_orders: bool = setting(True, "Ask for each pair in both orders and take the mean.")
    pairs_per_question: int = setting(16, "Pairs compared of a question, or all where fewer are.")
    pair_window: int = setting(5, "Places that two compared passages lie apart at most.")
    pair_depth: int = setting(20, "Pairs are among the teacher's first so many.")
    epochs: int = setting(3, "Passes over the questions.")
    learning_rate: float = setting(5e-5, "Peak rate of the student (the paper's).")
    batch_questions: int = setting(16, "Questions per step.")
    passages_per_question: int = setting(
        8, "Encoded for a question: the teacher's best, others drawn anew; 0: all."
    )
    student_temperature: float | None = setting(
        None,
        "Divides the student's scores; none: 0.05 of unit vectors, 0.04 by token, else 1.",
    )
    teacher_temperature: float | None = setting(
        None, "Divides the teacher's scores; none: standardised per reader, 1: FiD-KD, 0.01: Atlas."
    )
    margin_gamma: float = setting(0.2, "How far apart `margin` wants two passages.")
    label_temperature: float = setting(1.0, "Of `soft_labels`: divides both sides' scores.")
    hard_label_share: float = setting(
        0.0, "Of `soft_labels`: share of labels, where questions name their passages."
    )
    pair_weight: float = setting(3.0, "Of `pair_kl`: weight of the pairs, beside the list's 1.")
    in_batch_weight: float = setting(
        1.0, "Of `pair_kl`: weight of the best passage against other questions' passages."
    )
    net_learning_rate: float = setting(2e-3, "Peak rate of the students lstm and cnn.")
    warmup_share: float = setting(0.1, "Share of the steps while the rate rises.")
    schedule: str = setting("linear", "After that the rate: linear (falls to 0) or constant.")
    weight_decay: float = setting(0.01, "Of the student's weights; 0: plain Adam.")
    flat_epochs: int = setting(
        0, "End after so many epochs in which student and teacher agree no better; 0: at `epochs`."
    )
    dropout: float = setting(0.1, "Not on attention weights, where it is 5 times slower on a CPU.")
    bf16: str = setting("auto", "Products in bfloat16: auto (where fast), on, off.")
    freeze_word_embeddings: bool = setting(
        True, "Keep the word embeddings, half of MiniLM's weights: rare words keep their places."
    )

    def __post_init__(self) -> None:
        check_objective(self.objective, self.teacher)
        check_models(self)
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
        _require("label_temperature", self.label_temperature, 1e-3, 1e3)
        _require("hard_label_share", self.hard_label_share, 0.0, 1.0)
        _require("pair_weight", self.pair_weight, 0.0, 1e6)
        _require("in_batch_weight", self.in_batch_weight, 0.0, 1e6)
        _require("net_learning_rate", self.net_learning_rate, 1e-9, 1.0)
        _require("pairs_per_question", self.pairs_per_question, 1, 10_000)
        _require("pair_window", self.pair_window, 1, 1000)
        _require("pair_depth", self.pair_depth, 2, 1000)
        _require("warmup_share", self.warmup_share, 0.0, 1.0)
        if self.schedule not in SCHEDULES:
            raise BadRequest(
                f"Setting schedule is {self.schedule!r}; use one of {', '.join(SCHEDULES)}."
            )
        _require("weight_decay", self.weight_decay, 0.0, 1.0)
        _require("flat_epochs", self.flat_epochs, 0, 1000)
        _require("dropout", self.dropout, 0.0, 0.9)

    @property
    def loss(self) -> str:
        """The objective's name, where an old name stands for a teacher as well."""
        return OLD_OBJECTIVES.get(self.objective, self.objective)

    @property
    def taught_by(self) -> str:
        """The teacher that was named, or that the objective's name implies."""
        if self.objective in OLD_OBJECTIVES:
            return self.objective
        return self.teacher or needs_of(self.objective).teacher or ATTENTION


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What a candidate must show before it is published; the rule is in trainer/loop/gate.py."""

    held_out_share: float = setting(0.2, "Share of the log's questions that is never trained on.")
    gate_min_questions: int = setting(5, "Held-out questions the gate needs; fewer say nothing.")
    gate_confidence: float = setting(
        0.8, "Share of bootstrap resamples in which the candidate must be better."
    )
    gate_min_coverage: float = setting(
        0.5, "Share of the reader's best passages that must be in the candidate's top 20."
    )
    gate_recall_tolerance: float = setting(0.01, "By how much labelled recall may fall.")
    gate_corpus_passages: int = setting(
        50_000, "Passages searched by the gate; larger corpora are sampled."
    )
    labelled_questions: Path | None = setting(
        None, "Questions with answers on which recall must not fall (JSONL)."
    )

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
    aggregation: str = setting(
        LOGGED_AGGREGATION, "Attention to one score; records without it are read again."
    )
    reread_top_k: int = setting(
        0, "Read again with so many fresh passages before training; 0: as logged."
    )
    min_questions: int = setting(50, "New usable questions that a retraining needs.")
    max_questions: int = setting(20_000, "The newest records are trained on, up to this many.")
    auto_questions: int = setting(0, "Retrain by itself at so many new answers; 0: never.")
    start_encoder: str | None = setting(
        None, "Name or folder of the encoder that training starts from; none: MiniLM."
    )
    interaction: str | None = setting(
        None,
        "What is compared: pooled, a vector per text, or late, one per token; none: as what "
        "serves, late where words do.",
    )
    student: str | None = setting(
        None, f"What is taught: {', '.join(STUDENTS)}; none: what the last checkpoint is."
    )
    student_words: str = setting(
        "teacher", "Words a new lstm or cnn begins with: teacher (the start encoder's) or scratch."
    )
    student_dimension: int = setting(128, "Width of a new lstm's or cnn's vectors.")
    token_dimension: int | None = setting(
        None, "Width that a late transformer's tokens are projected to, such as 96; none: its own."
    )
    adapt_reader: bool = setting(
        False, "Also tune the reader in a round, on the home's own documents and on corrections."
    )
    adapt_questions: int = setting(600, "Passages that questions are made of to tune the reader.")
    adapt_steps: int = setting(80, "Steps of that tuning, some 25 questions each.")
    device: str = setting("auto", "auto, cpu, cuda, cuda:1, ...")
    seed: int = setting(0, "Of data order and dropout.")

    def __post_init__(self) -> None:
        check_aggregation(self.aggregation)
        if self.interaction is not None:
            check_interaction(self.interaction)
        check_student(self.student, self.student_words)
        _require("student_dimension", self.student_dimension, 4, 4096)
        if self.token_dimension is not None:
            _require("token_dimension", self.token_dimension, 4, 4096)
        _require("reread_top_k", self.reread_top_k, 0, 100)
        _require("min_questions", self.min_questions, 1, 1_000_000_000)
        _require("max_questions", self.max_questions, 2, 1_000_000_000)
        _require("adapt_questions", self.adapt_questions, 10, 100_000)
        _require("adapt_steps", self.adapt_steps, 1, 100_000)
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
        groups = (self.distil, self.gate, self)
        values = {name: getattr(one, name) for one in groups for name in names_of(type(one))}
        path = values["labelled_questions"]
        return values | {"labelled_questions": None if path is None else str(path)}


def setting_names() -> list[str]:
    """Every flat name, in the order of the groups."""
    groups = (DistilSettings, GateSettings, TrainerSettings)
    return [name for group in groups for name in names_of(group)]


Group = TypeVar("Group", DistilSettings, GateSettings, TrainerSettings)


def _updated(group: Group, values: Mapping[str, Any]) -> Group:
    own = [one for one in settings_of(type(group)) if one.name in values]
    return changed(group, {one.name: _checked(one, values[one.name]) for one in own})


def _checked(one: Setting, value: object) -> object:
    """The value as its setting's type: an int may stand for a float, a text for a path."""
    if one.kind in (float, float | None) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if one.kind == Path | None and isinstance(value, str):
        return Path(value)
    if not isinstance(value, one.kind) or (isinstance(value, bool) and one.kind is not bool):
        expected = getattr(one.kind, "__name__", str(one.kind))
        raise BadRequest(f"Setting {one.name} is {value!r}; it must be of type {expected}.")
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
