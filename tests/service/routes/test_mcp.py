"""The official MCP client, unmodified, over Streamable HTTP."""

import asyncio
from typing import Any

import pytest
from mcp import Client

from tests.worlds.serving import Running


def called(service: Running, name: str, arguments: dict[str, Any], mode: str = "auto") -> Any:
    async def talk() -> Any:
        async with Client(f"{service.url}/mcp", mode=mode) as client:
            return await client.call_tool(name, arguments)

    return asyncio.run(talk())


def test_the_tools_say_what_they_are(service: Running) -> None:
    async def talk() -> Any:
        async with Client(f"{service.url}/mcp") as client:
            return (await client.list_tools()).tools

    tools = {one.name: one for one in asyncio.run(talk())}
    assert sorted(tools) == ["ask", "relevance", "search"]
    assert tools["ask"].title == "Ask the documents"
    assert all(one.annotations.read_only_hint for one in tools.values())
    assert tools["ask"].input_schema["required"] == ["question"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_ask_answers_as_the_route_does(service: Running, mode: str) -> None:
    said = called(service, "ask", {"question": "wells of town 3", "top_k": 2}, mode)
    assert not said.is_error
    body = said.structured_content
    assert (body["answer"], body["found"], body["generation"]) == ("Town 3 of edition 1", True, 1)
    assert [one["id"] for one in body["passages"]] == ["p3", "p0"]
    assert service.client.get(f"/relevance/{body['id']}").status_code == 200
    history = [["town 5", "x"]]
    again = called(service, "ask", {"question": "wells", "history": history}, mode)
    assert again.structured_content["answer"] == "Town 5 of edition 1"


def test_search_and_relevance(service: Running) -> None:
    found = called(service, "search", {"question": "town 7", "top_k": 1}).structured_content
    assert [one["id"] for one in found["passages"]] == ["p7"]
    weighed = called(
        service, "relevance", {"question": "deep wells", "passages": ["hills", "deep wells"]}
    ).structured_content
    assert [one["attention"] for one in weighed["passages"]] == [0.0, 2.0]


def test_a_problem_is_the_tools_error(service: Running) -> None:
    said = called(service, "ask", {"question": " "})
    assert said.is_error and "1 to 2000 characters" in said.content[0].text
