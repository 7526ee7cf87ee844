"""The client, waiting (`Client`) and to be awaited (`AsyncClient`), over one HTTP connection pool.

Knows httpx2; what is sent and what comes back is in calls.py. Raises ServiceProblem.
"""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

import httpx2

from reread.client import calls
from reread.client.calls import Call, ServiceProblem, problem_of
from reread.client.values import Answer, Found, Progress, Relevance, answer_of

Result = TypeVar("Result")
DEFAULT_URL = "http://127.0.0.1:8765"
TIMEOUT_S = 120.0  # an answer may wait a minute for the reader
Turns = Sequence[tuple[str, str]]  # (question, answer), oldest first
Own = Sequence[Mapping[str, str]] | None  # {"title", "text"} each


class Client:
    """Waits for every response; threads may share one."""

    def __init__(
        self, url: str = DEFAULT_URL, key: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.url = url
        self._http = httpx2.Client(base_url=url, timeout=timeout_s, headers=_headers(key))

    def ask(
        self, question: str, *, top_k: int | None = None, passages: Own = None, history: Turns = ()
    ) -> Answer:
        return self.send(calls.ask(calls.question_body(question, top_k, passages, history)))

    def ask_all(
        self, questions: Sequence[str], *, top_k: int | None = None
    ) -> list[Answer | ServiceProblem]:
        """In order, from one generation; a question that failed has its problem in its place."""
        return self.send(calls.ask_all(questions, top_k))

    def stream(
        self, question: str, *, top_k: int | None = None, passages: Own = None, history: Turns = ()
    ) -> Iterator[str | Answer]:
        """The answer's pieces as they are read, and the whole of it last."""
        body = {**calls.question_body(question, top_k, passages, history), "stream": True}
        try:
            with self._http.stream("POST", "/answer", json=body) as response:
                if response.status_code >= 400:
                    response.read()
                    raise _problem(response)
                yield from _pieces(_events(response.iter_lines()))
        except httpx2.TransportError as error:
            raise _absent(self.url, error) from error

    def search(self, question: str, *, top_k: int | None = None) -> tuple[Found, ...]:
        return self.send(calls.search(question, top_k))

    def relevance(
        self,
        question: str,
        *,
        top_k: int | None = None,
        passages: Own = None,
        history: Turns = (),
        aggregation: str = "mean",
        tokens: bool = False,
    ) -> Relevance:
        body = calls.question_body(question, top_k, passages, history)
        return self.send(calls.relevance(body, aggregation, tokens))

    def feedback(
        self,
        answer_id: str,
        verdict: str,
        *,
        answer: str | None = None,
        passage_ids: Sequence[str] | None = None,
    ) -> None:
        """Verdict: correct, wrong or partial; durable on return."""
        self.send(calls.feedback(answer_id, verdict, answer, passage_ids))

    def retrain(self, **params: Any) -> Progress:
        """Admin key. Joins the run that is queued or running, where there is one."""
        return self.send(calls.retrain(params))

    def job(self, job_id: str) -> Progress:
        return self.send(calls.job(job_id))

    def generations(self) -> list[dict[str, Any]]:
        return self.send(calls.generations())

    def activate(self, number: int) -> None:
        self.send(calls.activate(number))

    def info(self) -> dict[str, Any]:
        return self.send(calls.info())

    def send(self, call: Call[Result]) -> Result:
        """Any call of calls.py."""
        try:
            response = self._http.request(
                call.method, call.path, json=call.json, params=call.params
            )
        except httpx2.TransportError as error:
            raise _absent(self.url, error) from error
        return _parsed(call, response)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient:
    """The same, to be awaited."""

    def __init__(
        self, url: str = DEFAULT_URL, key: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.url = url
        self._http = httpx2.AsyncClient(base_url=url, timeout=timeout_s, headers=_headers(key))

    async def ask(
        self, question: str, *, top_k: int | None = None, passages: Own = None, history: Turns = ()
    ) -> Answer:
        body = calls.question_body(question, top_k, passages, history)
        return await self.send(calls.ask(body))

    async def ask_all(
        self, questions: Sequence[str], *, top_k: int | None = None
    ) -> list[Answer | ServiceProblem]:
        return await self.send(calls.ask_all(questions, top_k))

    async def stream(
        self, question: str, *, top_k: int | None = None, passages: Own = None, history: Turns = ()
    ) -> AsyncIterator[str | Answer]:
        body = {**calls.question_body(question, top_k, passages, history), "stream": True}
        try:
            async with self._http.stream("POST", "/answer", json=body) as response:
                if response.status_code >= 400:
                    await response.aread()
                    raise _problem(response)
                lines: list[str] = []
                async for line in response.aiter_lines():
                    lines.append(line)
                    if line == "":
                        for piece in _pieces(_events(lines)):
                            yield piece
                        lines = []
        except httpx2.TransportError as error:
            raise _absent(self.url, error) from error

    async def search(self, question: str, *, top_k: int | None = None) -> tuple[Found, ...]:
        return await self.send(calls.search(question, top_k))

    async def relevance(
        self,
        question: str,
        *,
        top_k: int | None = None,
        passages: Own = None,
        history: Turns = (),
        aggregation: str = "mean",
        tokens: bool = False,
    ) -> Relevance:
        body = calls.question_body(question, top_k, passages, history)
        return await self.send(calls.relevance(body, aggregation, tokens))

    async def feedback(
        self,
        answer_id: str,
        verdict: str,
        *,
        answer: str | None = None,
        passage_ids: Sequence[str] | None = None,
    ) -> None:
        await self.send(calls.feedback(answer_id, verdict, answer, passage_ids))

    async def retrain(self, **params: Any) -> Progress:
        return await self.send(calls.retrain(params))

    async def job(self, job_id: str) -> Progress:
        return await self.send(calls.job(job_id))

    async def generations(self) -> list[dict[str, Any]]:
        return await self.send(calls.generations())

    async def activate(self, number: int) -> None:
        await self.send(calls.activate(number))

    async def info(self) -> dict[str, Any]:
        return await self.send(calls.info())

    async def send(self, call: Call[Result]) -> Result:
        try:
            response = await self._http.request(
                call.method, call.path, json=call.json, params=call.params
            )
        except httpx2.TransportError as error:
            raise _absent(self.url, error) from error
        return _parsed(call, response)

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def _headers(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def _absent(url: str, error: Exception) -> ServiceProblem:
    return ServiceProblem(f"No service answers at {url} ({error}); start one with `reread serve`.")


def _parsed(call: Call[Result], response: httpx2.Response) -> Result:
    if response.status_code >= 400:
        raise _problem(response)
    return call.parse(response.json())


def _problem(response: httpx2.Response) -> ServiceProblem:
    try:
        body = response.json()
    except ValueError:
        body = None
    return problem_of(response.status_code, body)


def _events(lines: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Server-sent events as (name, data)."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def _pieces(events: Iterable[tuple[str, Any]]) -> Iterator[str | Answer]:
    for name, body in events:
        if name == "token":
            yield body["text"]
        elif name == "done":
            yield answer_of(body)
        elif name == "error":
            raise problem_of(body["status"], body)
