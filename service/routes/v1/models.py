"""GET /v1/models: the reader and the retriever that answer here, by name."""

from typing import Any

from fastapi import APIRouter, Depends

from reread.errors import NotFound
from service.http.described import PROBLEMS
from service.http.parts import Parts, ServiceParts
from service.http.security import query_access

router = APIRouter(dependencies=[Depends(query_access)], responses=PROBLEMS, tags=["openai"])
RETRIEVER = "retriever"  # the name of whatever retriever serves


@router.get("/v1/models")
async def models(parts: Parts) -> dict[str, Any]:
    """The names that `model` may be; every other name is taken for the reader."""
    return {"object": "list", "data": [_model(name) for name in names(parts)]}


@router.get("/v1/models/{name:path}")
async def model(name: str, parts: Parts) -> dict[str, Any]:
    if name not in names(parts):
        raise NotFound(f"There is no model {name[:64]!r} here; {', '.join(names(parts))} are.")
    return _model(name)


def names(parts: ServiceParts) -> list[str]:
    return [parts.pipeline.reader_name, RETRIEVER]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "reread"}
