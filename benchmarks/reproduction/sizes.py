"""Which cells the reproduction has, how much of everything each takes, and how long that lasts.

One cell is one table's row for one seed. Knows no model and no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

SPLITS = ("articles", "questions")
KEPT_AGGREGATIONS = (
    "mean", "max_tokens", "all_outputs", "last_layers", "max_layers", "max_heads",
)  # fmt: skip
ANSWER_ROWS = ("ppmean", "loop", "emdr2")  # teachers of Atlas, and its loss, as Table 5 names them
LATE = "late"  # MiniLM compared token by token, before and after a round on BM25's scored lists
TOGETHER = "together"  # BM25's scores added to the retriever's, before and after BM25's first round
DPR = "dpr"  # a retriever taught on gold passages first, the only start that uses any
ENCODER = "encoder-0"  # what BM25's round trains, before it; read by the reader of FIRST
STORIES = "stories"  # a run from BM25 whose questions search one article each, as Table 4's
FIRST = "first"  # the run from BM25 whose iteration 0 tables 5 and 6 and section 3.2 share
STARTS = {  # a row of Table 1 up to its number -> in words
    "bm25": "BM25",
    "untrained": "untrained encoder",
    DPR: "DPR-style encoder (taught on gold passages)",
    "encoder": "MiniLM, no round",
    LATE: "MiniLM token by token, taught from BM25",
    TOGETHER: "BM25 with the retriever, scores added",
}
SHARED_SIZES = (
    "depth", "reader_steps", "reader_batch", "reader_passages", "reader_learning_rate", "bf16",
)  # fmt: skip
RAW = "-raw"  # of a row of tables 5 and 6: the reader's scores as they are, as in the paper
ATTENTION_ROWS = ("kl", "mse", "margin-0.2", "margin-1", "margin-0.1")
OBJECTIVE_ROWS = (*ATTENTION_ROWS, *ANSWER_ROWS)  # the latter learn from given answers
SAME = {  # one figure under two names; a margin sees the order of scores alone
    ("table6", "mean"): ("table5", "kl"),
    ("table6", f"mean{RAW}"): ("table5", f"kl{RAW}"),
    **{
        ("table5", f"{row}{RAW}"): ("table5", row)
        for row in ATTENTION_ROWS
        if row.startswith("margin")
    },
}
# Seconds per unit on two idle cores of an AMX machine in bfloat16; the work done so far corrects
# them. Passage lengths are SQuAD's.
READ_S, STEP_PASSAGE_S, DISTIL_PASSAGE_S, ENCODE_S, FIXED_S = 0.18, 0.04, 0.03, 10.0, 2.0


@dataclass(frozen=True, slots=True)
class Round:
    """How a retriever is trained in one round."""

    questions: int
    epochs: int
    batch_questions: int
    learning_rate: float
    passages_per_question: int = 8
    freeze_word_embeddings: bool = True


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything; written into each cell, and two sizes are never mixed."""

    bm25: Round = Round(1600, 1, 16, 5e-5)  # Table 1
    untrained: Round = Round(700, 1, 16, 5e-5)  # Table 1
    dpr: Round = Round(1600, 1, 16, 5e-5)  # Table 1, and its supervised training
    table: Round = Round(150, 2, 8, 1e-4)  # tables 5 and 6
    stories: Round = Round(700, 1, 16, 5e-5, passages_per_question=5)  # Table 4
    first_questions: int = 300  # what the reader of tables 5 and 6 and section 3.2 reads first
    measured: int = 500  # R@k, per split
    answered: int = 100  # EM of Table 1 and figures of Table 4, per split
    section_answered: int = 50  # EM of section 3.2 and of the encoder before any round, per split
    table_answered: int = 25  # EM of tables 5 and 6, per split
    depth: int = 20
    story_depth: int = 5  # of an article's 43 paragraphs on average
    reader_steps: int = 8
    reader_batch: int = 8
    reader_passages: int = 6
    reader_learning_rate: float = 2e-5  # it has been trained to the end; 1e-4 cost 17 EM
    bf16: bool = True
    spared: bool = False  # trained on articles that the starter reader never saw

    def of_start(self, start: str) -> Round:
        """What a run trains its retriever with; FIRST's serves the rows of tables 5 and 6."""
        own = {"bm25": self.bm25, "untrained": self.untrained, DPR: self.dpr, FIRST: self.table}
        return self.stories if start == STORIES else own[start]

    def drawn(self, start: str) -> int:
        """Training questions of a run."""
        return self.first_questions if start == FIRST else self.of_start(start).questions


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of one table for one seed."""

    table: str  # table1, table4, table5, table6, section32
    row: str
    seed: int

    @property
    def file(self) -> str:
        return f"{self.table}-{self.row}-seed{self.seed}.json"


def all_cells(iterations: Mapping[str, int], seeds: Sequence[int]) -> list[Cell]:
    """Every cell, seed by seed, those first that others wait for; `iterations` by start."""
    rows = [
        *(("section32", row) for row in section_rows()),
        ("table1", ENCODER),
        *(("table1", f"{s}-{n}") for s, last in iterations.items() for n in range(last + 1)),
        *(
            ("table1", f"{name}-{n}")
            for name in (LATE, TOGETHER)
            for n in (0, 1)[: iterations["bm25"] + 1]
        ),
        *(("table4", f"{STORIES}-{n}") for n in (0, 1)[: iterations["bm25"] + 1]),
        *(("table5", row) for row in ATTENTION_ROWS),
        *(("table6", row) for row in KEPT_AGGREGATIONS),
        *(("table5", row) for row in ANSWER_ROWS),
        *(("table5", f"{row}{RAW}") for row in ATTENTION_ROWS),
        *(("table6", f"{row}{RAW}") for row in KEPT_AGGREGATIONS),
    ]
    return [Cell(table, row, seed) for seed in seeds for table, row in rows]


def with_raw(rows: Sequence[str]) -> list[str]:
    """Each row that learns from attention with its raw one behind it.

    >>> with_raw(["kl", "loop"])
    ['kl', 'kl-raw', 'loop']
    """
    return [
        name for row in rows for name in ([row] if row in ANSWER_ROWS else [row, f"{row}{RAW}"])
    ]


def section_rows() -> list[str]:
    return ["all", *(f"{order}-{k}" for k in (10, 5, 2, 1) for order in ("retriever", "attention"))]


def sizes_of(
    *, questions: int | None, table_questions: int | None, epochs: int | None, **given: Any
) -> Sizes:
    """The default sizes with what was given in their place; `epochs` are those of every round."""
    sizes = replace(Sizes(), **{name: value for name, value in given.items() if value is not None})
    rounds = {
        name: resized(
            getattr(sizes, name), table_questions if name == "table" else questions, epochs
        )
        for name in ("bm25", "untrained", DPR, STORIES, "table")
    }
    return replace(sizes, **rounds, first_questions=questions or sizes.first_questions)


def resized(training: Round, questions: int | None, epochs: int | None) -> Round:
    return replace(
        training, questions=questions or training.questions, epochs=epochs or training.epochs
    )


def plain(sizes: Sizes, cell: Cell) -> dict[str, Any]:
    """The sizes the cell's figures depend on; a change of the others leaves it valid."""
    wanted = {*SHARED_SIZES, "measured"}
    if cell.table in ("table5", "table6"):
        wanted |= {"table", "first_questions", "table_answered"}
    elif cell.table == "section32" or cell.row == ENCODER:
        wanted |= {"first_questions", "section_answered"}
    else:
        start = cell.row.partition("-")[0]
        wanted |= {"answered", "bm25" if start in (LATE, TOGETHER) else start}
    if cell.table == "table4":
        wanted = wanted - {"depth"} | {"story_depth"}
    wanted |= {"spared"} if sizes.spared else set()  # cells made before there was a choice lack it
    return {name: value for name, value in asdict(sizes).items() if name in wanted}


def seconds_of(cell: Cell, sizes: Sizes) -> float:
    """What the cell needs by itself, its predecessors being there."""
    small = cell.table == "section32" or cell.row == ENCODER
    answered = sizes.section_answered if small else sizes.answered
    answer = 2 * answered * READ_S
    reader = sizes.reader_steps * sizes.reader_batch * sizes.reader_passages * STEP_PASSAGE_S
    if cell.table == "section32":
        k = int(cell.row.partition("-")[2] or sizes.depth)
        if cell.row == "all":
            return reader + answer + sizes.first_questions * READ_S + FIXED_S
        return answer * k / sizes.depth + FIXED_S
    if cell.row.startswith(("encoder", LATE, TOGETHER)):
        trained = training_seconds(sizes.bm25) if cell.row == f"{LATE}-1" else 0.0
        return ENCODE_S + trained + answer + FIXED_S
    if cell.table == "table4":
        share = sizes.story_depth / sizes.depth
        scored = 0.0 if cell.row == f"{STORIES}-0" else sizes.stories.questions * READ_S
        trained = training_seconds(sizes.stories) if scored else 0.0
        return reader + (answer + scored) * share + trained + FIXED_S
    if cell.table == "table1":
        start, _, number = cell.row.partition("-")
        scored = 0.0 if number == "0" else sizes.drawn(start) * READ_S
        trained = 0.0 if number == "0" else training_seconds(sizes.of_start(start))
        encoded = 0.0 if cell.row == "bm25-0" else ENCODE_S
        encoded += training_seconds(sizes.dpr) if cell.row == f"{DPR}-0" else 0.0
        return encoded + reader + answer + scored + trained + FIXED_S
    if (cell.table, cell.row) in SAME:
        return 0.0
    answer = 2 * sizes.table_answered * READ_S
    return training_seconds(sizes.table) + ENCODE_S + answer + FIXED_S


def training_seconds(training: Round) -> float:
    passages = training.questions * training.passages_per_question * training.epochs
    return passages * DISTIL_PASSAGE_S
