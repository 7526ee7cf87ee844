"""Routes that say how much each passage counted: /relevance, and an earlier answer's scores."""

import asyncio

from fastapi import APIRouter, Depends, Request

from reread.errors import BadRequest, NotFound
from reread.records import LOGGED_AGGREGATION
from service.http.bodies import logged_body, relevance_body
from service.http.disconnects import unless_gone
from service.http.parts import Parts, ServiceParts
from service.http.schemas import PROBLEMS, LoggedRelevanceBody, RelevanceBody, RelevanceRequest
from service.http.security import query_access
from service.routes.answers import material_for

router = APIRouter(dependencies=[Depends(query_access)], responses=PROBLEMS, tags=["relevance"])


@router.post("/relevance", response_model_exclude_unset=True)
async def relevance(asked: RelevanceRequest, request: Request, parts: Parts) -> RelevanceBody:
    """Read and score without logging; any aggregation, token by token on request."""
    check_aggregation(asked.aggregation, parts)
    material = await unless_gone(request, material_for(parts, asked))
    reading = await unless_gone(
        request, parts.pipeline.relevance(material, asked.aggregation, asked.tokens)
    )
    reader = parts.pipeline.readings.reader.name
    return relevance_body(material, reading, asked.aggregation, reader)


@router.get("/relevance/{answer_id}")
async def logged_relevance(
    answer_id: str, parts: Parts, aggregation: str = LOGGED_AGGREGATION
) -> LoggedRelevanceBody:
    """The scores of an earlier answer as they were logged."""
    check_aggregation(aggregation, parts)
    record, passages = await asyncio.to_thread(parts.history.get, answer_id)
    scores = record.scores_by(aggregation)
    if scores is None:
        raise NotFound(
            f"Answer {answer_id[:64]!r} was logged without {aggregation} scores; "
            f"ask POST /relevance, which reads its passages again."
        )
    return logged_body(record, passages, aggregation, scores)


def check_aggregation(name: str, parts: ServiceParts) -> None:
    if name not in parts.aggregations:
        raise BadRequest(
            f"aggregation is {name[:40]!r}; choose one of {', '.join(parts.aggregations)}."
        )
