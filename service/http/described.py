"""How routes describe their responses to FastAPI: problems, and streams beside JSON."""

from typing import Any

from pydantic import BaseModel

PROBLEM_CONTENT = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": "A problem", "content": PROBLEM_CONTENT}
    for status in (400, 401, 403, 404, 408, 409, 413, 415, 421, 422, 429, 500, 503, 507)
}

EVENT = {  # each of a stream's events; what `data` holds is JSON, and its shape goes with `event`
    "type": "object",
    "required": ["data"],
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
}


def or_events(model: type[BaseModel] | None = None) -> dict[int | str, dict[str, Any]]:
    """A route's success, with the stream of server-sent events that it can be."""
    events = {"text/event-stream": {"schema": EVENT}}
    described: dict[str, Any] = {"description": "Successful Response", "content": events}
    return {200: described if model is None else {**described, "model": model}}
