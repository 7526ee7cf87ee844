"""Open Responses (openresponses.org): what its compliance cases ask, and what is not to be had."""

import asyncio
import json
from typing import Any

import pytest

from service.routes.v1.responses import events
from tests.worlds.serving import Running

QUESTION = "wells of town 3"
ANSWER = "Town 3 of edition 1"
NUMBER = (int, float)
NONE = type(None)
RESPONSE: dict[str, Any] = {  # the specification's ResponseResource: every field must be there
    "id": str, "object": str, "created_at": int, "completed_at": (int, NONE), "status": str,
    "incomplete_details": (dict, NONE), "model": str, "previous_response_id": (str, NONE),
    "instructions": (str, list, NONE), "output": list, "error": (dict, NONE), "tools": list,
    "tool_choice": (str, dict), "truncation": str, "parallel_tool_calls": bool, "text": dict,
    "top_p": NUMBER, "presence_penalty": NUMBER, "frequency_penalty": NUMBER,
    "top_logprobs": int, "temperature": NUMBER, "reasoning": (dict, NONE), "user": (str, NONE),
    "usage": (dict, NONE), "max_output_tokens": (int, NONE), "max_tool_calls": (int, NONE),
    "store": bool, "background": bool, "service_tier": str, "metadata": dict,
    "safety_identifier": (str, NONE), "prompt_cache_key": (str, NONE),
}  # fmt: skip
USAGE = {
    "input_tokens": int, "output_tokens": int, "total_tokens": int,
    "input_tokens_details": dict, "output_tokens_details": dict,
}  # fmt: skip
TOOL = {
    "type": "function", "name": "get_weather", "description": "The weather somewhere.",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
}  # fmt: skip


def said(text: Any, role: str = "user") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": text}


def respond(service: Running, **body: Any) -> dict[str, Any]:
    response = service.client.post("/v1/responses", json={"model": "reread", **body})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    whole: dict[str, Any] = response.json()
    check(whole)
    assert (whole["status"], whole["object"]) == ("completed", "response")
    return whole


def refused(service: Running, **body: Any) -> str:
    """The sentence of a refusal, in the shape that OpenAI's clients read."""
    response = service.client.post("/v1/responses", json={"model": "reread", **body})
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    return str(error["message"])


def check(whole: dict[str, Any]) -> None:
    """Every field of the specification is there and of its type; bool is no number."""
    for name, kind in RESPONSE.items():
        value = whole[name]
        assert isinstance(value, kind), (name, value)
        assert not isinstance(value, bool) or kind is bool, (name, value)
    if whole["usage"] is not None:
        assert all(isinstance(whole["usage"][name], kind) for name, kind in USAGE.items())
    for item in whole["output"]:
        check_message(item)


def check_message(item: dict[str, Any]) -> None:
    assert (item["type"], item["role"]) == ("message", "assistant")
    assert item["id"] and item["status"] in ("in_progress", "completed")
    for part in item["content"]:
        assert part["type"] == "output_text" and isinstance(part["text"], str)
        assert isinstance(part["annotations"], list) and isinstance(part["logprobs"], list)
        for one in part["annotations"]:
            assert one["type"] == "file_citation"
            assert isinstance(one["file_id"], str) and isinstance(one["filename"], str)
            assert isinstance(one["index"], int)


def text_of(whole: dict[str, Any]) -> str:
    return str(whole["output"][0]["content"][0]["text"])


@pytest.mark.parametrize(
    "given", [QUESTION, [said(QUESTION)], [{"role": "user", "content": QUESTION}]]
)
def test_basic_text(service: Running, given: Any) -> None:
    whole = respond(service, input=given)
    assert text_of(whole) == ANSWER
    assert whole["usage"]["total_tokens"] > whole["usage"]["output_tokens"] == 5


def test_streaming_events_come_in_order(service: Running) -> None:
    body = {"model": "reread", "input": [said(QUESTION)], "stream": True}
    with service.client.stream("POST", "/v1/responses", json=body) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        blocks = [one for one in response.read().decode().split("\n\n") if one]
    assert blocks.pop() == "data: [DONE]"
    told = []
    for block in blocks:
        named, data = block.split("\n")
        told.append(json.loads(data.removeprefix("data: ")))
        assert named == f"event: {told[-1]['type']}"  # and no `id:` line
    assert [one["sequence_number"] for one in told] == list(range(len(told)))
    kinds = [one["type"].removeprefix("response.") for one in told]
    deltas = [one for one in told if one["type"] == "response.output_text.delta"]
    assert kinds[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert kinds[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
    assert "".join(one["delta"] for one in deltas) == ANSWER == told[-4]["text"]
    assert all(one["logprobs"] == [] for one in deltas)
    begun = told[0]["response"]
    check(begun)
    assert (begun["status"], begun["output"]) == ("in_progress", [])
    assert begun["completed_at"] is begun["usage"] is None and told[1]["response"] == begun
    added, final = told[2]["item"], told[-1]["response"]
    assert (added["status"], added["content"]) == ("in_progress", [])
    check(final)
    assert final["output"] == [told[-2]["item"]] and final["status"] == "completed"
    places = {(one.get("item_id"), one.get("content_index")) for one in deltas}
    assert places == {(added["id"], 0)}


def test_annotations_of_a_stream_are_numbered_as_the_finished_message_has_them(
    service: Running,
) -> None:
    whole = respond(service, input=QUESTION)
    part = whole["output"][0]["content"][0]
    [cited] = part["annotations"]
    part["annotations"] = [cited, {**cited, "file_id": "p7"}, {**cited, "file_id": "p9"}]

    async def streamed() -> list[dict[str, Any]]:
        blocks = [block.decode().split("\n") async for block in events(whole)]
        return [json.loads(lines[1].removeprefix("data: ")) for lines in blocks[:-1]]

    added = [
        (one["annotation_index"], one["annotation"])
        for one in asyncio.run(streamed())
        if one["type"] == "response.output_text.annotation.added"
    ]
    assert added == list(enumerate(part["annotations"]))


def test_a_system_prompt_and_instructions_are_taken_and_change_nothing(service: Running) -> None:
    """A reader takes no instructions; a client that always sends some must go on working."""
    for role in ("system", "developer"):
        assert (
            text_of(respond(service, input=[said("Be a pirate.", role), said(QUESTION)])) == ANSWER
        )
    whole = respond(
        service, input=QUESTION, instructions="Be a pirate.", user="ada", temperature=0.3
    )
    assert (text_of(whole), whole["instructions"], whole["user"]) == (ANSWER, "Be a pirate.", "ada")


def test_several_turns_are_a_conversation(service: Running) -> None:
    """The echo reader counts the words of earlier questions too: town 5's passage wins."""
    turns = [said("town 5"), said("Town 5 of edition 1", "assistant"), said("wells")]
    assert text_of(respond(service, input=turns)) == "Town 5 of edition 1"
    parts = [
        said([{"type": "input_text", "text": "town 5"}]),
        said([{"type": "output_text", "text": "Town 5.", "annotations": []}], "assistant"),
        said([{"type": "input_text", "text": "wells"}]),
    ]
    assert text_of(respond(service, input=parts)) == "Town 5 of edition 1"


def test_a_tool_that_may_be_called_is_not_and_none_is_said_to_have_been_there(
    service: Running,
) -> None:
    """Defect: the tools came back as sent, though `tools` are those that the model had."""
    for choice in ({}, {"tool_choice": "auto"}, {"tool_choice": "none"}):
        whole = respond(service, input=[said(QUESTION)], tools=[TOOL], **choice)
        assert text_of(whole) == ANSWER
        assert whole["tools"] == []
    calls = [
        said(QUESTION),
        {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "cold"},
    ]
    assert text_of(respond(service, input=calls)) == ANSWER


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "get_weather"}])
def test_a_tool_that_must_be_called_is_refused(service: Running, choice: Any) -> None:
    sentence = refused(service, input=QUESTION, tools=[TOOL], tool_choice=choice)
    assert sentence == "tool_choice asks for a tool; this service calls none, leave it out."


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
        {"type": "input_file", "filename": "a.pdf", "file_data": "JVBERi0="},
    ],
)
def test_an_image_or_a_file_is_refused_and_not_passed_over(
    service: Running, part: dict[str, Any]
) -> None:
    asked = said([{"type": "input_text", "text": QUESTION}, part])
    sentence = refused(service, input=[asked])
    assert (
        sentence == f"input.0.content has a part of type {part['type']!r}; only text can be read."
    )


def test_an_input_without_a_question_is_refused(service: Running) -> None:
    assert "has the role user" in refused(service, input=[])
    assert "has the role user" in refused(service, input=[said("Be brief.", "system")])
