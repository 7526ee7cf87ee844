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
from reread.records import Feedback, Passage
from service.answering.live import Pin
from service.answering.pipeline import Answered, Material
from service.answering.reading import ReadingStream
from service.http.bodies import answer_body, found_passages, search_body
from service.http.disconnects import unless_gone
from service.http.parts import Parts, ServiceParts
from service.http.problems import error_response, invalid_item, problem_of
from service.http.schemas import (
    PROBLEMS,
    AnswerBody,
    AnswerRequest,
    BatchBody,
    BatchRequest,
    FeedbackBody,
    FeedbackRequest,
    ProblemBody,
    RelevanceRequest,
    SearchBody,
    SearchQuery,
)
from service.http.security import query_access

router = APIRouter(dependencies=[Depends(query_access)], responses=PROBLEMS, tags=["answers"])
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@router.post("/answer", response_model=AnswerBody)
async def answer(asked: AnswerRequest, request: Request, parts: Parts) -> Response | AnswerBody:
    """Answer from retrieved or own passages; `stream` sends server-sent events instead."""
    material = await unless_gone(request, material_for(parts, asked))
    if not asked.stream:
        return answer_body(await unless_gone(request, parts.pipeline.answer(material)))
    stream = parts.pipeline.begin_stream(material)
    events = _events(parts, request, material, stream)
    return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)


@router.post("/answer/batch")
async def answer_batch(asked: BatchRequest, request: Request, parts: Parts) -> BatchBody:
    """Answer many questions from one generation; one that fails leaves the others alone."""
    return BatchBody(answers=await unless_gone(request, _answer_all(parts, asked, request)))


@router.get("/search")
async def search(
    asked: Annotated[SearchQuery, Query()], request: Request, parts: Parts
) -> SearchBody:
    """Retrieval alone, best first."""
    top_k = asked.top_k or parts.settings.top_k
    return search_body(await unless_gone(request, parts.pipeline.retrieve(asked.q, top_k)))


@router.post("/feedback")
async def feedback(said: FeedbackRequest, parts: Parts) -> FeedbackBody:
    """Keep a verdict on an earlier answer; durable when this returns."""
    passage_ids = tuple(said.passage_ids or ())
    kept = Feedback(said.answer_id, said.verdict, said.answer, passage_ids, parts.clock())
    await asyncio.to_thread(parts.history.add_feedback, kept)
    return FeedbackBody(
        answer_id=kept.answer_id, verdict=kept.verdict, answer=kept.answer,
        passage_ids=list(passage_ids),
    )  # fmt: skip


async def material_for(
    parts: ServiceParts, asked: AnswerRequest | RelevanceRequest, pin: Pin | None = None
) -> Material:
    """The caller's own passages, or those the generation finds."""
    if asked.passages is not None:
        own = (Passage(f"own.{i}", p.title, p.text) for i, p in enumerate(asked.passages))
        return parts.pipeline.own(asked.question, tuple(own))
    return await parts.pipeline.retrieve(asked.question, asked.top_k or parts.settings.top_k, pin)


async def _answer_all(
    parts: ServiceParts, asked: BatchRequest, request: Request
) -> list[AnswerBody | ProblemBody]:
    retrieves = any(not isinstance(one, dict) or "passages" not in one for one in asked.questions)
    pin = parts.pipeline.live.pin() if retrieves else None
    turns = asyncio.Semaphore(max(1, parts.settings.max_queue // 2))  # leave room for others

    async def one(item: object) -> AnswerBody | ProblemBody:
        try:
            async with turns:
                return await _answer_item(parts, asked, item, pin)
        except Exception as error:
            return _as_problem(error, request)

    try:
        return list(await asyncio.gather(*(one(item) for item in asked.questions)))
    finally:
        if pin is not None:
            pin.release()


async def _answer_item(
    parts: ServiceParts, asked: BatchRequest, item: object, pin: Pin | None
) -> AnswerBody:
    fields = {"question": item} if isinstance(item, str) else item
    if isinstance(fields, dict):
        fields = {"top_k": asked.top_k, **fields}
    try:
        wanted = AnswerRequest.model_validate(fields)
    except ValidationError as error:
        raise invalid_item(error) from error
    if wanted.stream:
        raise BadRequest("stream is not for batches; send this question to POST /answer.")
    share = pin.share() if pin is not None and wanted.passages is None else None
    return answer_body(await parts.pipeline.answer(await material_for(parts, wanted, share)))


def _as_problem(error: Exception, request: Request) -> ProblemBody:
    """Through the one place that logs failures and words them."""
    error_response(error, request.state.request_id, request.url.path)
    return ProblemBody(**problem_of(error, request.state.request_id, request.url.path))


async def _events(
    parts: ServiceParts, request: Request, material: Material, stream: ReadingStream
) -> AsyncIterator[bytes]:
    """`passages`, `token`..., `done`; a failure after the start is an `error` event."""
    passages = [one.model_dump() for one in found_passages(material)]
    head = {"generation": material.generation, "reader": parts.pipeline.readings.reader.name}
    yield _event("passages", {"question": material.question, "passages": passages, **head})
    try:
        async for piece in parts.pipeline.follow(material, stream):
            if isinstance(piece, Answered):
                yield _event("done", answer_body(piece).model_dump())
            else:
                yield _event("token", {"text": piece})
    except Exception as error:
        yield _event("error", _as_problem(error, request).model_dump())


def _event(name: str, data: dict[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, allow_nan=False))
