"""Reads cases with a reader and keeps a line for each, so that a run that was cut goes on.

Knows cases and readings; knows no figures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.reading.cases import Case, text_of, without
from evaluation.measure import AnswerReader
from evaluation.metrics import exact_match, f1
from reread.reading import Reading, ReadRequest

Line = dict[str, Any]


def read_lines(path: Path) -> dict[str, Line]:
    """Lines kept so far, by case; a last line that was cut is read again."""
    found = {}
    if path.exists():
        for text in path.read_text(encoding="utf-8").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            found[line["id"]] = line
    return found


def read_all(
    reader: AnswerReader,
    cases: Iterable[Case],
    path: Path,
    *,
    evidence: bool = False,
    report: Callable[[int], None] = lambda done: None,
) -> list[Line]:
    """A line for every case, in order; what `path` has is not read again."""
    kept, lines = read_lines(path), []
    with path.open("a", encoding="utf-8") as file:
        for case in cases:
            if case.id not in kept:
                kept[case.id] = line_of(reader, case, evidence and case.set == "top20")
                file.write(json.dumps(kept[case.id]) + "\n")
                file.flush()
            lines.append(kept[case.id])
            report(len(lines))
    return lines


def line_of(reader: AnswerReader, case: Case, evidence: bool) -> Line:
    """What is kept of one reading."""
    began = time.perf_counter()
    reading = read(reader, case)
    seconds = time.perf_counter() - began
    line = {
        "id": case.id, "set": case.set, "kind": case.kind, "answerable": bool(case.answers),
        "answer": reading.answer, "draft": reading.draft, "found": reading.found,
        "em": exact_match(reading.answer, case.answers) if reading.found else 0.0,
        "f1": f1(reading.answer, case.answers) if reading.found else 0.0,
        "draft_em": exact_match(reading.draft, case.answers),
        "confidence": reading.confidence, "signals": dict(reading.signals or {}),
        "verbatim": stands(reading, case), "rank": rank_of_right(reading, case),
        "passages": len(case.passages), "seconds": seconds,
    }  # fmt: skip
    if evidence and reading.draft:
        line["evidence"] = removed(reader, case, reading)
    return line


def read(reader: AnswerReader, case: Case) -> Reading:
    """The reading of a case."""
    (reading,) = reader.read([ReadRequest(case.question, case.passages)])
    return reading


def stands(reading: Reading, case: Case) -> bool | None:
    """Whether the answer stands in a passage read, character for character; None without one."""
    if not reading.answer:
        return None
    return any(reading.answer in text_of(one) for one in case.passages)


def rank_of_right(reading: Reading, case: Case) -> int | None:
    """Place of the first right passage by attention, from 1; None where there is none."""
    order = sorted(range(len(case.passages)), key=lambda at: -reading.attention[at])
    return next((n for n, at in enumerate(order, 1) if at in case.right), None)


def removed(reader: AnswerReader, case: Case, reading: Reading) -> dict[str, bool]:
    """Whether the answer changes (or is refused) where the first passage by attention, or by
    retrieval, is taken away, and where all others are."""
    count = len(case.passages)
    first = {"attention": max(range(count), key=lambda at: reading.attention[at]), "retrieval": 0}
    found: dict[str, bool] = {}
    for name, at in first.items():
        if name == "retrieval" and at == first["attention"]:
            found |= {key.replace("attention", name): one for key, one in found.items()}
            continue
        others = [one for one in range(count) if one != at]
        for what, places in (("without_first", [at]), ("first_alone", others)):
            if len(places) == count:
                continue
            again = read(reader, without(case, places, what))
            found[f"{name}_{what}"] = again.draft != reading.draft or again.found != reading.found
    return found
