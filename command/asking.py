"""`reread ask`: questions to the running service, shown with their passages."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from command.conversation import Conversation, ask_each, converse
from command.options import HomeOption, JsonOption, UrlOption, settings_from
from command.settings import Settings
from command.terminal.answers import show_answer
from command.terminal.console import make_console
from reread.errors import RereadError
from reread.home import Home
from reread.service_address import running_service

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 120.0


class ServiceSaid(RereadError):
    """The service answered with a problem, or not at all."""


def add_commands(app: typer.Typer) -> None:
    app.command()(ask)


def ask(
    question: Annotated[
        str | None,
        typer.Argument(help="The question; without one a conversation, or a pipe's lines."),
    ] = None,
    home: HomeOption = None,
    top_k: Annotated[int | None, typer.Option(help="Passages to read.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Ask the running service a question, hold a conversation, or answer a pipe line by line."""
    settings = settings_from(home=home)
    send = partial(post, settings, url or address_of(settings))
    options = {} if top_k is None else {"top_k": top_k}
    console = make_console()

    def show(body: dict[str, Any], indent: int | None = None) -> None:
        if as_json:
            typer.echo(json.dumps(body, ensure_ascii=False, indent=indent))
        else:
            show_answer(console, body)

    def answer(question: str) -> dict[str, Any]:
        return send("/answer", {"question": question, **options})

    if question is not None:
        show(answer(question), indent=1)
    elif sys.stdin.isatty() and not as_json:
        history = Home(settings.home).ask_history_file
        converse(Conversation(send, console, top_k), console, history)
    else:
        refuse = make_console(stderr=True).print
        refused = ask_each(sys.stdin, answer, show, partial(refuse, style="red", markup=False))
        if refused:
            raise ServiceSaid(f"{refused} questions were not answered; the others were.")


def post(settings: Settings, url: str | None, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST to the service of these settings; raises ServiceSaid with its sentence."""
    return call(settings, url, "POST", path, body)


def call(
    settings: Settings, url: str | None, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One JSON request with this home's key."""
    import httpx2

    base = url or address_of(settings)
    try:
        response = httpx2.request(
            method, base + path, json=body, timeout=TIMEOUT_S, headers=key_header(settings)
        )
    except httpx2.TransportError as error:
        raise ServiceSaid(
            f"No service answers at {base} ({error}); start one with `reread serve`."
        ) from error
    if response.status_code >= 400:
        raise ServiceSaid(problem_sentence(response))
    result: dict[str, Any] = response.json()
    return result


def problem_sentence(response: httpx2.Response) -> str:
    """The sentence of a problem response, with its status."""
    try:
        problem = response.json()
        return f"{problem.get('title')}: {problem.get('detail')} (status {response.status_code})"
    except ValueError:
        return f"The service answered with status {response.status_code}."


def key_header(settings: Settings) -> dict[str, str]:
    key = key_of(settings)
    return {"Authorization": f"Bearer {key}"} if key else {}


def key_of(settings: Settings) -> str | None:
    """The admin key of the settings or of the home, where there is one; it may also query."""
    kept = Home(settings.home).admin_key_file
    service = settings.service
    key = service.admin_key or next(iter(service.query_keys), None)
    if key is None and kept.exists():
        try:
            key = kept.read_text(encoding="utf-8").strip()
        except PermissionError:
            return None
    return key


def address_of(settings: Settings) -> str:
    """Where this home's service listens, as it wrote down; never where another home's does."""
    found = running_service(Home(settings.home))
    if found is None:
        raise ServiceSaid(
            f"No service of {settings.home} is running: start one with "
            f"`reread serve --home {settings.home}`, or name one with --url."
        )
    return found
