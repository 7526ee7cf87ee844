"""Every failure as RFC 9457 problem details with a sentence that says what to do.

Knows how errors map to statuses; does not know which route raised them.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from reread.errors import BadRequest, NotFound, RereadError
from service.http.rates import TooOften

logger = logging.getLogger(__name__)
RETRY_AFTER_S = 2
KINDS = "urn:reread:problem:"
INTERNAL = f"{KINDS}internal-error"
ABOUT_STATUS = "about:blank"  # its status says all that there is to say
METHODS = ("get", "put", "post", "delete")  # that a route may take
PLACES = ("body", "query", "path", "header")


class Problem(JSONResponse):
    media_type = "application/problem+json"

    def render(self, content: object) -> bytes:
        return json.dumps(content).encode("ascii")  # escaped: a lone surrogate cannot break it


def kind_of(kind: type[RereadError]) -> str:
    """The type of its problems, by its name."""
    return KINDS + re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def problem_of(error: Exception, request_id: str, instance: str) -> dict[str, Any]:
    """The problem details of any exception; an unexpected one keeps its text to itself."""
    if isinstance(error, RereadError):
        kind = kind_of(type(error))
        status, title, detail = error.status, error.title, str(error)
    else:
        kind, status, title = INTERNAL, 500, "Internal error"
        detail = f"The service failed; its log has the reason under request id {request_id}."
    body: dict[str, Any] = {
        "type": kind,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }
    if instance.startswith("/v1/"):  # where OpenAI's clients look for the sentence
        whose = "server_error" if status >= 500 else "invalid_request_error"
        body["error"] = {
            "message": detail,
            "type": whose,
            "param": None,
            "code": kind.rpartition(":")[2],
        }
    return body


def error_response(error: Exception, request_id: str, instance: str) -> Problem:
    body = problem_of(error, request_id, instance)
    if body["status"] >= 500 and body["status"] != 503:
        logger.error("request %s failed", request_id, exc_info=error)
    headers = headers_of(body["status"])
    if isinstance(error, TooOften):
        headers["Retry-After"] = str(error.retry_after_s)
    return Problem(body, body["status"], headers=headers)


def headers_of(status: int) -> dict[str, str]:
    """What a client needs beside the sentence: when to return, how to identify itself."""
    if status in (429, 503):
        return {"Retry-After": str(RETRY_AFTER_S)}
    return {"WWW-Authenticate": "Bearer"} if status == 401 else {}


def invalid(errors: Sequence[Mapping[str, Any]]) -> BadRequest:
    """One sentence of what pydantic found, naming each place."""
    return BadRequest("; ".join(_sentence(one) for one in errors[:5]).rstrip(".") + ".")


def invalid_item(error: ValidationError) -> BadRequest:
    return invalid(error.errors(include_url=False, include_input=False))


def _sentence(error: Mapping[str, Any]) -> str:
    kind = error["type"]
    loc = error["loc"][1:] if error["loc"][:1] and error["loc"][0] in PLACES else error["loc"]
    where = ".".join(str(one) for one in loc)[:100]
    if kind == "json_invalid":
        return f"the body is not JSON ({error['ctx']['error']} at character {error['loc'][-1]})"
    if kind == "extra_forbidden":
        return f"{where!r} is not a known name here; remove it or mind its spelling"
    if kind == "missing":
        return f"{where or 'the body'} is missing; give it as JSON"
    return f"{where or 'the body'}: {str(error['msg']).removeprefix('Value error, ')}"


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""
    app.add_exception_handler(RereadError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_error(request: Request, error: Exception) -> Problem:
    return error_response(error, request.state.request_id, request.url.path)


async def _on_invalid(request: Request, error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes):  # FastAPI leaves a body alone that is not called JSON
        error = WrongMediaType(
            f"The body came as {request.headers.get('content-type', 'no type at all')!r}; "
            "send JSON with the header Content-Type: application/json."
        )
        return error_response(error, request.state.request_id, request.url.path)
    return error_response(invalid(error.errors()), request.state.request_id, request.url.path)


class WrongMediaType(RereadError):
    status = 415
    title = "The body is not JSON"


async def _on_http(request: Request, error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    request_id, path = request.state.request_id, request.url.path
    if error.status_code == 400:  # FastAPI could not parse the body: as unfit as an invalid one
        sentence = f"The body of {path} could not be read as JSON; send UTF-8, not nested deeply."
        return error_response(BadRequest(sentence), request_id, path)
    body = problem_of(NotFound(""), request_id, path)
    body["type"] = ABOUT_STATUS
    body["title"] = HTTPStatus(error.status_code).phrase
    body["status"] = error.status_code
    body["detail"] = _http_sentence(request, error)
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := _methods_of(request)):
        headers["Allow"] = methods
    return Problem(body, error.status_code, headers=headers)


def _methods_of(request: Request) -> str:
    """All that the path takes; the framework names those of the first route that has the path."""
    path = getattr(request.scope.get("route"), "path_format", "")
    described: Mapping[str, object] = request.app.openapi()["paths"].get(path, {})
    return ", ".join(sorted(one.upper() for one in described if one in METHODS))


def _http_sentence(request: Request, error: HTTPException) -> str:
    method, path = request.method, request.url.path
    return {
        404: f"There is no {path}; /openapi.json lists what there is.",
        405: f"{path} does not take {method}; /openapi.json lists what it takes.",
    }.get(error.status_code, str(error.detail))
