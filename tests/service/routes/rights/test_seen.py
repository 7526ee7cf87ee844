"""What a key sees of guarded documents: as much as it asked for, and no trace of the rest."""

import asyncio
import json

import httpx2
from mcp import Client

from reread.home import Home
from service.http.key_file import KeyFile
from tests.service.routes.rights.probes import (
    CANARY,
    QUESTION,
    TITLE,
    World,
    asked,
    ids_found,
)
from tests.worlds.serving import ADMIN, assert_problem, running, until


def test_a_near_copy_in_the_open_is_found_and_costs_no_place(
    home: Home, keys: dict[str, str]
) -> None:
    """Of two that say the same, each sees the best that he may see, and as many as he asked for."""
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys)
        assert "twin" in ids_found(world, "open", 3) and len(ids_found(world, "open", 8)) == 8
        for key, count in (("open", 0), ("hr", 1)):
            params = {"q": QUESTION, "top_k": 8}
            found = world.send(key, "GET", "/search", params=params).json()["passages"]
            [first] = [one for one in found if one["id"] in ("twin", "salaries")]
            assert (first["id"], first["copies"]) == ("salaries" if count else "twin", count)


def test_what_is_not_to_be_seen_is_as_if_it_were_not_there(
    home: Home, keys: dict[str, str]
) -> None:
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys)
        answer = world.send("hr", "POST", "/answer", **asked()).json()["id"]
        unknown = "0" * 32
        for path in ("/relevance/{}", "/documents/{}"):
            ids = (answer, unknown) if "relevance" in path else ("salaries", "nothing0")
            there, absent = (world.send("open", "GET", path.format(id)) for id in ids)
            assert there.status_code == absent.status_code == 404
            assert there.json()["detail"].replace(ids[0], ids[1]) == absent.json()["detail"]
        said = {"answer_id": answer, "verdict": "wrong"}
        assert_problem(world.send("open", "POST", "/feedback", json=said), 404, "no answer")
        assert world.send("hr", "POST", "/feedback", json=said).status_code == 200
        bodies = [
            {"input": "x", "previous_response_id": f"resp_{one}"} for one in (answer, unknown)
        ]
        followed = [world.send("open", "POST", "/v1/responses", json=one) for one in bodies]
        assert [one.status_code for one in followed] == [404, 404]
        assert world.send("hr", "POST", "/v1/responses", json=bodies[0]).status_code == 200
        there, absent = (one.json()["detail"] for one in followed)
        assert there.replace(answer, unknown) == absent
        after = world.send("open", "GET", "/documents", params={"after": "salaries"})
        assert_problem(after, 404, "There is no document")


def test_without_a_key_only_what_is_open_is_seen(home: Home) -> None:
    """A service without query keys answers whoever connects, and shows him no guarded document."""
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        for said in (
            service.client.post("/answer", **asked()).text,
            service.client.get("/search", params={"q": QUESTION, "top_k": 100}).text,
            service.client.get("/documents").text,
        ):
            assert "twin" in said and CANARY not in said and TITLE not in said
        assert CANARY in service.client.post("/answer", headers=ADMIN, **asked()).text


def test_a_running_service_follows_what_a_key_may_see(home: Home, keys: dict[str, str]) -> None:
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys)
        KeyFile(home.keys_file).relabel("open", ["hr"])
        assert "salaries" in ids_found(world, "open", 100)
        KeyFile(home.keys_file).relabel("open", [])
        assert "salaries" not in ids_found(world, "open", 100)


def test_the_tools_of_mcp_see_what_their_key_may(home: Home, keys: dict[str, str]) -> None:
    calls = [
        ("ask", {"question": QUESTION}),
        ("search", {"question": QUESTION, "top_k": 100}),
        ("relevance", {"question": QUESTION}),
    ]

    async def said(url: str, key: str) -> list[str]:
        from mcp.client.streamable_http import streamable_http_client

        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(f"{url}/mcp", http_client=http)
            async with Client(transport) as client:
                found = [await client.call_tool(name, sent) for name, sent in calls]
        return [json.dumps(one.structured_content) for one in found]

    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        for name, key in keys.items():
            for answer in asyncio.run(said(service.url, key)):
                assert (CANARY in answer) == (name == "hr")
