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

    questions: int = 2000  # taught with
    depth: int = 20  # passages of each that the teacher judges
    pairs: int = 16  # of each that are compared
    measured: int = 500  # on articles nobody was taught with
    epochs: int = 2  # of a transformer
    net_epochs: int = 6
    passages_per_question: int = 8
    cross_steps: int = 1500  # of the cross-encoder, where none is given


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
    """Seed by seed, those first that others wait for; what has no draw has one seed."""
    once = [
        *(Cell(NOBODY, student, NONE, 0, 0) for student in UNTAUGHT),
        *(Cell(teacher, ITSELF, NONE, 0, 0) for teacher in TEACHERS),
    ]
    return [*once, *(Cell(*row, seed) for seed in seeds for row in taught_rows())]


def taught_rows() -> list[tuple[str, str, str, int]]:
    """Every way of teaching; the second round goes on where the first ended."""
    rows: list[tuple[str, str, str, int]] = []
    for student in STUDENTS:
        rows.append((LABELS, student, HARD, 1))
        rows += [(teacher, student, LIST, 1) for teacher in TEACHERS]
    for teacher in TEACHERS:
        for student in STUDENTS:
            rows += [(teacher, student, objective, 1) for objective in (BATCH, PAIRS)]
            rows.append((teacher, student, LIST, 2))
    return rows


def cost_names() -> tuple[str, ...]:
    return (*STUDENTS, *TEACHERS)


def plain(sizes: Sizes, cell: Cell) -> dict[str, Any]:
    """The sizes the cell's figures depend on; a change of the others leaves it valid."""
    wanted = {"measured"}
    if cell.teacher != NOBODY:
        wanted |= {"depth"}
    if cell.teacher == "cross_encoder":
        wanted |= {"cross_steps"}
    if cell.student in STUDENTS and cell.teacher != NOBODY:
        wanted |= {"questions", "passages_per_question"}
        wanted |= {"net_epochs" if cell.student in NETS else "epochs"}
    if cell.objective in (BATCH, PAIRS):
        wanted |= {"pairs"}
    return {name: value for name, value in asdict(sizes).items() if name in wanted}
