"""What people asked, as a measure of a tuned reader's silence: it needs no label.

Questions made of passages are more easily told from unanswerable ones than those that people ask: a
reader calibrated by them alone refused three in ten of the others; the one before refused one. So
its bound is held to what the serving reader refuses of the questions in the log. Knows readers and
requests; knows no log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from evaluation.measure import AnswerReader
from reread.reader.reader import Reader
from reread.reading import ReadRequest


def answered_of(
    reader: AnswerReader,
    requests: Sequence[ReadRequest],
    check: Callable[[float], None] = lambda share: None,
) -> list[bool]:
    """Whether each is answered, read by itself."""
    found = []
    for place, one in enumerate(requests):
        found += [reading.found for reading in reader.read([one])]
        check((place + 1) / len(requests))
    return found


def hold_to_asked(reader: Reader, served: Sequence[bool], requests: Sequence[ReadRequest]) -> None:
    """Lower the bound of a calibrated reader until it refuses no more of the requests than were
    refused, `served` says which not; it is never raised."""
    notes = reader.notes
    calibration = notes.calibration
    if calibration is None or not requests:
        return
    chances = sorted(
        calibration.found.probability(reading.signals)
        for one in requests
        for reading in reader.read([one])
        if reading.signals is not None
    )
    bound = chances[min(list(served).count(False), len(chances) - 1)]
    lowered = replace(calibration, refuse_below=min(bound, calibration.refuse_below))
    reader.notes = replace(notes, calibration=lowered)
