"""MCP: the tools ask, search and relevance for whoever speaks the Model Context Protocol.

`tools_over` makes the server from anything that can ask, so that the same tools run over HTTP at
/mcp and over stdio (`reread mcp`). Every request is whole: there are no sessions.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from reread.errors import RereadError
from service.answering.asked import Asked
from service.answering.pipeline import Pipeline
from service.http.bodies import answer_body, relevance_body, search_body
from service.http.parts import ServiceParts
from service.http.problems import error_response
from service.http.security import bearer_of

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


class PipelineDesk:
    """The tools' desk in the service itself."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def ask(
        self, question: str, top_k: int | None, history: Sequence[tuple[str, str]]
    ) -> Body:
        asked = Asked.checked(question, top_k=top_k, history=history)
        return answer_body(await self._pipeline.answer(asked)).model_dump()

    async def search(self, question: str, top_k: int | None) -> Body:
        asked = Asked.checked(question, top_k=top_k)
        return search_body(await self._pipeline.material(asked)).model_dump()

    async def relevance(self, question: str, passages: Sequence[str] | None) -> Body:
        own = None if passages is None else [("", text) for text in passages]
        asked = Asked.checked(question, own=own)
        material, reading = await self._pipeline.relevance(asked, "mean", False)
        reader = self._pipeline.reader_name
        return relevance_body(material, reading, "mean", reader).model_dump(exclude_unset=True)


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


class McpEndpoint:
    """ASGI: one request of the protocol, behind the same keys as questions over HTTP."""

    def __init__(self, parts: ServiceParts) -> None:
        self._parts = parts
        self._server = tools_over(PipelineDesk(parts.pipeline))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._parts.keys.require_query(bearer_of(Headers(scope=scope)))
        except RereadError as error:
            response = error_response(error, scope["state"]["request_id"], scope["path"])
            await response(scope, receive, send)
            return
        app: ASGIApp = self._server.streamable_http_app(
            streamable_http_path=scope["path"], stateless_http=True, json_response=True,
            transport_security=UNCHECKED,
        )  # fmt: skip
        async with self._server.session_manager.run():  # its tasks end with the request
            await app(scope, receive, send)
