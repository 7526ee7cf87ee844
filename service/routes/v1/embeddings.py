"""POST /v1/embeddings: texts as the served retriever's vectors, in OpenAI's shape."""

import base64
import struct
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from reread.errors import BadRequest
from service.http.described import PROBLEMS
from service.http.disconnects import unless_gone
from service.http.parts import Parts
from service.http.security import query_access
from service.routes.v1.models import RETRIEVER

router = APIRouter(dependencies=[Depends(query_access)], responses=PROBLEMS, tags=["openai"])
MAX_TEXTS = 256
EXAMPLE: dict[str, Any] = {"model": RETRIEVER, "input": ["How are keys rotated?"]}


def as_list(given: object) -> object:
    return [given] if isinstance(given, str) else given


Texts = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    Field(min_length=1, max_length=MAX_TEXTS),
    BeforeValidator(as_list),
]


class EmbeddingsRequest(BaseModel):
    """What is used of OpenAI's request; the rest of it is accepted."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [EXAMPLE]})
    input: Texts  # token ids are not texts: the retriever has its own tokens
    model: str = RETRIEVER
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


@router.post("/v1/embeddings")
async def embeddings(wanted: EmbeddingsRequest, request: Request, parts: Parts) -> dict[str, Any]:
    """One vector for each text, as passages are embedded; the retriever's generation is named."""
    work = parts.pipeline.vectors(wanted.input)
    vectors, generation = await unless_gone(request, work)
    if wanted.dimensions not in (None, len(vectors[0])):
        raise BadRequest(
            f"dimensions is {wanted.dimensions}; the retriever of generation {generation} makes "
            f"{len(vectors[0])}, leave it out."
        )
    shape = as_base64 if wanted.encoding_format == "base64" else list
    count = sum(len(text.split()) for text in wanted.input)
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": i, "embedding": shape(vector)}
            for i, vector in enumerate(vectors)
        ],
        "model": RETRIEVER,
        "usage": {"prompt_tokens": count, "total_tokens": count},
        "generation": generation,
    }


def as_base64(vector: Sequence[float]) -> str:
    """float32, little-endian: what OpenAI's client asks for and unpacks.

    >>> as_base64([1.0])
    'AACAPw=='
    """
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
