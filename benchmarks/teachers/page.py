"""docs/teachers.md out of the cells that exist: claims, figures, costs, and what was not run.

Knows Markdown; what is read from the figures is in claims.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.teachers.claims import (
    DIFFERS,
    HOLDS,
    MISSING,
    OPEN,
    all_claims,
    economies,
    every,
    leads,
    verdict,
)
from benchmarks.teachers.plan import (
    BATCH,
    HARD,
    ITSELF,
    LABELS,
    LIST,
    NOBODY,
    PAIRS,
    cost_names,
)
from benchmarks.teachers.results import FIGURES, Interval, Results, Row

TEACHER_NAMES = {
    "cross_encoder": "cross-encoder",
    "attention": "reader's attention",
    LABELS: "named passages",
    NOBODY: "nobody",
}
OBJECTIVES = {
    LIST: "list KL",
    BATCH: "list KL + in-batch",
    PAIRS: "list KL + pairs + in-batch",
    HARD: "cross-entropy of labels",
}
OPENING = (
    "# Teachers and students\n\n"
    "Every teacher x student x objective on SQuAD's 1,537 paragraphs, by one command. Measured on "
    "questions of six articles that no reader, teacher or student was trained on; one right "
    "paragraph each. The questions that teach are `dev` questions of every second of the other "
    "articles (by name), which no teacher was trained on. The cross-encoder is trained by the "
    "command, on `train` questions of the rest with their named paragraphs and mined wrong ones, "
    "so it is asked about articles that are new to it. **The reader was not spared so:** it is "
    "the one that ships (`starter`, which points at its answers, in bfloat16 where that is fast) "
    "and learnt from gold paragraphs of other questions on the articles that teach here: it has "
    "seen their paragraphs, which flatters the rows of attention and of pairs. Teachers are asked "
    "about BM25's first passages; a second iteration about those that the student of the first "
    "finds. Students lstm and cnn are a reconstruction of arXiv 1911.11065, of which only the "
    "abstract could be read; pairs are PairDistill's (EMNLP 2024), compared by the reader, both "
    "orders.\n\n"
    "Figures are means over seeds in percent with the middle 95% of bootstrap draws of questions; "
    "seeds differ in the student's start, order and dropout, not in the questions that teach. A "
    "teacher's own order is measured on the first questions (`reranked`) alone. "
    f"{MISSING} was not run."
)


def write_page(results: Results, page: Path, notes: Path) -> None:
    """`notes`: what is to be said of the cells that they do not say themselves, where there is any,
    such as that not all were made with the same reader."""
    page.parent.mkdir(parents=True, exist_ok=True)
    parts = [
        OPENING, state(results), *notes_of(notes), claims_table(results), speed_table(results),
        figures_table(results), costs_table(results), not_run(results), closing(results),
    ]  # fmt: skip
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def notes_of(notes: Path) -> list[str]:
    return [notes.read_text(encoding="utf-8").strip()] if notes.is_file() else []


def state(results: Results) -> str:
    if not results.found:
        return "**Nothing has been worked out yet.**"
    sizes = sizes_of(results)
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in sizes.items())
    seeds = sorted({cell.seed for cell in results.found if cell.teacher != NOBODY})
    minutes = sum(body["seconds"] for body in results.found.values()) / 60
    return (
        f"**{len(results.found)} of {len(results.wanted)} cells**, seeds "
        f"{', '.join(map(str, seeds)) or 'none'}, {minutes:.0f} minutes. Sizes: {said}."
    )


def sizes_of(results: Results) -> dict[str, object]:
    """What the cells were made with; those of a kind were made with the same."""
    found = {
        name: value for body in results.found.values() for name, value in body["sizes"].items()
    }
    return dict(sorted(found.items()))


def claims_table(results: Results) -> str:
    lines = [
        "## Does it hold?\n",
        "Differences in points on the same questions and seeds (paired bootstrap, 95%). *Cannot "
        'be told*: the interval holds 0; "no worse" holds where the difference is not below 0. '
        "A claim holds in all where it holds in every figure. The rows with pairs have the "
        "in-batch term too: what the pairs bring by themselves is said by the claim against "
        "list and in-batch. A second iteration goes on where the first ended, so it has had "
        "twice the steps as well as other passages.\n",
        table_row(["claim", "seeds", *FIGURES, "in all"]),
        table_row(["---"] * (len(FIGURES) + 3)),
    ]
    claims = [one for one in all_claims() if any(leads(results, one).values())]
    in_all: list[str] = []
    for claim in claims:
        found = leads(results, claim)
        said = {name: verdict(one, or_level=claim.or_level) for name, one in found.items()}
        shown = [difference(found[name], said[name]) for name in FIGURES]
        seeds = {*results.seeds(claim.first)} & {*results.seeds(claim.second)}
        number = str(len(seeds)) if seeds else MISSING
        in_all.append(every(list(said.values())))
        lines.append(table_row([claim.words, number, *shown, in_all[-1]]))
    held, lost, unsure = (in_all.count(one) for one in (HOLDS, DIFFERS, OPEN))
    lines.insert(
        1,
        f"Of {len(claims)} claims that have figures {held} hold in every figure, {lost} do not in "
        f"at least one, and of {unsure} it cannot be told.\n",
    )
    open_claims = [one.words for one in all_claims() if one not in claims]
    if open_claims:
        lines.append(f"\nNo cells yet for {len(open_claims)} claims: {'; '.join(open_claims)}.")
    return "\n".join(lines)


def speed_table(results: Results) -> str:
    lines = [
        "## Twelve times as fast, a twentieth of the size?\n",
        "How many times as many passages a second the student encodes as its teacher reads with a "
        "question, how many times less a question takes (the student encodes it; the teacher reads "
        "its passages), and how many times fewer parameters it has. It holds at 12 and 20.\n",
        table_row(["student", "teacher", "passages/s", "question", "parameters", "holds"]),
        table_row(["---"] * 6),
    ]
    known = economies(results)
    for one in known:
        times = (one.passages, one.questions, one.parameters)
        shown = [f"x {value:.1f}" for value in times]
        lines.append(table_row([one.student, TEACHER_NAMES[one.teacher], *shown, one.verdict]))
    return "\n".join(lines) if known else "## Speed and size\n\nNot measured yet."


def figures_table(results: Results) -> str:
    lines = [
        "## Figures\n",
        table_row(["teacher", "student", "objective", "iteration", "seeds", *FIGURES]),
        table_row(["---"] * (len(FIGURES) + 5)),
    ]
    for row in sorted(filter(results.seeds, results.rows()), key=place_of):
        teacher, student, objective, number = row
        names = [TEACHER_NAMES[teacher], student, OBJECTIVES.get(objective, "–")]
        if student == ITSELF:
            names[1] = "the teacher orders BM25's first 20"
        shown = [interval(results.figure(row, name)) for name in FIGURES]
        seeds = str(len(results.seeds(row)))
        lines.append(table_row([*names, str(number) if number else "–", seeds, *shown]))
    return "\n".join(lines)


def costs_table(results: Results) -> str:
    lines = [
        "## Costs\n",
        "Of processor time, one thread, on the machine that the command ran on; the bytes are of "
        "vectors and tokens in an exact index. Students compute in float32, teachers in "
        "bfloat16 where that is fast. A teacher's question is one with all its passages. Each was "
        "measured once.\n",
        table_row(["", "parameters", "µs a question", "passages/s", "bytes a passage"]),
        table_row(["---"] * 5),
    ]
    for name in cost_names():
        one = results.costs.get(name)
        shown = [MISSING] * 4
        if one is not None:
            size = one["bytes_per_passage"]
            shown = [
                f"{one['parameters']:,}", f"{one['question_us']:,.0f}",
                f"{one['passages_per_s']:,.1f}", "–" if size is None else f"{size:,}",
            ]  # fmt: skip
        lines.append(table_row([TEACHER_NAMES.get(name, name), *shown]))
    return "\n".join(lines)


def not_run(results: Results) -> str:
    missing = results.missing()
    if not missing:
        return "## Not run\n\nEvery cell of the plan was run."
    rows: dict[tuple[str, str, int, int], list[str]] = {}
    for cell in missing:
        key = (cell.teacher, cell.objective, cell.round, cell.seed)
        rows.setdefault(key, []).append(cell.student)
    ways: dict[tuple[str, str, int, str], list[str]] = {}
    for (teacher, objective, number, seed), students in rows.items():
        ways.setdefault((teacher, objective, number, ", ".join(students)), []).append(str(seed))
    lines = [f"## Not run\n\n{len(missing)} cells; the command goes on with them:\n"]
    for (teacher, objective, number, together), seeds in ways.items():
        round_ = f", iteration {number}" if number else ""
        kind = OBJECTIVES.get(objective, "as it is")
        name = TEACHER_NAMES[teacher]
        lines.append(f"- {name}, {kind}{round_}: {together}; seeds {', '.join(seeds)}")
    return "\n".join(lines)


def closing(results: Results) -> str:
    sizes = sizes_of(results).items()
    given = "".join(f" --{name.replace('_', '-')} {value}" for name, value in sizes)
    return (
        "## Again\n\n"
        f"    python -m benchmarks.teachers --data FOLDER --work DIR{given}\n"
        "\nWithout sizes it takes larger ones; `--minutes`, `--seeds`, `--teachers` and "
        "`--students` do a part. What is done is never done twice; results are in "
        "`benchmarks/results/teachers`. Not "
        "compared here: monoT5 and duoT5 and instruction prompts (no model of theirs is at hand), "
        "MarginMSE and RankNet."
    )


def place_of(row: Row) -> tuple[int, str, str, str, int]:
    """Untaught first, then by student, so that rows to compare stand together."""
    teacher, student, objective, number = row
    first = 0 if teacher == NOBODY else 1 if student == ITSELF else 2
    return first, student, teacher if teacher != LABELS else "", objective, number


def interval(one: Interval | None) -> str:
    """`middle (low to high)`.

    >>> interval(Interval(61.25, 57.0, 65.5)), interval(None)
    ('61.2 (57.0 to 65.5)', '·')
    """
    return MISSING if one is None else f"{one.middle:.1f} ({one.low:.1f} to {one.high:.1f})"


def difference(one: Interval | None, said: str) -> str:
    if one is None:
        return MISSING
    return f"{one.middle:+.1f} ({one.low:+.1f} to {one.high:+.1f}): {said}"


def table_row(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"
