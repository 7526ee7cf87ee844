"""Each request the client can make: what is sent, and how the response becomes a value.

Knows the HTTP contract; does not know whether anybody waits or awaits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from reread.client.values import (
    Answer,
    Found,
    Progress,
    Relevance,
    answer_of,
    found_of,
    progress_of,
    relevance_of,
)
from reread.errors import RereadError

Result = TypeVar("Result")


class ServiceProblem(RereadError):
    """The service said no, or did not answer; `status` is its HTTP status, 503 without one."""

    title = "The service said no"

    def __init__(self, sentence: str, status: int = 503) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    method: str
    path: str
    parse: Callable[[Any], Result]
    json: Mapping[str, Any] | None = None
    params: Mapping[str, Any] | None = None


def question_body(
    question: str,
    top_k: int | None,
    passages: Sequence[Mapping[str, str]] | None,
    history: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """What /answer and /relevance both take; names that say nothing are left out."""
    given: dict[str, Any] = {"question": question, "top_k": top_k}
    given["passages"] = None if passages is None else [dict(one) for one in passages]
    if history:
        given["history"] = [{"question": asked, "answer": said} for asked, said in history]
    return {name: kept for name, kept in given.items() if kept is not None}


def ask(body: dict[str, Any]) -> Call[Answer]:
    return Call("POST", "/answer", answer_of, body)


def ask_all(questions: Sequence[str], top_k: int | None) -> Call[list[Answer | ServiceProblem]]:
    body: dict[str, Any] = {"questions": list(questions)}
    if top_k is not None:
        body["top_k"] = top_k
    return Call("POST", "/answer/batch", lambda said: [_end(one) for one in said["answers"]], body)


def relevance(body: dict[str, Any], aggregation: str, tokens: bool) -> Call[Relevance]:
    body = {**body, "aggregation": aggregation, "tokens": tokens}
    return Call("POST", "/relevance", relevance_of, body)


def search(question: str, top_k: int | None) -> Call[tuple[Found, ...]]:
    params = {"q": question} | ({} if top_k is None else {"top_k": top_k})
    return Call("GET", "/search", found_of, params=params)


def feedback(
    answer_id: str, verdict: str, answer: str | None, passage_ids: Sequence[str] | None
) -> Call[None]:
    body: dict[str, Any] = {"answer_id": answer_id, "verdict": verdict}
    if answer is not None:
        body["answer"] = answer
    if passage_ids is not None:
        body["passage_ids"] = list(passage_ids)
    return Call("POST", "/feedback", lambda _: None, body)


def retrain(params: Mapping[str, Any]) -> Call[Progress]:
    return Call("POST", "/admin/retrain", progress_of, params)


def job(job_id: str) -> Call[Progress]:
    return Call("GET", f"/admin/jobs/{job_id}", progress_of)


def generations() -> Call[list[dict[str, Any]]]:
    return Call("GET", "/admin/generations", lambda body: list(body["generations"]))


def activate(number: int) -> Call[None]:
    return Call("POST", f"/admin/generations/{number}/activate", lambda _: None)


def info() -> Call[dict[str, Any]]:
    return Call("GET", "/info", dict)


def problem_of(status: int, body: object) -> ServiceProblem:
    """The sentence of problem details, or what can be said without them."""
    if isinstance(body, dict) and "detail" in body:
        return ServiceProblem(f"{body.get('title')}: {body['detail']} (status {status})", status)
    return ServiceProblem(f"The service answered with status {status}.", status)


def _end(one: dict[str, Any]) -> Answer | ServiceProblem:
    return answer_of(one) if "answer" in one else problem_of(one["status"], one)
