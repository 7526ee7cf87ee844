"""A reader that answers by a book, and keeps the questions it was asked in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reread.reader.confidence import SIGNALS, Calibration, Logistic, ReaderNotes
from reread.reading import Reading, ReadRequest


class Clerk:
    """What is not in the book is refused; the first passage is always the right one."""

    name = "clerk"

    def __init__(self, book: Mapping[str, str]) -> None:
        self.book, self.asked = book, list[str]()
        even = Logistic(0.0, {})
        self.notes = ReaderNotes(calibration=Calibration("clerk", even, even, 0.0))

    def read(self, requests: Sequence[ReadRequest], aggregation: str = "mean") -> list[Reading]:
        self.asked += [one.question for one in requests]
        return [self._reading(one) for one in requests]

    def _reading(self, one: ReadRequest) -> Reading:
        answer = self.book.get(one.question, "")
        attention = (1.0, *(0.0 for _ in one.passages[1:]))
        signals = dict.fromkeys(SIGNALS, 0.0)
        return Reading(answer, 0.5, attention, found=bool(answer), signals=signals)
