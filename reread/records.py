"""The values that cross processes: passages, hits, logged answers, feedback, jobs.

Standard library only. Knows the JSON forms; does not know where they are stored.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from reread.score_sheet import unpack_scores

LOGGED_AGGREGATION = "mean"  # what LoggedPassage.attention is
JOB_STATES = ("queued", "running", "done", "rejected", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Passage:
    """What is retrieved and read; about 100 words with a title."""

    id: str
    title: str
    text: str
    source: str = ""
    labels: tuple[str, ...] = ()  # access labels: whoever lacks one of them does not see it


@dataclass(frozen=True, slots=True)
class CutFor:
    """A reader that passages were cut for; equal keys see the same of a passage."""

    reader: str
    room: int  # the most of a passage with its title, in the reader's tokens
    key: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result; `row` is the row in the PassageStore the index was built from."""

    row: int
    score: float
    nearness: float | None = field(default=None, compare=False)  # by one vector each, if not so


@dataclass(frozen=True, slots=True)
class LoggedPassage:
    """A passage as it was read; `row` None means the caller gave it, then its text is kept.

    A row beyond the corpus is that of a passage which was in no corpus yet: `content` is the hash
    of its text then, by which it is known again in later ones.
    """

    row: int | None
    id: str
    retrieval_score: float | None
    attention: float
    title: str | None = None
    text: str | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer with everything training needs; `sequence` is assigned by the log."""

    id: str
    question: str
    answer: str
    confidence: float
    passages: tuple[LoggedPassage, ...]
    generation: int | None
    corpus: int | None  # passages/<corpus>: the version whose rows `passages` names
    reader: str
    created_s: float
    sequence: int | None = None
    scores: dict[str, str] | None = None  # of the other aggregations, as score_sheet.py packs them
    found: bool = True  # whether the passages held an answer
    timings_ms: dict[str, float] | None = None  # embed, search, read, as far as they were measured
    labels: tuple[str, ...] = ()  # of who asked and of what was read; others do not see it
    follows: str | None = None  # the answer that the question went on from, by its id
    words: bool = True  # false: question, answer and own passages' texts were not kept

    def scores_by(self, aggregation: str) -> tuple[float, ...] | None:
        """The passages' scores by that aggregation; None where they were not logged."""
        if aggregation == LOGGED_AGGREGATION:
            return tuple(one.attention for one in self.passages)
        return unpack_scores(self.scores or {}, len(self.passages)).get(aggregation)

    def to_json(self) -> str:
        body = asdict(self)
        del body["sequence"]  # the log's own column
        if self.scores is None:
            del body["scores"]
        if self.found:
            del body["found"]
        if self.timings_ms is None:
            del body["timings_ms"]
        if not self.labels:
            del body["labels"]
        if self.follows is None:
            del body["follows"]
        if self.words:
            del body["words"]
        for one in body["passages"]:
            if one["content"] is None:
                del one["content"]
        return json.dumps(body, separators=(",", ":"))  # ASCII: lone surrogates survive

    @classmethod
    def from_json(cls, text: str, sequence: int | None = None) -> "AnswerRecord":
        """Unknown keys are dropped: a log may have been written by a later version."""
        body = _known(cls, json.loads(text))
        logged = tuple(LoggedPassage(**_known(LoggedPassage, one)) for one in body["passages"])
        labels = tuple(body.get("labels", ()))
        return cls(**{**body, "passages": logged, "labels": labels, "sequence": sequence})


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said about an answer."""

    answer_id: str
    verdict: str  # correct | wrong | partial
    answer: str | None
    passage_ids: tuple[str, ...]
    created_s: float


@dataclass(frozen=True, slots=True)
class Job:
    """One retraining run as the outside sees it."""

    id: str
    state: str  # one of JOB_STATES
    stage: str
    progress: float  # 0..1
    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    created_s: float = 0.0
    updated_s: float = 0.0
    generation: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _known(kind: type, body: dict[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {key: value for key, value in body.items() if key in names}
