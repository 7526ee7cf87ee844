"""`reread mcp` as a process of its own, spoken to by the official client over stdio."""

import asyncio
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.worlds.fakes import Shelf, WordGeneration
from tests.worlds.serving import running


def test_the_tools_answer_over_stdio(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf, query_keys=("secret",)) as service:
        (service.home.root / "admin.key").write_text("admin-secret")
        command = ["-m", "command", "mcp", "--home", str(service.home.root), "--url", service.url]
        server = stdio_client(StdioServerParameters(command=sys.executable, args=command))

        async def talk() -> None:
            async with Client(server) as client:
                said = await client.call_tool("ask", {"question": "wells of town 3", "top_k": 1})
                assert said.structured_content["answer"] == "Town 3 of edition 1"
                found = await client.call_tool("search", {"question": "town 7", "top_k": 1})
                assert found.structured_content["passages"][0]["id"] == "p7"
                own = {"question": "deep wells", "passages": ["hills", "deep wells"]}
                weighed = await client.call_tool("relevance", own)
                scores = [one["attention"] for one in weighed.structured_content["passages"]]
                assert scores == [0.0, 2.0]
                wrong = await client.call_tool("ask", {"question": " "})
                assert wrong.is_error and "1 to 2000 characters" in wrong.content[0].text

        asyncio.run(talk())
