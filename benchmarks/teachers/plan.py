"""Which cells the comparison has, and how much of everything each takes.

A cell is one student taught one way with one seed, or what one model costs. Knows no model and no
file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

STUDENTS = ("lstm", "cnn", "transformer", "late")
NETS = ("lstm", "cnn")
TEACHERS = ("cross_encoder", "attention")
LABELS, NOBODY, ITSELF = "labels", "nobody", "itself"
LIST, BATCH, PAIRS, HARD, NONE = "list", "list+batch", "list+batch+pairs", "labels", "none"
UNTAUGHT = ("bm25", "transformer", "late")  # students as they are before any teaching
COST = "cost"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Written into each cell; two sizes are never mixed."""

    questions: int = 500  # taught with
    depth: int = 10  # passages of each that the teacher judges
    pairs: int = 8  # of each that are compared
    measured: int = 600  # on articles nobody was taught with
    reranked: int = 300  # of these, by a teacher itself
    epochs: int = 1  # of a transformer
    net_epochs: int = 6
    passages_per_question: int = 6
    cross_steps: int = 300  # of the cross-encoder, where none is given
    cross_wrong: int = 3  # passages beside a question's right one, in a step of it


@dataclass(frozen=True, slots=True)
class Cell:
    """`teacher` NOBODY: untaught, LABELS: named passages; `student` ITSELF: the teacher ranks."""

    teacher: str
    student: str
    objective: str
    round: int
    seed: int

    @property
    def file(self) -> str:
        name = f"{self.teacher}-{self.student}-{self.objective}-{self.round}"
        return f"{name}-seed{self.seed}.json"

    @property
    def row(self) -> tuple[str, str, str, int]:
        return self.teacher, self.student, self.objective, self.round


def all_cells(seeds: Sequence[int]) -> list[Cell]:
    """Those without a draw once; then seed by seed, nets before transformers: they take minutes."""
    once = [
        *(Cell(NOBODY, student, NONE, 0, 0) for student in UNTAUGHT),
        *(Cell(teacher, ITSELF, NONE, 0, 0) for teacher in TEACHERS),
    ]
    return [
        *(Cell(NOBODY, net, NONE, 0, seed) for net in NETS for seed in seeds),
        *once,
        *(Cell(*row, seed) for seed in seeds for row in taught_rows(NETS)),
        *(Cell(*row, seed) for seed in seeds for row in taught_rows(("transformer", "late"))),
    ]


def taught_rows(students: Sequence[str]) -> list[tuple[str, str, str, int]]:
    """Every way of teaching; the second round goes on where the first ended."""
    rows = [(LABELS, student, objective, 1) for student in students for objective in (HARD, BATCH)]
    for objective in (LIST, BATCH, PAIRS):
        rows += [(teacher, student, objective, 1) for teacher in TEACHERS for student in students]
    return rows + [(teacher, student, LIST, 2) for teacher in TEACHERS for student in students]


def cost_names() -> tuple[str, ...]:
    return (*STUDENTS, *TEACHERS)


def plain(sizes: Sizes, cell: Cell) -> dict[str, Any]:
    """The sizes the cell's figures depend on; a change of the others leaves it valid."""
    wanted = {"reranked" if cell.student == ITSELF else "measured"}
    if cell.student == ITSELF:
        wanted |= {"cross_steps", "cross_wrong"} if cell.teacher == "cross_encoder" else set()
        return {name: value for name, value in asdict(sizes).items() if name in wanted}
    if cell.teacher != NOBODY:
        wanted |= {"depth"}
    if cell.teacher == "cross_encoder":
        wanted |= {"cross_steps", "cross_wrong"}
    if cell.student in STUDENTS and cell.teacher != NOBODY:
        wanted |= {"questions", "passages_per_question"}
        wanted |= {"net_epochs" if cell.student in NETS else "epochs"}
    if cell.objective in (BATCH, PAIRS) and cell.teacher != LABELS:
        wanted |= {"pairs"}
    return {name: value for name, value in asdict(sizes).items() if name in wanted}
