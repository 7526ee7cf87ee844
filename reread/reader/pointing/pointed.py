"""From what a head points at to a reading: refused or answered, where it stands, how sure.

Knows values alone; knows no model and no tokenizer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reread.reader.confidence import REFUSED, ReaderNotes, judge, signals_of
from reread.reader.pointing.pointer import Pointed
from reread.reading import Reading, Span
from reread.records import Passage

EVEN = 0.5  # without a calibration: refused where "nothing" is likelier than not


def reading_of(
    pointed: Pointed,
    passages: Sequence[Passage],
    scores: Mapping[str, tuple[float, ...]],  # by aggregation
    aggregation: str,
    notes: ReaderNotes,
    refuse_below: float | None,
) -> Reading:
    """Answers are the passage's own characters; `draft` is what a refused one would have been."""
    signals = signals_of(pointed.nothing, pointed.chances, scores["mean"],
                         rival=pointed.rival, place=pointed.place)  # fmt: skip
    verdict = judge(notes.calibration, refuse_below, signals, pointed.chances)
    likely = notes.calibration is not None or pointed.nothing < EVEN
    found = verdict.found and likely and bool(pointed.text)
    spans: tuple[Span, ...] = ()
    if found and pointed.place is not None:
        spans = (Span(passages[pointed.place].id, pointed.start, pointed.end),)
    return Reading(
        pointed.text if found else "",
        verdict.confidence if found else min(verdict.confidence, REFUSED),
        scores[aggregation],
        scores=scores,
        found=found,
        spans=spans,
        signals=signals,
        draft=pointed.text,
    )
