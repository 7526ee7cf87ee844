"""POST /v1/rerank and /v2/rerank: documents ordered for a query, in Cohere's and Jina's shape.

By the reader's attention (`relevance_score` is the softmax over the documents), or with the model
`retriever` by the served retriever's scores.
"""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool, WithJsonSchema

from reread.errors import BadRequest
from service.answering.asked import MAX_PASSAGES, Asked
from service.http.described import PROBLEMS
from service.http.disconnects import unless_gone
from service.http.parts import Parts, ServiceParts
from service.http.schemas import CONTENT, TOLD_QUESTION
from service.http.security import AskedBy, query_access
from service.routes.v1.models import RETRIEVER

router = APIRouter(dependencies=[Depends(query_access)], responses=PROBLEMS, tags=["openai"])
EXAMPLE: dict[str, Any] = {
    "model": "reread",
    "query": "How are keys rotated?",
    "documents": ["Keys are rotated by hand.", "Oslo has a fjord."],
}


# Checked below, with a sentence; here it is told.
Text = Annotated[str, Field(json_schema_extra=CONTENT)]
Document = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "required": ["text"],
            "properties": {"text": {"type": "string", **CONTENT}, "title": {"type": "string"}},
        }
    ),
]


class RerankRequest(BaseModel):
    """What is used of the request; the rest of it is accepted."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [EXAMPLE]})
    query: Annotated[str, Field(json_schema_extra=TOLD_QUESTION)]
    documents: Annotated[list[Text | Document], Field(min_length=1, max_length=MAX_PASSAGES)]
    model: str = "reread"
    top_n: Annotated[int, Field(ge=1)] | None = None
    return_documents: StrictBool = False


@router.post("/v1/rerank")
@router.post("/v2/rerank", include_in_schema=False)
async def rerank(
    wanted: RerankRequest, request: Request, parts: Parts, rights: AskedBy
) -> dict[str, Any]:
    """The documents' places, the most relevant first; ties in the order given."""
    own = [_document(one, i) for i, one in enumerate(wanted.documents)]
    asked = Asked.checked(wanted.query, own=own).by(rights)
    scores, generation = await unless_gone(request, _scores(parts, asked, wanted.model))
    order = sorted(range(len(scores)), key=lambda i: -scores[i])[: wanted.top_n]
    results: list[dict[str, Any]] = [{"index": i, "relevance_score": scores[i]} for i in order]
    if wanted.return_documents:
        for one in results:
            one["document"] = {"text": own[one["index"]][1]}
    words = sum(len(text.split()) for _, text in own)
    return {
        "id": uuid.uuid4().hex,
        "model": RETRIEVER if wanted.model == RETRIEVER else parts.pipeline.reader_name,
        "generation": generation,
        "results": results,
        "usage": {"total_tokens": words},
        "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
    }


async def _scores(
    parts: ServiceParts, asked: Asked, model: str
) -> tuple[tuple[float, ...], int | None]:
    if model == RETRIEVER:
        return await parts.pipeline.retriever_scores(asked)
    material, reading = await parts.pipeline.relevance(asked, "mean", False)
    return reading.relevance, material.retrieved.generation


def _document(given: str | dict[str, Any], i: int) -> tuple[str, str]:
    """(title, text) of a text, or of an object with `text` and perhaps `title`."""
    if isinstance(given, str):
        return "", given
    title, text = given.get("title", ""), given.get("text")
    if not isinstance(text, str) or not isinstance(title, str):
        raise BadRequest(f"documents.{i} has no `text`; give texts, or objects with one.")
    return title, text
