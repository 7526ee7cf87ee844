"""/mcp: the tools of `tools.py` over HTTP, for whoever speaks the Model Context Protocol.

Every request is whole: there are no sessions. The protocol's library is loaded with the first
request that has a key, because most services never get one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from reread.errors import RereadError
from reread.rights import Rights
from service.answering.asked import Asked
from service.answering.pipeline import Pipeline
from service.http.bodies import answer_body, relevance_body, search_body
from service.http.parts import ServiceParts
from service.http.problems import error_response
from service.http.security import bearer_of

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

Body = dict[str, Any]


class PipelineDesk:
    """The tools' desk in the service itself."""

    def __init__(self, pipeline: Pipeline, rights: Rights) -> None:
        self._pipeline, self._rights = pipeline, rights

    async def ask(
        self, question: str, top_k: int | None, history: Sequence[tuple[str, str]]
    ) -> Body:
        asked = Asked.checked(question, top_k=top_k, history=history).by(self._rights)
        return answer_body(await self._pipeline.answer(asked)).model_dump()

    async def search(self, question: str, top_k: int | None) -> Body:
        asked = Asked.checked(question, top_k=top_k).by(self._rights)
        return search_body(await self._pipeline.material(asked)).model_dump()

    async def relevance(self, question: str, passages: Sequence[str] | None) -> Body:
        own = None if passages is None else [("", text) for text in passages]
        asked = Asked.checked(question, own=own).by(self._rights)
        material, reading = await self._pipeline.relevance(asked, "mean", False)
        reader = self._pipeline.reader_of(material).name
        return relevance_body(material, reading, "mean", reader).model_dump(exclude_unset=True)


class McpEndpoint:
    """ASGI: one request of the protocol, behind the same keys as questions over HTTP."""

    def __init__(self, parts: ServiceParts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = bearer_of(Headers(scope=scope))
        try:
            self._parts.keys.require_query(key)
        except RereadError as error:
            response = error_response(error, scope["state"]["request_id"], scope["path"])
            await response(scope, receive, send)
            return
        rights = self._parts.keys.rights(key)
        server = await asyncio.to_thread(self._made, rights)
        from service.routes.tools import UNCHECKED

        app: ASGIApp = server.streamable_http_app(
            streamable_http_path=scope["path"], stateless_http=True, json_response=True,
            transport_security=UNCHECKED,
        )  # fmt: skip
        async with server.session_manager.run():  # its tasks end with the request
            await app(scope, receive, send)

    def _made(self, rights: Rights) -> MCPServer[Any]:
        """A server of one request: its tools see what its key may."""
        from service.routes.tools import tools_over

        return tools_over(PipelineDesk(self._parts.pipeline, rights))
