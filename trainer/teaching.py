"""Teacher, objective, student: the three names of a training, and which of them go together.

Knows names and templates; knows no model, no loss and no file.
"""

from dataclasses import dataclass
from string import Formatter
from typing import Protocol

from reread.errors import BadRequest

ATTENTION, PPMEAN, LOOP = "attention", "ppmean", "loop"
ANSWER_TEACHERS = (PPMEAN, LOOP)  # say how likely the reader finds a given answer
MODEL_TEACHERS = ("cross_encoder", "prompted")  # models of their own
TEACHERS = (ATTENTION, *ANSWER_TEACHERS, *MODEL_TEACHERS)
STUDENTS = ("transformer", "lstm", "cnn")
STUDENT_WORDS = ("teacher", "scratch")
PROMPT_FIELDS, PAIR_FIELDS = ("question", "passage"), ("question", "first", "second")
PAIR_TEACHERS = ("reader", "prompted_pairs")
OBJECTIVES = (
    "kl", "mse", "margin", "emdr2", "soft_labels", "pair_kl", "margin_mse", "ranknet",
)  # fmt: skip  # losses of scores alone, in student/objectives.py
OLD_OBJECTIVES = {PPMEAN: "kl", LOOP: "kl"}  # teachers that once were objectives -> their loss


@dataclass(frozen=True, slots=True)
class Needs:
    """What an objective looks at beside a teacher's scores of one question's passages."""

    teacher: str | None = None  # the only one that makes it
    tokens: bool = False  # each answer token's likelihood
    pairs: bool = False  # comparisons of two passages, and other questions' passages
    labels: bool = False  # named passages, where hard_label_share is above 0
    level: bool = False  # scores on the level of the student's own


NEEDS = {
    "emdr2": Needs(teacher=PPMEAN, tokens=True),
    "pair_kl": Needs(pairs=True),
    "soft_labels": Needs(labels=True),
    "mse": Needs(level=True),
}


def needs_of(objective: str) -> Needs:
    return NEEDS.get(objective, Needs())


class TeachersNamed(Protocol):
    """What is checked of the settings."""

    @property
    def loss(self) -> str: ...
    @property
    def taught_by(self) -> str: ...
    @property
    def teacher_model(self) -> str | None: ...
    @property
    def teacher_prompt(self) -> str | None: ...
    @property
    def teacher_words(self) -> str: ...
    @property
    def pair_teacher(self) -> str | None: ...
    @property
    def pair_model(self) -> str | None: ...
    @property
    def pair_prompt(self) -> str | None: ...
    @property
    def pair_words(self) -> str: ...
    @property
    def pair_weight(self) -> float: ...


def check_objective(objective: str, teacher: str | None) -> None:
    """Both names, and that they can go together; raises BadRequest."""
    if objective not in (*OBJECTIVES, *OLD_OBJECTIVES):
        raise BadRequest(
            f"Unknown objective {objective!r}; use one of {', '.join(OBJECTIVES)} "
            f"(a teacher is a setting of its own: {', '.join(TEACHERS)})."
        )
    if teacher is not None and teacher not in TEACHERS:
        raise BadRequest(f"Unknown teacher {teacher!r}; use one of {', '.join(TEACHERS)}.")
    if teacher is not None and objective in OLD_OBJECTIVES and teacher != objective:
        raise BadRequest(
            f"Objective {objective!r} is the teacher {objective!r} with the objective "
            f"{OLD_OBJECTIVES[objective]!r}, and the teacher given is {teacher!r}: name one "
            f"teacher, and the objective kl."
        )
    needed = needs_of(objective).teacher
    if teacher is not None and needed is not None and teacher != needed:
        raise BadRequest(
            f"Objective {objective} learns from the answer tokens of the teacher {needed}, and the "
            f"teacher given is {teacher}: leave the teacher out, or use another objective."
        )


def check_models(named: TeachersNamed) -> None:
    """That a teacher with a model of its own has one, and prompts have their fields."""
    if named.taught_by in MODEL_TEACHERS and named.teacher_model is None:
        raise BadRequest(
            f"The teacher {named.taught_by} is a model of its own and no teacher_model is named: "
            f"give its folder or name, or choose the teacher {ATTENTION}."
        )
    if named.pair_teacher is not None and named.pair_teacher not in PAIR_TEACHERS:
        raise BadRequest(
            f"The teacher {named.pair_teacher!r} compares no pairs; pair_teacher is one of "
            f"{', '.join(PAIR_TEACHERS)}."
        )
    if named.pair_teacher == "prompted_pairs" and named.pair_model is None:
        raise BadRequest(
            "The pair_teacher prompted_pairs is a model and no pair_model is named: give its "
            "folder or name, or choose the pair_teacher reader."
        )
    compares = needs_of(named.loss).pairs and named.pair_weight > 0
    if compares and named.pair_teacher is None:
        raise BadRequest(
            f"Objective {named.loss} learns from comparisons of two passages, which the teacher "
            f"{named.taught_by} does not make: name a pair_teacher ({', '.join(PAIR_TEACHERS)}), "
            f"choose the objective kl, or the pair_weight 0."
        )
    check_prompt("teacher_prompt", named.teacher_prompt, PROMPT_FIELDS)
    check_prompt("pair_prompt", named.pair_prompt, PAIR_FIELDS)
    two_words("teacher_words", named.teacher_words)
    two_words("pair_words", named.pair_words)


def check_prompt(name: str, template: str | None, fields: tuple[str, ...]) -> None:
    """BadRequest where a template has not exactly these fields; None is the default one.

    >>> check_prompt("prompt", "{question} or {passage}?", ("question", "passage"))
    """
    if template is None:
        return
    try:
        found = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise BadRequest(f"{name} {template[:60]!r} is no template: {error}.") from error
    if found != set(fields):
        wanted = ", ".join(f"{{{one}}}" for one in fields)
        has = ", ".join(f"{{{one}}}" for one in sorted(found)) or "none"
        raise BadRequest(f"{name} {template[:60]!r} has the fields {has}; it needs {wanted}.")


def two_words(name: str, text: str) -> tuple[str, str]:
    """The two words of a comma-separated pair.

    >>> two_words("teacher_words", "Yes, No")
    ('Yes', 'No')
    """
    words = [one.strip() for one in text.split(",")]
    if len(words) != 2 or not all(words) or words[0] == words[1]:
        raise BadRequest(f"{name} is {text!r}; give two different words, such as true,false.")
    return words[0], words[1]


def check_student(student: str | None, words: str) -> None:
    """Both names; raises BadRequest."""
    if student is not None and student not in STUDENTS:
        raise BadRequest(f"Unknown student {student!r}; use one of {', '.join(STUDENTS)}.")
    if words not in STUDENT_WORDS:
        raise BadRequest(f"student_words is {words!r}; use one of {', '.join(STUDENT_WORDS)}.")
