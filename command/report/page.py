"""The report as one page of HTML: nothing is loaded, nothing runs, everything is escaped.

Knows the values of a report; reads no home.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from command.report.drawings import line_chart, reliability_diagram
from command.report.lessons import Lesson, Lessons
from command.report.survey import LogFigures

STYLE = Path(__file__).with_name("page.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Round:
    """One retraining as its job's metrics tell it."""

    when: str
    state: str
    generation: int | None
    questions: int | None
    before: float | None  # agreement with the reader on held-out questions, nDCG
    after: float | None
    seconds: float | None  # of training
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page says."""

    home: str
    when: str
    serving: int | None
    documents: int
    log: LogFigures
    kept: Sequence[int]  # generations there are
    quality: Sequence[tuple[int, float]]  # agreement with the reader, by generation
    rounds: Sequence[Round]  # newest first
    lessons: Lessons | None
    no_lessons: str  # why there are none


def page(report: Report) -> str:
    parts = (
        _head(report), _quality(report), _confidence(report.log), _learnt(report),
        _hardest(report.log), _documents(report.log), _unread(report.log), _stages(report.log),
        _rounds(report.rounds),
    )  # fmt: skip
    name = escape(report.home)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>Reread: {name}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head>\n"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _head(report: Report) -> str:
    log = report.log
    facts = {
        "serves": "nothing yet" if report.serving is None else f"generation {report.serving}",
        "documents": f"{report.documents:,}",
        "passages": f"{log.passages:,}",
        "answers": f"{log.answers:,}",
        "judged by people": f"{log.judged:,}",
    }
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items()
    )
    where = f'<p class="soft">{escape(report.home)}, {escape(report.when)}</p>'
    return f'<h1>Reread: how it stands</h1>{where}<dl class="facts">{cells}</dl>'


def _quality(report: Report) -> str:
    text = "No generation was made by a retraining yet, so there is nothing to compare."
    parts = []
    if report.quality:
        parts.append(line_chart(report.quality, "Agreement with the reader by generation"))
        text = (
            "How well each generation's ranking agrees with the reader's on questions that were "
            "held out when it was made (nDCG). Each was measured on the questions of its time."
        )
    rows = [
        (
            number, f"{one.answers:,}", f"{one.found:.0%}", f"{one.confidence:.0%}",
            "" if one.right is None else f"{one.right:.0%} of {one.judged}",
        )
        for number, one in report.log.by_generation.items()
    ]  # fmt: skip
    heads = ("generation", "answers", "found", "mean confidence", "right, by people")
    table = _table(heads, rows) if rows else ""
    return _section("Quality by generation", f'<p class="soft">{text}</p>', *parts, table)


def _confidence(log: LogFigures) -> str:
    if not log.bins:
        text = (
            f"People judged {log.judged} of these answers; from 5 on, this shows how often the "
            "reader is right when it says it is sure."
        )
        return _section("Does it know when it is right?", f"<p>{text}</p>")
    text = (
        f"Each dot is a group of judged answers: to the right the reader was surer, higher up it "
        f"was right more often; on the dashed line it is as right as it is sure. On average they "
        f"are {log.error:.0%} apart. People judge what strikes them, so this is no random sample."
    )
    drawn = reliability_diagram(log.bins)
    return _section("Does it know when it is right?", f'<p class="soft">{text}</p>', drawn)


def _learnt(report: Report) -> str:
    told = report.lessons
    if told is None:
        return _section("What the last round learnt", f"<p>{escape(report.no_lessons)}</p>")
    text = (
        f"{told.questions} questions of the log, searched with generation {told.old} and with "
        f"{told.new}: what the reader leaned on most, or a person marked, comes first for "
        f"{told.first_before} of them before and {told.first_after} after. The questions may have "
        "been trained on."
    )
    parts = [f"<p>{text}</p>"]
    for name, lessons in (("Nearer to the first place", told.gained), ("Farther", told.lost)):
        if lessons:
            heads = ("question", "wanted", f"generation {told.old}", f"generation {told.new}")
            parts += [f"<h3>{name}</h3>", _table(heads, map(_lesson_row, lessons), safe=True)]
    return _section("What the last round learnt", *parts)


def _lesson_row(one: Lesson) -> tuple[str, ...]:
    def side(rank: int | None, titles: Sequence[str]) -> str:
        place = "not among 20" if rank is None else f"place {rank}"
        listed = "".join(f"<li>{escape(title)}</li>" for title in titles)
        return f"<strong>{place}</strong><ol>{listed}</ol>"

    return (
        escape(one.question), escape(one.favourite), side(one.before, one.first_before),
        side(one.after, one.first_after),
    )  # fmt: skip


def _hardest(log: LogFigures) -> str:
    rows = [(one.question, one.answer or "(none)", one.why) for one in log.hard]
    body = _table(("question", "answer", "why"), rows) if rows else "<p>None was asked yet.</p>"
    return _section("Hardest questions", body)


def _documents(log: LogFigures) -> str:
    if not log.reached:
        return _section("Documents that answer most", "<p>None has answered anything yet.</p>")
    most = max(one.weight for one in log.reached)
    rows = [
        (
            escape(one.name), f"{one.questions:,}",
            f'{one.weight:.1f}<span class="bar"><span style="width:{100 * one.weight / most:.0f}%">'
            "</span></span>",
        )
        for one in log.reached
    ]  # fmt: skip
    heads = ("document", "first choice of the reader", "weight over all answers")
    return _section("Documents that answer most", _table(heads, rows, safe=True))


def _unread(log: LogFigures) -> str:
    share = log.unread / log.passages if log.passages else 0.0
    names = list(dict.fromkeys(log.unread_names))
    listed = "".join(f"<li>{escape(name)}</li>" for name in names)
    more = (
        f'<p class="soft">Of these documents, among others:</p><ul>{listed}</ul>' if names else ""
    )
    text = f"{log.unread:,} of {log.passages:,} passages ({share:.0%}) were in no answer's list."
    return _section("Passages never retrieved", f"<p>{text}</p>", more)


def _stages(log: LogFigures) -> str:
    rows = [(one.name, f"{one.half_ms:,.0f} ms", f"{one.most_ms:,.0f} ms") for one in log.stages]
    heads = ("stage", "half of the answers within", "19 of 20 within")
    none = "<p>These answers were logged before stages were timed.</p>"
    return _section("Slowest stages", _table(heads, rows) if rows else none)


def _rounds(rounds: Sequence[Round]) -> str:
    def share(value: float | None) -> str:
        return "" if value is None else f"{value:.1%}"

    rows: list[tuple[Any, ...]] = [
        (
            one.when, one.state, "" if one.generation is None else one.generation,
            "" if one.questions is None else one.questions, share(one.before), share(one.after),
            "" if one.seconds is None else f"{one.seconds:,.0f} s", one.reason,
        )
        for one in rounds
    ]  # fmt: skip
    heads = ("when", "state", "generation", "questions", "before", "after", "training", "reason")
    none = "<p>None yet: <code>reread retrain --wait</code>.</p>"
    return _section("Retrainings", _table(heads, rows) if rows else none)


def _section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, safe: bool = False) -> str:
    """`safe`: the cells are HTML already."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{cell if safe else escape(str(cell))}</td>' for cell in row)}</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(heads[0])} table">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
