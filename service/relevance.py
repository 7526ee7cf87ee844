"""Routes that say how much each passage counted: /relevance, and an earlier answer's scores."""

import asyncio

from fastapi import APIRouter, Depends, Request

from reread.errors import BadRequest
from service.answers import material_for
from service.bodies import logged_body, relevance_body
from service.disconnects import unless_gone
from service.parts import Parts
from service.schemas import PROBLEMS, LoggedRelevanceBody, RelevanceBody, RelevanceRequest
from service.security import query_access

router = APIRouter(dependencies=[Depends(query_access)], responses=PROBLEMS, tags=["relevance"])


@router.post("/relevance", response_model_exclude_unset=True)
async def relevance(asked: RelevanceRequest, request: Request, parts: Parts) -> RelevanceBody:
    """Read and score without logging; any aggregation, token by token on request."""
    if asked.aggregation not in parts.aggregations:
        raise BadRequest(
            f"aggregation is {asked.aggregation[:40]!r}; "
            f"choose one of {', '.join(parts.aggregations)}."
        )
    material = await unless_gone(request, material_for(parts, asked))
    reading = await unless_gone(
        request, parts.pipeline.relevance(material, asked.aggregation, asked.tokens)
    )
    reader = parts.pipeline.readings.reader.name
    return relevance_body(material, reading, asked.aggregation, reader)


@router.get("/relevance/{answer_id}")
async def logged_relevance(answer_id: str, parts: Parts) -> LoggedRelevanceBody:
    """The scores of an earlier answer as they were logged."""
    record, passages = await asyncio.to_thread(parts.history.get, answer_id)
    return logged_body(record, passages)
