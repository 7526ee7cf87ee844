"""Routes that answer: /answer, /answer/batch, /search, and feedback on what was answered.

Translates HTTP; the answer is made in the pipeline.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import ValidationError

from reread.errors import BadRequest
from reread.records import Feedback
from service.answering.answered import Answered, Material
from service.answering.asked import Asked
from service.http.bodies import answer_body, found_passages, search_body
from service.http.described import PROBLEMS, or_events
from service.http.disconnects import unless_gone
from service.http.parts import Parts, ServiceParts
from service.http.problems import error_response, invalid_item, problem_of
from service.http.schemas import (
    AnswerBody,
    AnswerRequest,
    BatchBody,
    BatchRequest,
    ExamplesBody,
    FeedbackBody,
    FeedbackRequest,
    ProblemBody,
    SearchBody,
    SearchQuery,
)
from service.http.security import AskedBy, query_access

router = APIRouter(dependencies=[Depends(query_access)], responses=PROBLEMS, tags=["answers"])
EXAMPLES = 4
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@router.post("/answer", response_model=AnswerBody, responses=or_events(AnswerBody))
async def answer(
    wanted: AnswerRequest, request: Request, parts: Parts, rights: AskedBy
) -> Response | AnswerBody:
    """Answer from retrieved or own passages; `stream` sends server-sent events instead."""
    asked = wanted.asked.by(rights)
    if not wanted.stream:
        return answer_body(await unless_gone(request, parts.pipeline.answer(asked)))
    material = await unless_gone(request, parts.pipeline.material(asked))
    events = _events(parts, request, material, parts.pipeline.stream(material))
    return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)


@router.post("/answer/batch")
async def answer_batch(
    wanted: BatchRequest, request: Request, parts: Parts, rights: AskedBy
) -> BatchBody:
    """Answer many questions from one generation; one that fails leaves the others alone."""
    items = [_item(wanted, one) for one in wanted.questions]
    asked = [one.by(rights) for one in items if isinstance(one, Asked)]
    answers = iter(await unless_gone(request, parts.pipeline.answer_all(asked)))
    ends = [next(answers) if isinstance(one, Asked) else one for one in items]
    return BatchBody(
        answers=[
            _as_problem(one, request) if isinstance(one, Exception) else answer_body(one)
            for one in ends
        ]
    )


@router.get("/search")
async def search(
    wanted: Annotated[SearchQuery, Query()], request: Request, parts: Parts, rights: AskedBy
) -> SearchBody:
    """Retrieval alone, best first."""
    asked = Asked(wanted.q, wanted.top_k, rights=rights)
    return search_body(await unless_gone(request, parts.pipeline.material(asked)))


@router.get("/examples")
async def examples(parts: Parts, rights: AskedBy) -> ExamplesBody:
    """Questions to begin with, made from the corpus."""
    return ExamplesBody(examples=await parts.pipeline.examples(EXAMPLES, rights))


@router.post("/feedback")
async def feedback(said: FeedbackRequest, parts: Parts, rights: AskedBy) -> FeedbackBody:
    """Keep a verdict on an earlier answer; durable when this returns."""
    passage_ids = tuple(said.passage_ids or ())
    kept = Feedback(said.answer_id, said.verdict, said.answer, passage_ids, parts.clock())
    about = await asyncio.to_thread(parts.history.add_feedback, kept, rights)
    parts.metrics.feedback.labels(str(about.generation or "none"), kept.verdict).inc()
    return FeedbackBody(
        answer_id=kept.answer_id, verdict=kept.verdict, answer=kept.answer,
        passage_ids=list(passage_ids),
    )  # fmt: skip


def _item(batch: BatchRequest, item: object) -> Asked | Exception:
    """One question of a batch, or why it cannot be asked."""
    fields = {"question": item} if isinstance(item, str) else item
    if isinstance(fields, dict):
        fields = {"top_k": batch.top_k, **fields}
    try:
        wanted = AnswerRequest.model_validate(fields)
    except ValidationError as error:
        return invalid_item(error)
    if wanted.stream:
        return BadRequest("stream is not for batches; send this question to POST /answer.")
    return wanted.asked


def _as_problem(error: Exception, request: Request) -> ProblemBody:
    """Through the one place that logs failures and words them."""
    error_response(error, request.state.request_id, request.url.path)
    return ProblemBody(**problem_of(error, request.state.request_id, request.url.path))


async def _events(
    parts: ServiceParts,
    request: Request,
    material: Material,
    pieces: AsyncIterator[str | Answered],
) -> AsyncIterator[bytes]:
    """`passages`, `token`..., `done`; a failure after the start is an `error` event."""
    passages = [one.model_dump() for one in found_passages(material)]
    reader = parts.pipeline.reader_of(material).name
    head = {"generation": material.retrieved.generation, "reader": reader}
    yield _event("passages", {"question": material.asked.question, "passages": passages, **head})
    try:
        async for piece in pieces:
            if isinstance(piece, Answered):
                yield _event("done", answer_body(piece).model_dump())
            else:
                yield _event("token", {"text": piece})
    except Exception as error:
        yield _event("error", _as_problem(error, request).model_dump())


def _event(name: str, data: dict[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, allow_nan=False))
