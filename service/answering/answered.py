"""What a question was read with, what came of it, and the record of it for the log.

Knows the values on both sides; computes nothing.
"""

import uuid
from dataclasses import dataclass

from reread.followups import whole_question
from reread.reading import Reading, ReadRequest
from reread.records import LOGGED_AGGREGATION, AnswerRecord, LoggedPassage
from reread.score_sheet import pack_scores
from service.answering.asked import Asked
from service.answering.searching import Retrieved

NOTHING_SHARED = "No passage shares anything with the question, so none was read."


@dataclass(frozen=True, slots=True)
class Material:
    """A question with the passages to read it with."""

    asked: Asked
    retrieved: Retrieved
    started_s: float  # time.perf_counter

    @property
    def whole(self) -> str:
        """The question as it is searched, read and logged: a follow-up names what it is about."""
        return whole_question(self.asked.question, self.asked.history)

    @property
    def request(self) -> ReadRequest:
        return ReadRequest(self.whole, self.retrieved.passages, self.asked.history)


@dataclass(frozen=True, slots=True)
class Answered:
    """A recorded answer with the texts it was read from."""

    record: AnswerRecord
    material: Material
    reading: Reading
    timings_ms: dict[str, float]


def record_of(
    material: Material, reading: Reading, reader: str, now_s: float, read_s: float
) -> AnswerRecord:
    """The answer as the log keeps it, under an id of its own."""
    found = material.retrieved
    timings_ms = {"embed": found.embed_ms, "search": found.search_ms, "read": read_s * 1000}
    return AnswerRecord(
        id=uuid.uuid4().hex,
        question=material.whole,
        answer=reading.answer,
        confidence=reading.confidence,
        passages=tuple(_logged(found, i, reading) for i in range(len(found.passages))),
        generation=found.generation,
        corpus=found.corpus,
        reader=reader,
        created_s=now_s,
        scores=_sheet(reading),
        found=reading.found,
        timings_ms={stage: round(spent_ms, 1) for stage, spent_ms in timings_ms.items()},
        labels=labels_of(material),
        follows=material.asked.follows,
    )


def labels_of(material: Material) -> tuple[str, ...]:
    """Those of who asks, whose words a question is, and of every passage that was read."""
    read = (label for one in material.retrieved.passages for label in one.labels)
    return tuple(sorted(material.asked.rights.labels.union(read)))


def nothing_to_read(material: Material) -> Reading:
    """The refusal where no passage shares anything with the question; nothing was read."""
    none = (0.0,) * len(material.retrieved.passages)
    return Reading("", 0.0, none, found=False, read=False, warnings=(NOTHING_SHARED,))


def _sheet(reading: Reading) -> dict[str, str] | None:
    """Every aggregation but the one each passage carries itself."""
    if reading.scores is None:
        return None
    others = {name: own for name, own in reading.scores.items() if name != LOGGED_AGGREGATION}
    return pack_scores(others)


def _logged(found: Retrieved, i: int, reading: Reading) -> LoggedPassage:
    """Texts of retrieved passages stay in the corpus; the caller's own are kept here."""
    passage, row = found.passages[i], found.rows[i]
    own = row is None
    return LoggedPassage(
        row, passage.id, found.scores[i], reading.attention[i],
        passage.title if own else None, passage.text if own else None,
        None if found.contents is None else found.contents[i],
    )  # fmt: skip
