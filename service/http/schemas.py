"""The HTTP contract: what requests may hold and what responses look like.

Unknown keys are errors and numbers are not guessed from text. Knows no step of an answer.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from reread.reading import AGGREGATIONS
from service.answering.asked import (
    MAX_ANSWER_CHARS,
    MAX_BATCH,
    MAX_PASSAGES,
    MAX_QUESTION_CHARS,
    MAX_TURNS,
    Asked,
    allowed_answer,
    allowed_count,
    allowed_history,
    allowed_top_k,
    own_passages,
    trimmed_question,
    turns,
    whole_text,
    with_content,
)

MAX_NAMES = 64  # of one object of a request
CONTENT: dict[str, Any] = {"minLength": 1, "pattern": r"\S"}  # of a text that is not blank, as told


def whole_params(params: dict[str, Any]) -> dict[str, Any]:
    """Any names and values, as long as JSON can hold them; the trainer knows which are meant."""
    whole_text(json.dumps(params, ensure_ascii=False, allow_nan=False))
    return params


def when_list(check: Callable[[list[Any]], list[Any]]) -> Callable[[Any], Any]:
    """The check for lists; whatever else it is gets its own error later."""
    return lambda value: check(value) if isinstance(value, list) else value


def whole_number(given: object) -> object:
    """JSON knows no integers: 5.0 is 5 there, and its schemas say so."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Text = Annotated[str, AfterValidator(whole_text)]
RetrainParams = Annotated[dict[str, Any], AfterValidator(whole_params)]
# The bounds are checked in answering/asked.py, with a sentence; here they are told.
TOLD_QUESTION: dict[str, Any] = {**CONTENT, "maxLength": MAX_QUESTION_CHARS}
Question = Annotated[
    str,
    AfterValidator(trimmed_question),
    Field(json_schema_extra=TOLD_QUESTION),
]
TopK = Annotated[
    int,
    BeforeValidator(whole_number),
    AfterValidator(allowed_top_k),
    Field(json_schema_extra={"minimum": 1, "maximum": MAX_PASSAGES}),
]
Aggregation = Annotated[str, Field(json_schema_extra={"enum": list(AGGREGATIONS)})]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def has_few_names(cls, body: Any) -> Any:
        """Each unknown name would be collected and told, half a million of them too."""
        if isinstance(body, dict) and len(body) > MAX_NAMES:
            raise ValueError(f"an object has at most {MAX_NAMES} names here, not {len(body)}")
        return body


class OwnPassage(Strict):
    title: Text = ""
    text: Annotated[str, AfterValidator(with_content), Field(json_schema_extra=CONTENT)]


class EarlierTurn(Strict):
    question: Question
    answer: Annotated[
        str,
        AfterValidator(allowed_answer),
        Field(json_schema_extra={"maxLength": MAX_ANSWER_CHARS}),
    ]


# Counted before their items are looked at: two million of them took a minute, and every request
# waited for it.
OwnPassages = Annotated[
    list[OwnPassage],
    BeforeValidator(when_list(allowed_count)),
    Field(json_schema_extra={"minItems": 1, "maxItems": MAX_PASSAGES}),
]
History = Annotated[
    list[EarlierTurn],
    BeforeValidator(when_list(allowed_history)),
    Field(json_schema_extra={"maxItems": MAX_TURNS}),
]


class QuestionRequest(Strict):
    question: Question
    top_k: TopK | None = None
    passages: OwnPassages | None = None
    history: History = []  # of the conversation, oldest first

    @property
    def asked(self) -> Asked:
        own = self.passages
        return Asked(
            self.question,
            self.top_k,
            None if own is None else own_passages((one.title, one.text) for one in own),
            turns((one.question, one.answer) for one in self.history),
        )


class AnswerRequest(QuestionRequest):
    stream: bool = False
    generation: Annotated[int, Field(ge=0), BeforeValidator(whole_number)] | None = (
        None  # an earlier one, to compare with
    )

    @property
    def asked(self) -> Asked:
        return replace(super().asked, generation=self.generation)


class BatchRequest(Strict):
    questions: Annotated[list[Any], Field(min_length=1, max_length=MAX_BATCH)]
    top_k: TopK | None = None  # for the questions that do not say


class RelevanceRequest(QuestionRequest):
    aggregation: Aggregation = "mean"
    tokens: bool = False


class SearchQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")  # not strict: a query string is all text
    q: Question
    top_k: TopK | None = None


class FeedbackRequest(Strict):
    answer_id: Annotated[Text, Field(min_length=1, max_length=128)]
    verdict: Literal["correct", "wrong", "partial"]
    answer: Annotated[Text, Field(max_length=MAX_ANSWER_CHARS)] | None = None
    passage_ids: Annotated[list[Text], Field(max_length=MAX_PASSAGES)] | None = None


class FoundPassage(BaseModel):
    id: str
    title: str | None  # None: the corpus version it came from is no longer kept
    text: str | None
    source: str | None
    retrieval_score: float | None  # None: the caller gave the passage
    copies: int = 0  # near-copies of it that were found too and are not shown


class ReadPassage(FoundPassage):
    attention: float  # G, before softmax
    relevance: float  # softmax of G over the passages read


class WeighedPassage(ReadPassage):
    tokens: list[tuple[str, float]] | None = None


class SpanBody(BaseModel):
    """Characters start..end (end excluded) of a passage's text."""

    passage: str
    start: int
    end: int


class Timings(BaseModel):
    embed: float
    search: float
    read: float
    total: float


class AnswerBody(BaseModel):
    id: str
    question: str
    answer: str  # "" where nothing was found
    confidence: float
    found: bool  # false: the passages hold no answer
    spans: list[SpanBody]  # where the answer stands; [] for a free-form answer
    warnings: list[str]
    passages: list[ReadPassage]
    generation: int | None  # None: own passages, before anything was published
    reader: str
    reader_generation: int | None  # of a reader tuned in a round: the checkpoint it came with
    timings_ms: Timings


class ProblemBody(BaseModel):
    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str


class BatchBody(BaseModel):
    answers: list[AnswerBody | ProblemBody]


class RelevanceBody(BaseModel):
    question: str
    answer: str
    found: bool
    spans: list[SpanBody]
    warnings: list[str]
    aggregation: str
    generation: int | None
    reader: str
    reader_generation: int | None  # of a reader tuned in a round: the checkpoint it came with
    passages: list[WeighedPassage]


class LoggedRelevanceBody(BaseModel):
    id: str
    question: str
    answer: str
    confidence: float
    found: bool
    aggregation: str
    generation: int | None
    reader: str
    reader_generation: int | None  # of a reader tuned in a round: the checkpoint it came with
    passages: list[ReadPassage]


class SearchBody(BaseModel):
    question: str
    generation: int
    passages: list[FoundPassage]


class ExamplesBody(BaseModel):
    examples: list[str]


class UnsureQuestion(BaseModel):
    id: str
    question: str
    answer: str
    confidence: float


class LogBody(BaseModel):
    answers: int  # all that the log holds
    looked_at: int  # the newest, which what follows is about
    verdicts: dict[str, int]  # the latest word on each answer
    not_found: int
    unsure: list[UnsureQuestion]  # least confident first, without those judged


class FeedbackBody(BaseModel):
    answer_id: str
    verdict: str
    answer: str | None
    passage_ids: list[str]


class JobBody(BaseModel):
    id: str
    state: Literal["queued", "running", "done", "rejected", "failed", "cancelled"]
    stage: str
    progress: float
    params: dict[str, Any]
    metrics: dict[str, Any]
    error: str | None
    created_s: float
    updated_s: float
    generation: int | None


class OneJobBody(JobBody):
    """A job's own fields, and the same under `job`, where every response with one job has it."""

    job: JobBody


class JobsBody(BaseModel):
    jobs: list[JobBody]


class ReadyBody(BaseModel):
    ready: bool
    generation: int | None
    missing: list[str]
    warnings: list[str]
