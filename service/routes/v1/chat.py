"""POST /v1/chat/completions: a question in a conversation, answered in OpenAI's shape.

Parameters of generation (temperature, max_tokens, ...) are accepted and have no effect. A stream
begins when the answer is logged: the words it sends are the ones that were logged.
"""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from service.answering.answered import Answered
from service.http.bodies import answer_body
from service.http.described import PROBLEMS, or_events
from service.http.disconnects import unless_gone
from service.http.parts import Parts
from service.http.security import AskedBy, query_access
from service.routes.v1.conversation import (
    ASKING,
    Content,
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
EXAMPLE: dict[str, Any] = {
    "model": "reread",
    "messages": [{"role": "user", "content": "How are keys rotated?"}],
}


class ChatMessage(BaseModel):
    role: str
    content: Content = None


class StreamOptions(BaseModel):
    include_usage: StrictBool = False


class ChatRequest(BaseModel):
    """What is used of OpenAI's request; the rest of it is accepted."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [EXAMPLE]})
    messages: Annotated[list[ChatMessage], Field(json_schema_extra=ASKING)]
    model: str = "reread"  # any name: the service has one reader
    stream: StrictBool = False
    stream_options: StreamOptions | None = None


@router.post("/v1/chat/completions", response_model=None, responses=or_events())
async def chat_completions(
    wanted: ChatRequest, request: Request, parts: Parts, rights: AskedBy
) -> Response:
    """Answer the last user message; the messages before it are its history."""
    only_text(wanted.model_extra or {})
    messages = [
        Message(one.role, text_of(one.content, f"messages.{i}.content"))
        for i, one in enumerate(wanted.messages)
    ]
    answered = await unless_gone(request, parts.pipeline.answer(asked_in(messages).by(rights)))
    if not wanted.stream:
        return JSONResponse(completion(answered))
    usage = wanted.stream_options is not None and wanted.stream_options.include_usage
    return StreamingResponse(chunks(answered, usage=usage), media_type="text/event-stream")


def completion(answered: Answered) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": shown(answered),
        "refusal": None,
        "annotations": annotations(answered),
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {
        **head(answered, "chat.completion"),
        "choices": [choice],
        "usage": usage_of(answered),
        "reread": answer_body(answered).model_dump(),
    }


async def chunks(answered: Answered, *, usage: bool) -> AsyncIterator[bytes]:
    """The role, the answer's words, the end with its citations, and `[DONE]`."""
    common = head(answered, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _data({**common, "choices": [choice], **more})

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces(shown(answered)):
        yield chunk({"content": piece})
    yield chunk(
        {"annotations": annotations(answered)}, "stop", reread=answer_body(answered).model_dump()
    )
    if usage:
        yield _data({**common, "choices": [], "usage": usage_of(answered)})
    yield b"data: [DONE]\n\n"


def head(answered: Answered, kind: str) -> dict[str, Any]:
    record = answered.record
    return {
        "id": f"chatcmpl-{record.id}",
        "object": kind,
        "created": int(record.created_s),
        "model": record.reader,
        "system_fingerprint": f"generation-{record.generation}",
    }


def annotations(answered: Answered) -> list[dict[str, Any]]:
    """The whole answer is cited: it is one span of the passages."""
    length = len(shown(answered))
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": 0,
                "end_index": length,
                "title": one.passage.title,
                "url": one.name,
            },
        }
        for one in citations(answered)
    ]


def usage_of(answered: Answered) -> dict[str, int]:
    used = words_used(answered.material.asked, answered)
    return {
        "prompt_tokens": used["in"],
        "completion_tokens": used["out"],
        "total_tokens": used["in"] + used["out"],
    }


def _data(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body, allow_nan=False)}\n\n".encode()
