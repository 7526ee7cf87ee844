"""`reread mcp`: the tools ask, search and relevance over stdio, for a program that starts it.

Passes every question on to the running service of the home; loads no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from command.asking import address_of, key_of
from command.options import HomeOption, UrlOption, settings_from

if TYPE_CHECKING:
    from reread.client import AsyncClient


def add_commands(app: typer.Typer) -> None:
    app.command()(mcp)


def mcp(home: HomeOption = None, url: UrlOption = None) -> None:
    """Serve the Model Context Protocol over stdio; the HTTP one is at /mcp of the service."""
    from reread.client import AsyncClient
    from service.routes.tools import tools_over

    settings = settings_from(home=home)
    client = AsyncClient(url or address_of(settings), key_of(settings))
    tools_over(ClientDesk(client)).run("stdio")


class ClientDesk:
    """The tools' desk at the end of an HTTP connection: responses as they come."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def ask(
        self, question: str, top_k: int | None, history: Sequence[tuple[str, str]]
    ) -> dict[str, Any]:
        from reread.client.calls import Call, question_body

        body = question_body(question, top_k, None, history)
        return await self._client.send(Call("POST", "/answer", dict, body))

    async def search(self, question: str, top_k: int | None) -> dict[str, Any]:
        from reread.client.calls import Call

        params = {"q": question} | ({} if top_k is None else {"top_k": top_k})
        return await self._client.send(Call("GET", "/search", dict, params=params))

    async def relevance(self, question: str, passages: Sequence[str] | None) -> dict[str, Any]:
        from reread.client.calls import Call, question_body

        own = None if passages is None else [{"text": text} for text in passages]
        body = question_body(question, None, own, ())
        return await self._client.send(Call("POST", "/relevance", dict, body))
