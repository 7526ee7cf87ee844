"""POST /v1/responses: the same answers in the shape of OpenAI's Responses (openresponses.org).

Instructions and parameters of generation are accepted and have no effect; no tool is ever called,
so none is said to have been there. Nothing is stored beyond the log, from which
`previous_response_id` goes on. A stream begins when the answer is logged.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from reread.errors import BadRequest, NotFound
from reread.rights import Rights
from service.answering.answered import Answered
from service.answering.asked import MAX_TURNS, Asked
from service.http.bodies import answer_body
from service.http.described import PROBLEMS, or_events
from service.http.disconnects import unless_gone
from service.http.parts import Parts, ServiceParts
from service.http.schemas import CONTENT
from service.http.security import AskedBy, query_access
from service.routes.v1.conversation import (
    ASKING,
    TOLD_CONTENT,
    Message,
    asked_in,
    citations,
    only_text,
    pieces,
    shown,
    text_of,
    words_used,
)

router = APIRouter(dependencies=[Depends(query_access)], responses=PROBLEMS, tags=["openai"])
EXAMPLE: dict[str, Any] = {"model": "reread", "input": "How are keys rotated?"}
ID = "resp_"  # before the id of the answer in the log
MESSAGE_ROLES = ("user", "assistant", "system", "developer")

ITEM = {  # a message, or something else that is passed over
    "anyOf": [
        {"type": "object", "properties": {"type": {"const": "message"}, "content": TOLD_CONTENT}},
        {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"not": {"const": "message"}}},
        },
    ]
}


class PreviousResponseNotFound(NotFound):
    title = "There is no such response"


class ResponsesRequest(BaseModel):
    """What is used of the request; the rest of it is accepted."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [EXAMPLE]})
    input: (
        Annotated[str, Field(json_schema_extra=CONTENT)]
        | Annotated[list[dict[str, Any]], Field(json_schema_extra={**ASKING, "items": ITEM})]
    )
    model: str = "reread"  # any name: the service has one reader
    instructions: str | None = None
    metadata: dict[str, Any] | None = None
    previous_response_id: str | None = None
    stream: StrictBool = False


@router.post("/v1/responses", response_model=None, responses=or_events())
async def responses(
    wanted: ResponsesRequest, request: Request, parts: Parts, rights: AskedBy
) -> Response:
    """Answer the last user message of the input; what is before it is its history."""
    only_text(wanted.model_extra or {})
    asked = await asyncio.to_thread(asked_by, wanted, parts, rights)
    answered = await unless_gone(request, parts.pipeline.answer(asked))
    whole = response_body(answered, wanted)
    if not wanted.stream:
        return JSONResponse(whole)
    return StreamingResponse(events(whole), media_type="text/event-stream")


def asked_by(wanted: ResponsesRequest, parts: ServiceParts, rights: Rights) -> Asked:
    """The question with what was said before it, here or in the log; blocks on the disk."""
    if (wanted.model_extra or {}).get("conversation") is not None:
        raise BadRequest("No conversation is kept here; use previous_response_id, or input.")
    messages, previous = messages_of(wanted.input), wanted.previous_response_id
    if previous is None:
        return asked_in(messages).by(rights)
    follows = previous.removeprefix(ID)
    try:
        before = parts.history.turns_to(follows, MAX_TURNS, rights)
    except NotFound as error:
        raise PreviousResponseNotFound(
            f"There is no response {previous[:64]!r} to go on from; "
            "send the earlier messages in input."
        ) from error
    return asked_in(messages, before, follows).by(rights)


def messages_of(given: str | list[dict[str, Any]]) -> list[Message]:
    """The messages of an input; items of other kinds (calls, reasoning) say nothing to a reader."""
    if isinstance(given, str):
        return [Message("user", given)]
    messages = [
        Message(str(one.get("role")), text_of(one.get("content"), f"input.{i}.content"))
        for i, one in enumerate(given)
        if one.get("type", "message") == "message"
    ]
    return [one for one in messages if one.role in MESSAGE_ROLES]


def response_body(answered: Answered, wanted: ResponsesRequest) -> dict[str, Any]:
    record, more = answered.record, wanted.model_extra or {}
    now_s = int(record.created_s)
    return {
        "id": f"{ID}{record.id}", "object": "response", "created_at": now_s,
        "completed_at": now_s, "status": "completed", "incomplete_details": None, "error": None,
        "model": record.reader, "previous_response_id": wanted.previous_response_id,
        "instructions": wanted.instructions, "output": [message_of(answered)],
        "tools": [], "tool_choice": more.get("tool_choice") or "auto", "user": more.get("user"),
        "parallel_tool_calls": True, "truncation": "disabled",
        "text": {"format": {"type": "text"}}, "temperature": 1.0, "top_p": 1.0,
        "presence_penalty": 0.0, "frequency_penalty": 0.0, "top_logprobs": 0,
        "reasoning": {"effort": None, "summary": None}, "usage": usage_of(answered),
        "max_output_tokens": None, "max_tool_calls": None, "store": False, "background": False,
        "service_tier": "default", "metadata": wanted.metadata or {},
        "safety_identifier": None, "prompt_cache_key": None,
        "reread": answer_body(answered).model_dump(),
    }  # fmt: skip


def message_of(answered: Answered) -> dict[str, Any]:
    text = shown(answered)
    annotations = [
        {
            "type": "file_citation",
            "file_id": one.passage.id,
            "filename": one.name,
            "index": len(text),
        }
        for one in citations(answered)
    ]
    part = {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
    return {
        "type": "message",
        "id": f"msg_{answered.record.id}",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }


def usage_of(answered: Answered) -> dict[str, Any]:
    used = words_used(answered.material.asked, answered)
    return {
        "input_tokens": used["in"],
        "output_tokens": used["out"],
        "total_tokens": used["in"] + used["out"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }


async def events(whole: dict[str, Any]) -> AsyncIterator[bytes]:
    """Every event of one message's life, in the order the specification gives them."""
    begun = {
        **whole, "status": "in_progress", "output": [], "completed_at": None, "usage": None,
    }  # fmt: skip
    begun.pop("reread")
    message = whole["output"][0]
    part = message["content"][0]
    empty = {**part, "text": "", "annotations": []}
    at_item = {"item_id": message["id"], "output_index": 0}
    at_part = {**at_item, "content_index": 0}
    said: list[tuple[str, dict[str, Any]]] = [
        ("created", {"response": begun}),
        ("in_progress", {"response": begun}),
        (
            "output_item.added",
            {"output_index": 0, "item": {**message, "status": "in_progress", "content": []}},
        ),
        ("content_part.added", {**at_part, "part": empty}),
        *(
            ("output_text.delta", {**at_part, "delta": piece, "logprobs": []})
            for piece in pieces(part["text"])
        ),
        *(
            (
                "output_text.annotation.added",
                {**at_part, "annotation_index": i, "annotation": annotation},
            )
            for i, annotation in enumerate(part["annotations"])
        ),
        ("output_text.done", {**at_part, "text": part["text"], "logprobs": []}),
        ("content_part.done", {**at_part, "part": part}),
        ("output_item.done", {"output_index": 0, "item": message}),
        ("completed", {"response": whole}),
    ]
    for number, (name, fields) in enumerate(said):
        body = {"type": f"response.{name}", "sequence_number": number, **fields}
        yield f"event: response.{name}\ndata: {json.dumps(body, allow_nan=False)}\n\n".encode()
    yield b"data: [DONE]\n\n"
