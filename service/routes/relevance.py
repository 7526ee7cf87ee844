"""Routes that say how much each passage counted: /relevance, and an earlier answer's scores."""

import asyncio

from fastapi import APIRouter, Depends, Request

from reread.errors import NotFound
from reread.reading import check_aggregation
from reread.records import LOGGED_AGGREGATION
from service.http.bodies import logged_body, relevance_body
from service.http.described import PROBLEMS
from service.http.disconnects import unless_gone
from service.http.parts import Parts
from service.http.schemas import (
    Aggregation,
    LoggedRelevanceBody,
    RelevanceBody,
    RelevanceRequest,
)
from service.http.security import AskedBy, query_access

router = APIRouter(dependencies=[Depends(query_access)], responses=PROBLEMS, tags=["relevance"])


@router.post("/relevance", response_model_exclude_unset=True)
async def relevance(
    wanted: RelevanceRequest, request: Request, parts: Parts, rights: AskedBy
) -> RelevanceBody:
    """Read and score without logging; any aggregation, token by token on request."""
    weighing = parts.pipeline.relevance(wanted.asked.by(rights), wanted.aggregation, wanted.tokens)
    material, reading = await unless_gone(request, weighing)
    return relevance_body(
        material, reading, wanted.aggregation, parts.pipeline.reader_of(material).name
    )


@router.get("/relevance/{answer_id}")
async def logged_relevance(
    answer_id: str, parts: Parts, rights: AskedBy, aggregation: Aggregation = LOGGED_AGGREGATION
) -> LoggedRelevanceBody:
    """The scores of an earlier answer as they were logged."""
    check_aggregation(aggregation)
    record, passages = await asyncio.to_thread(parts.history.get, answer_id, rights)
    scores = record.scores_by(aggregation)
    if scores is None:
        raise NotFound(
            f"Answer {answer_id[:64]!r} was logged without {aggregation} scores; "
            f"ask POST /relevance, which reads its passages again."
        )
    return logged_body(record, passages, aggregation, scores)
