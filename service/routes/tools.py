"""The tools ask, search and relevance as a server of the Model Context Protocol.

Made from anything that can ask, so that the same tools run over HTTP at /mcp and over stdio
(`reread mcp`). Importing this loads the protocol's library, a second of the processor's.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations

from reread.errors import RereadError

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False, idempotent_hint=True)
INSTRUCTIONS = (
    "Answers questions from one collection of documents. `ask` reads the best passages and says "
    "where its answer stands; where `found` is false the documents hold no answer."
)
UNCHECKED = TransportSecuritySettings(  # Host and Origin: http/hosts.py has looked at them
    enable_dns_rebinding_protection=False
)
Body = dict[str, Any]


class Desk(Protocol):
    """What the tools need: each returns what the HTTP route of its name does."""

    async def ask(
        self, question: str, top_k: int | None, history: Sequence[tuple[str, str]]
    ) -> Body: ...
    async def search(self, question: str, top_k: int | None) -> Body: ...
    async def relevance(self, question: str, passages: Sequence[str] | None) -> Body: ...


def tools_over(desk: Desk) -> MCPServer[Any]:
    """A server with the three tools; a problem's sentence is the tool's error."""
    server: MCPServer[Any] = MCPServer(
        "reread", title="Reread", instructions=INSTRUCTIONS, log_level="WARNING"
    )

    async def ask(
        question: str, top_k: int | None = None, history: list[tuple[str, str]] | None = None
    ) -> Body:
        """Answer a question from the documents; `history` is earlier (question, answer) pairs."""
        return await _said(lambda: desk.ask(question, top_k, history or []))

    async def search(question: str, top_k: int | None = None) -> Body:
        """The passages that fit a question best, best first, without reading them."""
        return await _said(lambda: desk.search(question, top_k))

    async def relevance(question: str, passages: list[str] | None = None) -> Body:
        """How much the reader leans on each passage (yours, or those retrieved) to answer."""
        return await _said(lambda: desk.relevance(question, passages))

    for tool, title in (
        (ask, "Ask the documents"),
        (search, "Search the documents"),
        (relevance, "Weigh passages for a question"),
    ):
        server.add_tool(tool, title=title, annotations=READS, structured_output=True)
    return server


async def _said(ask: Callable[[], Any]) -> Body:
    try:
        body: Body = await ask()
    except RereadError as error:
        raise ToolError(str(error)) from error
    return body
